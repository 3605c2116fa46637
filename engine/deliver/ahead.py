"""What comes next for one partner: what of the forecast is theirs to see, and nothing of the other's."""

from dataclasses import dataclass
from datetime import datetime
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
    try:
        person = preferences.of(connection, partner_id)
    except NotFound:
        return []
    ref = signups.ref_of(connection, person.couple_id)
    upcoming = schedule(connection, definitions, until=None, couple=ref, limit=MOST_PLACES)
    theirs = (each for each in upcoming if each.who.partner_id == partner_id and each.skip is None)
    found = (_ahead(connection, definitions, each, person.locale) for each in theirs)
    return list(islice((each for each in found if each is not None), most))


def _ahead(connection: Connection, definitions: Definitions, each: Upcoming, locale: str) -> Ahead | None:
    campaign = definitions.get(connection, each.who.digest).campaign
    if campaign.id == NOTICES:
        return None
    activity = campaign.activities.get(each.activity or "")
    return Ahead(
        each.at,
        each.who.timezone,
        each.channel,
        campaign.step(each.step).purpose,
        None if activity is None else activity.text(locale).title,
        campaign.title_in(locale),
    )
