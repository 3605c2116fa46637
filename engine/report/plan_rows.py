"""What became of each delivery of a simulated campaign, couple by couple, as the planner's figures are counted from it.

Instants are milliseconds since 1970, UTC, as they are stored: half a million rows are read, and few of their fields.
"""

from collections.abc import Iterator
from datetime import date, time
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Connection, select, type_coerce

from engine.model.delivery import MovedBecause
from engine.store.schema import couples, deliveries, enrollments, partners

PAGE = 5_000
WAITED = 60_000  # milliseconds after its instant: longer than a clock is moved on by a breath


class Row(NamedTuple):
    """One delivery. `at` is when it was handed over, or else when it would have been; `due_at` its step's own instant.

    `timezone` is the one that it was planned in.
    """

    couple_id: int
    ref: str
    partner_id: int
    position: int
    week: int
    step: str
    occurrence: int
    channel: str
    activity: str | None
    due_at: int
    at: int
    moved_because: str | None
    timezone: str
    status: str
    reason: str | None
    parts: int
    cost: int


class Person(NamedTuple):
    """One partner in the campaign: what their calendar follows from."""

    couple_id: int
    ref: str
    partner_id: int
    position: int
    timezone: str
    own_time: time
    days: frozenset[int]
    start: date


_rows = (
    select(
        couples.c.id,
        couples.c.ref,
        deliveries.c.partner_id,
        partners.c.position,
        deliveries.c.week,
        deliveries.c.step,
        deliveries.c.occurrence,
        deliveries.c.channel,
        deliveries.c.activity,
        type_coerce(deliveries.c.due_at, BigInteger),
        type_coerce(deliveries.c.sent_at, BigInteger),
        type_coerce(deliveries.c.send_at, BigInteger),
        deliveries.c.moved_because,
        deliveries.c.timezone,
        deliveries.c.status,
        deliveries.c.reason,
        deliveries.c.parts,
        deliveries.c.cost,
    )
    .join(partners, partners.c.id == deliveries.c.partner_id)
    .join(enrollments, enrollments.c.id == deliveries.c.enrollment_id)
    .join(couples, couples.c.id == enrollments.c.couple_id)
    .order_by(couples.c.id, deliveries.c.send_at, deliveries.c.partner_id, deliveries.c.id)
)
_people = (
    select(
        couples.c.id,
        couples.c.ref,
        partners.c.id,
        partners.c.position,
        partners.c.timezone,
        partners.c.send_at,
        partners.c.reach_days,
        enrollments.c.start,
    )
    .select_from(enrollments)
    .join(couples, couples.c.id == enrollments.c.couple_id)
    .join(partners, partners.c.couple_id == couples.c.id)
    .order_by(couples.c.id, partners.c.position)
)
_first = select(couples.c.ref).join(enrollments, enrollments.c.couple_id == couples.c.id).order_by(couples.c.id)


def by_couple(connection: Connection, part: int = 0, parts: int = 1) -> Iterator[tuple[list[Person], list[Row]]]:
    """Each couple of the campaign with its deliveries, in the order in which they go; also one that has none.

    Of `parts` equal parts of the couples, those in number `part`.
    """
    mine = couples.c.id % parts == part
    rows = groupby(_read(connection, mine), key=lambda row: row.couple_id)
    following = next(rows, None)
    people = (Person(*row) for row in connection.execute(_people.where(mine)))
    for couple_id, members in groupby(people, key=lambda person: person.couple_id):
        theirs: list[Row] = []
        if following is not None and following[0] == couple_id:
            theirs = list(following[1])
            following = next(rows, None)
        yield list(members), theirs


def _read(connection: Connection, mine: ColumnElement[bool]) -> Iterator[Row]:
    found = connection.execution_options(yield_per=PAGE).execute(_rows.where(mine))
    for page in found.partitions():
        for *who, sent_at, send_at, moved, zone, status, reason, parts, cost in page:
            if sent_at is not None and sent_at - send_at > WAITED:
                moved = MovedBecause.HELD.value  # what waits for a limit or a rest is not even claimed  # noqa: PLW2901
            yield Row._make((*who, sent_at or send_at, moved, zone, status, reason, parts or 0, cost or 0))


def first_couples(connection: Connection, number: int) -> list[str]:
    """The refs of the first couples of the campaign."""
    return list(connection.execute(_first.limit(number)).scalars())
