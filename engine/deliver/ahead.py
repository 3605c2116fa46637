"""What comes next for one partner: what of the forecast is theirs to see, and nothing of the other's."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice

from sqlalchemy import Connection

from engine.deliver.definitions import Definitions
from engine.deliver.forecast import Upcoming, schedule
from engine.errors import NotFound
from engine.model.campaign import Channel, StepPurpose
from engine.model.notice import NOTICES
from engine.store import preferences, signups

MOST_PLACES = 20  # a couple is in a campaign or two


@dataclass(frozen=True, slots=True)
class Ahead:
    """One message to come. `title` is its activity's, in the partner's language; None for one without an activity."""

    at: datetime
    timezone: str
    channel: Channel
    purpose: StepPurpose
    title: str | None
    campaign: str


def next_messages(connection: Connection, definitions: Definitions, partner_id: int, most: int = 3) -> list[Ahead]:
    """The next messages to a partner, by instant, as things stand; none when nothing is to come, or they are gone."""
    return [
        _ahead(connection, definitions, each) for each in islice(upcoming(connection, definitions, partner_id), most)
    ]


def upcoming(
    connection: Connection, definitions: Definitions, partner_id: int, until: date | None = None
) -> Iterator[Upcoming]:
    """All messages to come to a partner, by instant, as things stand; notices are no part of it."""
    try:
        person = preferences.of(connection, partner_id)
    except NotFound:
        return
    ref = signups.ref_of(connection, person.couple_id)
    for each in schedule(connection, definitions, until=until, couple=ref, limit=MOST_PLACES):
        theirs = each.who.partner_id == partner_id and each.skip is None
        if theirs and definitions.get(connection, each.who.digest).campaign.id != NOTICES:
            yield each


def _ahead(connection: Connection, definitions: Definitions, each: Upcoming) -> Ahead:
    campaign = definitions.get(connection, each.who.digest).campaign
    locale = each.who.locale
    activity = campaign.activities.get(each.activity or "")
    return Ahead(
        each.at,
        each.who.timezone,
        each.channel,
        campaign.step(each.step).purpose,
        None if activity is None else activity.text(locale).title,
        campaign.title_in(locale),
    )
