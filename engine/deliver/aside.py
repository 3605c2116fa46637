"""What cannot be worked with is set aside alone, so that nobody else's messages wait for it: a campaign whose stored
definition cannot be read, a row that makes planning fail.

A place that is set aside keeps its step and falls due no more. `retry` gives it back once it can be planned; it then
counts from the instant at which it was due, so that nothing goes out days late. Nothing of it is tried by itself:
planning is a pure function of what is stored, and fails again until somebody mends that.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from engine.deliver.definitions import Definitions
from engine.errors import RekindleError
from engine.model.action import Action, note
from engine.store import places
from engine.store.database import Database
from engine.store.facts import Facts
from engine.store.places import Key

log = logging.getLogger(__name__)

UNREADABLE = ValueError, TypeError, LookupError, ArithmeticError, AttributeError
"""What the row of one partner may make of planning; a database that fails is none of these."""
AT_ONCE = 500
MOST = 100_000


Wrong = tuple[Key, str]
"""A place that cannot be planned, and why."""


@dataclass(frozen=True, slots=True)
class Aside:
    """Places that were set aside: how many of a campaign, and why the first of them cannot be planned ("": it can)."""

    campaign: str
    number: int
    why: str


@dataclass(frozen=True, slots=True)
class Given:
    """What `retry` came to: places that were given back, and those that still cannot be planned."""

    back: int
    still: int


def workable(
    connection: Connection, definitions: Definitions, now: datetime, limit: int
) -> tuple[list[Facts], list[Wrong]]:
    """Up to `limit` places that have fallen due: those whose row can be read and whose campaign can be worked with and
    has the step at which they stand, and the others.
    """
    unread: list[Wrong] = []
    try:
        due = places.due(connection, now, limit)
    except UNREADABLE:
        unread = [(key, f"Its row cannot be read ({why}).") for key, why in places.unreadable(connection, now, limit)]
        places.put_aside(connection, [key for key, _ in unread])
        due = places.due(connection, now, limit - len(unread))
    known, wrong = definitions.readable(connection, {place.digest for place in due})
    found, aside = [], unread
    for place in due:
        definition = known.get(place.digest)
        if definition is not None and place.next_step in definition.steps:
            found.append(place)
        else:
            name = definition.campaign.id if definition else places.campaign_of(connection, place.enrollment_id)
            why = wrong.get(place.digest, "Its campaign has no such step.")
            aside.append(((place.enrollment_id, place.partner_id, name), why))
    return found, aside


def put_aside(connection: Connection, wrong: Sequence[Wrong]) -> None:
    """Set places aside in the transaction that was to plan them, and say so: once for each campaign and reason."""
    places.put_aside(connection, [key for key, _ in wrong])
    for (campaign, why), number in Counter((key[2], why) for key, why in wrong).items():
        said = f"{number} places of {campaign} were set aside: {why}"
        note(log, Action.SET_ASIDE, said, logging.ERROR, campaign=campaign, number=number)


def reason(error: Exception) -> str:
    """Why, in words that hold nothing of anybody: ours, or the kind of error."""
    return str(error) if isinstance(error, RekindleError) else f"Planning it fails with {type(error).__name__}."


def set_aside(connection: Connection, definitions: Definitions) -> list[Aside]:
    """All that is set aside, by campaign."""
    found = places.aside(connection, MOST)
    numbers = Counter(campaign for _, _, campaign in found)
    first = {campaign: (enrollment, partner) for enrollment, partner, campaign in reversed(found)}
    return [
        Aside(campaign, number, _due_at(connection, definitions, *first[campaign])[1])
        for campaign, number in sorted(numbers.items())
    ]


def retry(database: Database, definitions: Definitions, *, dry_run: bool = False) -> Given:
    """Give back every place that can be planned."""
    with database.read() as connection:
        found = places.aside(connection, MOST)
    back = 0
    for some in _batches(found):
        with database.begin() as connection:
            tried = [(key, _due_at(connection, definitions, *key[:2])[0]) for key in some]
            good = [(key[0], key[1], due_at) for key, due_at in tried if due_at is not None]
            if not dry_run:
                places.set_due(connection, good)
        back += len(good)
        database.let_others_write()
    return Given(back, len(found) - back)


def _due_at(
    connection: Connection, definitions: Definitions, enrollment_id: int, partner_id: int
) -> tuple[datetime | None, str]:
    """When a place is due by its calendar; None, and why, where that cannot be told."""
    try:
        place = places.one(connection, enrollment_id, partner_id)
        if place is None:
            return None, "It was stopped meanwhile."
        slots, here = definitions.get(connection, place.digest).stands(place)
        slot = slots[min(here, len(slots) - 1)]
        return slot.instant(place.start, place.timezone)[0], ""
    except (RekindleError, *UNREADABLE) as error:
        return None, reason(error)


def _batches(found: Sequence[Key]) -> Iterable[Sequence[Key]]:
    return (found[first : first + AT_ONCE] for first in range(0, len(found), AT_ONCE))
