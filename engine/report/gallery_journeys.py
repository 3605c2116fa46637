"""Who is in a gallery: each couple in each of its campaigns, with every delivery, and never an address."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import Connection, Row, select

from engine.define.digest import thaw
from engine.model.campaign import Campaign, Channel
from engine.model.delivery import MovedBecause
from engine.model.enrollment import EnrollmentStatus, StopReason
from engine.model.notice import NOTICES
from engine.report.deliveries import Line, lines
from engine.store import definitions
from engine.store.schema import couples, deliveries, enrollments, partners


@dataclass(frozen=True, slots=True)
class Side:
    """One partner as a page shows them, at `position` 1 or 2 for good."""

    position: int
    name: str
    timezone: str
    locale: str
    channel: Channel
    own_time: time
    days: frozenset[int] = frozenset()  # the weekdays they want messages on; none: any
    left: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A delivery and what its line leaves out. `due_at` is the step's own instant in UTC, before anything moved it."""

    id: int
    line: Line
    position: int
    occurrence: int
    due_at: datetime
    moved: MovedBecause | None
    cost: int = 0  # as estimated when it was handed over, in millionths of the currency


@dataclass(frozen=True, slots=True)
class Way:
    """A couple's enrollment: the pinned campaign, its local start date, and where it stands."""

    campaign: Campaign
    start: date
    status: EnrollmentStatus
    stopped: StopReason | None
    left_week: int | None = None  # see plan.finishing
    notices: Campaign | None = None  # what its notices are steps of, where it has any

    def campaign_of(self, line: Line) -> Campaign:
        """The campaign that a line is of: its own, or that of notices."""
        return self.notices if self.notices is not None and line.campaign == NOTICES else self.campaign


@dataclass(frozen=True, slots=True)
class Journey:
    """A couple in one campaign, entries by instant; `way` is None when the couple is in none. `shares`: by channel.

    What was said outside any campaign (notices) is among the entries of the couple's latest.
    """

    ref: str
    sides: tuple[Side, ...]
    shares: tuple[Channel, ...]
    way: Way | None
    entries: tuple[Entry, ...]


def journeys(connection: Connection) -> list[Journey]:
    """Every couple in the order they joined, once for each enrollment, or once when they have none."""
    sides, shares = _sides(connection)
    entries = _entries(connection)
    campaigns = _Campaigns(connection)
    found = connection.execute(
        select(couples.c.id.label("couple"), couples.c.ref, enrollments)
        .outerjoin(enrollments, enrollments.c.couple_id == couples.c.id)
        .order_by(couples.c.id, enrollments.c.id)
    ).all()
    ways = [row for row in found if row.campaign != NOTICES]
    latest = {row.couple: row.id for row in ways}
    noted = {latest[row.couple]: row for row in found if row.campaign == NOTICES and latest.get(row.couple)}
    ways += [row for row in found if row.campaign == NOTICES and row.couple not in latest]
    return [
        Journey(row.ref, sides[row.couple], shares[row.couple], _way(row, campaigns, noted), _all(row, noted, entries))
        for row in sorted(ways, key=lambda row: (row.couple, row.id or 0))
    ]


def _all(
    row: Row[*tuple[Any, ...]], noted: Mapping[int, Row[*tuple[Any, ...]]], entries: Mapping[int, list[Entry]]
) -> tuple[Entry, ...]:
    """An enrollment's entries, and those of the notices that are shown with it."""
    own = entries.get(row.id, [])
    return tuple([*own, *entries.get(noted[row.id].id, [])] if row.id in noted else own)


def _way(row: Row[*tuple[Any, ...]], campaigns: "_Campaigns", noted: Mapping[int, Row[*tuple[Any, ...]]]) -> Way | None:
    if row.id is None:
        return None
    stopped = None if row.stopped_reason is None else StopReason(row.stopped_reason)
    notices = campaigns.of(noted[row.id].digest) if row.id in noted else None
    return Way(campaigns.of(row.digest), row.start, EnrollmentStatus(row.status), stopped, row.left_week, notices)


def _sides(connection: Connection) -> tuple[dict[int, tuple[Side, ...]], dict[int, tuple[Channel, ...]]]:
    """The partners of each couple, and the channels on which both have the same address."""
    by_couple: dict[int, list[Row[*tuple[Any, ...]]]] = defaultdict(list)
    for row in connection.execute(select(partners).order_by(partners.c.couple_id, partners.c.position)):
        by_couple[row.couple_id].append(row)
    sides = {couple: tuple(_side(row) for row in rows) for couple, rows in by_couple.items()}
    return defaultdict(tuple, sides), defaultdict(tuple, {couple: _shared(rows) for couple, rows in by_couple.items()})


def _side(row: Row[*tuple[Any, ...]]) -> Side:
    return Side(
        row.position,
        row.given_name,
        row.timezone,
        row.locale,
        Channel(row.channel),
        row.send_at,
        row.reach_days,
        row.left_at is not None,
    )


def _shared(rows: Sequence[Row[*tuple[Any, ...]]]) -> tuple[Channel, ...]:
    addresses = {channel: f"{channel.address}_index" for channel in Channel}
    return tuple(channel for channel, column in addresses.items() if _alike([row._mapping[column] for row in rows]))


def _alike(values: Sequence[bytes | None]) -> bool:
    return len(values) > 1 and values[0] is not None and len(set(values)) == 1


def _entries(connection: Connection) -> dict[int, list[Entry]]:
    """Every delivery by enrollment id, by instant."""
    known = {row.id: row for row in connection.execute(_MORE)}
    entries: dict[int, list[Entry]] = defaultdict(list)
    for enrollment, entry in _joined(connection, known):
        entries[enrollment].append(entry)
    return entries


_MORE = select(
    deliveries.c.id,
    deliveries.c.enrollment_id,
    deliveries.c.occurrence,
    deliveries.c.due_at,
    deliveries.c.moved_because,
    deliveries.c.cost,
    partners.c.position,
).join(partners, partners.c.id == deliveries.c.partner_id)


def _joined(connection: Connection, known: dict[int, Row[*tuple[Any, ...]]]) -> Iterator[tuple[int, Entry]]:
    for numbered in lines(connection):
        row = known[numbered.id]
        moved = None if row.moved_because is None else MovedBecause(row.moved_because)
        entry = Entry(row.id, numbered.line, row.position, row.occurrence, row.due_at, moved, row.cost or 0)
        yield row.enrollment_id, entry


class _Campaigns:
    """The stored definitions, each thawed once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[str, Campaign] = {}

    def of(self, digest: str) -> Campaign:
        if digest not in self._known:
            self._known[digest] = thaw(definitions.body(self._connection, digest))
        return self._known[digest]
