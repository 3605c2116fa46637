"""What is kept of a partner as a file for themselves, with campaigns and activities called as they know them."""

import json
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from engine.errors import NotFound
from engine.model.campaign import Campaign
from engine.model.notice import NOTICES
from engine.store import own_data
from engine.store.database import Transaction
from engine.store.vault import Vault

CampaignOf = Callable[[Transaction, str], Campaign]


def data_of(
    connection: Transaction, vault: Vault, campaign_of: CampaignOf, partner_id: int, locale: str
) -> dict[str, Any]:
    """It, by kind; see `store.own_data`. NotFound when there is no such partner."""
    data = own_data.of_partner(connection, vault, partner_id)
    for entry in (*data["campaigns"], *data["messages"], *data["feedback"]):
        campaign = _campaign(connection, campaign_of, entry.pop("digest"))
        if campaign is None or campaign.id == NOTICES:
            continue
        entry["campaign_title"] = campaign.title_in(locale)
        activity = campaign.activities.get(entry.get("activity") or "")
        if activity is not None:
            entry["title"] = activity.text(locale).title
    return data


def as_json(data: dict[str, Any]) -> str:
    """The same, to be read by machines: instants in UTC, days as they are written."""
    return json.dumps(data, ensure_ascii=False, indent=2, default=_plain)


def _campaign(connection: Transaction, campaign_of: CampaignOf, digest: str) -> Campaign | None:
    try:
        return campaign_of(connection, digest)
    except NotFound:
        return None


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not for JSON")
