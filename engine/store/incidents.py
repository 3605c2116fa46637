"""Incidents, one at a time for each thing, and what is still to be told of them: known to every process."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from engine.model.incident import Incident, IncidentKind, Way
from engine.store.operating_schema import UNENDED, incidents, tellings
from engine.store.portable import insert as insert_or

KEPT_FOR = timedelta(days=90)
"""So long an incident that is over is kept."""


def open_ones(connection: Connection) -> list[Incident]:
    """Those that last, oldest first."""
    found = connection.execute(select(incidents).where(UNENDED).order_by(incidents.c.id))
    return [incident for row in found if (incident := _made(row)) is not None]


def begin(
    connection: Connection, kind: IncidentKind, about: str, number: int, now: datetime, ways: Collection[Way]
) -> Incident | None:
    """Note that something is out of order, and that it is to be told by these ways; None when it is noted already."""
    values = {"kind": kind.value, "about": about[:100], "since": now, "number": number}
    statement = insert_or(incidents).values(values).on_conflict_do_nothing().returning(incidents.c.id)
    made: int | None = connection.execute(statement).scalar()
    if made is None:
        return None
    _tell(connection, made, False, ways, now)
    return Incident(made, kind, about, now, number)


def end(connection: Connection, incident: Incident, now: datetime, ways: Collection[Way]) -> bool:
    """Note that it is over, and is to be told by these ways; whether that is news.

    Where its beginning has not been told yet, its end says all there is to say.
    """
    statement = update(incidents).where(incidents.c.id == incident.id, UNENDED).values(ended_at=now)
    if connection.execute(statement).rowcount != 1:
        return False
    connection.execute(delete(tellings).where(tellings.c.incident_id == incident.id))
    _tell(connection, incident.id, True, ways, now)
    return True


def _tell(connection: Connection, number: int, ended: bool, ways: Collection[Way], now: datetime) -> None:
    if ways:
        rows = [{"incident_id": number, "ended": ended, "way": way.value, "due_at": now, "tries": 0} for way in ways]
        connection.execute(insert(tellings), rows)


@dataclass(frozen=True, slots=True)
class Telling:
    """One thing to tell, which nobody else tells before the lease on it runs out. `tries` counts this one."""

    incident: Incident
    ended: bool
    way: Way
    tries: int


def anything_to_tell(connection: Connection, now: datetime) -> bool:
    """Whether `claim` would find anything; takes no lock."""
    return connection.execute(select(tellings.c.way).where(tellings.c.due_at <= now).limit(1)).first() is not None


def claim(connection: Connection, now: datetime, lease: timedelta, limit: int = 20) -> list[Telling]:
    """Take what is due to be told, under a lease."""
    due = (
        select(tellings.c.ended, tellings.c.way, tellings.c.tries, *incidents.c)
        .join(incidents, incidents.c.id == tellings.c.incident_id)
        .where(tellings.c.due_at <= now)
        .order_by(tellings.c.due_at, incidents.c.id)
        .limit(limit)
    )
    taken = []
    for row in connection.execute(due).all():
        incident = _made(row)
        if incident is None or row.way not in set(Way):  # a newer version's: it is that one's to tell
            continue
        taken.append(Telling(incident, row.ended, Way(row.way), row.tries + 1))
        connection.execute(update(tellings).where(_is(taken[-1])).values(due_at=now + lease, tries=row.tries + 1))
    return taken


def settle(connection: Connection, told: Sequence[tuple[Telling, datetime | None]]) -> None:
    """Each is told or given up (None), or to be tried again at an instant."""
    for telling, again in told:
        if again is None:
            connection.execute(delete(tellings).where(_is(telling)))
        else:
            connection.execute(update(tellings).where(_is(telling)).values(due_at=again))


def forget(connection: Connection, now: datetime) -> None:
    """Drop those that have long been over."""
    connection.execute(delete(incidents).where(incidents.c.ended_at < now - KEPT_FOR))


def _is(telling: Telling) -> Any:
    return (
        (tellings.c.incident_id == telling.incident.id)
        & (tellings.c.ended == telling.ended)
        & (tellings.c.way == telling.way.value)
    )


def _made(row: Row[Any]) -> Incident | None:
    """None for a kind that this version does not know."""
    if row.kind not in set(IncidentKind):
        return None
    return Incident(row.id, IncidentKind(row.kind), row.about, row.since, row.number, row.ended_at)
