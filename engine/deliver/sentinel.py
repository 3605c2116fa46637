"""Whether anything is out of order: what is seen now, put beside the incidents that last.

An incident begins when its limit is passed and ends when things are well again, which is not the same: between the two
it stays as it was, so that nobody is told of every wobble.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from engine.model.incident import Incident, IncidentKind, Way
from engine.store import incidents
from engine.store.standing import Standing, standing


@dataclass(frozen=True, slots=True)
class Limits:
    """From when on something is out of order."""

    queue: timedelta = timedelta(minutes=30)
    doubt: timedelta = timedelta(hours=1)
    complaints: float = 0.001  # of the emails delivered in the last days
    least_delivered: int = 1_000  # with fewer than so many no share counts


@dataclass(frozen=True, slots=True)
class Reading:
    """One thing that is looked at: `number` says how many; neither `wrong` nor `well` leaves it as it was."""

    kind: IncidentKind
    about: str
    number: int
    wrong: bool
    well: bool


Ways = Mapping[IncidentKind, Sequence[Way]]
"""How each kind is told."""


def read(now: Standing, limits: Limits) -> list[Reading]:
    """What is seen. What is not among it is well."""
    queued = timedelta(seconds=now.queue_seconds)
    due = sum(now.due.values()) + now.places_due
    complained, delivered = now.complaints()
    share = complained / delivered if delivered else 0.0
    enough = delivered >= limits.least_delivered
    return [
        *(Reading(IncidentKind.SAFETY, str(number), 1, True, False) for number in now.alerts),
        *(
            # A provider that only asks to slow down has not failed. One that is being tried again may fail again.
            Reading(IncidentKind.BREAKER, name, each.failures, each.failures > 0 and each.open_until > now.at, False)
            for name, each in sorted(now.breakers.items())
        ),
        Reading(IncidentKind.DOUBT, "", now.doubts, now.doubts > 0, now.doubts == 0),
        Reading(IncidentKind.QUEUE, "", due, queued > limits.queue, queued <= limits.queue / 2),
        Reading(IncidentKind.ASIDE, "", now.aside, now.aside > 0, now.aside == 0),
        Reading(
            IncidentKind.COMPLAINTS,
            "",
            complained,
            enough and share > limits.complaints,
            share <= limits.complaints / 2 or not enough,
        ),
    ]


@dataclass(frozen=True, slots=True)
class Looked:
    """How things stand, and which incidents began or ended by this look."""

    standing: Standing
    began: Sequence[Incident] = ()
    ended: Sequence[Incident] = ()


def decide(seen: Sequence[Reading], lasting: Sequence[Incident]) -> tuple[list[Reading], list[Incident]]:
    """What begins, and which of those that last are over."""
    known = {(each.kind, each.about) for each in lasting}
    still = {(each.kind, each.about) for each in seen if not each.well}
    begins = [each for each in seen if each.wrong and (each.kind, each.about) not in known]
    return begins, [each for each in lasting if (each.kind, each.about) not in still]


def look(connection: Connection, now: datetime, limits: Limits, ways: Ways) -> Looked:
    """Look, and note what begins and what is over, in the caller's transaction: every process counts it once."""
    found = standing(connection, now, limits.doubt)
    begins, over = decide(read(found, limits), found.incidents)
    began = [incidents.begin(connection, each.kind, each.about, each.number, now, ways[each.kind]) for each in begins]
    ended = [each for each in over if incidents.end(connection, each, now, ways[each.kind])]
    if ended:
        incidents.forget(connection, now)
    return Looked(found, tuple(each for each in began if each is not None), tuple(ended))
