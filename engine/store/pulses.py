"""Pulses: what each partner rates, their own line, and the joint line that both see when both have agreed to it."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, FromClause, Integer, Select, and_, bindparam, func, select

from engine.model.delivery import LATER
from engine.store.couples_schema import pulses
from engine.store.portable import insert
from engine.store.schema import enrollments, partners


class Rated(NamedTuple):
    """One partner's own pulse."""

    enrollment_id: int
    week: int
    at: datetime
    value: int


class Joint(NamedTuple):
    """What both rated a week, on average."""

    enrollment_id: int
    week: int
    mean: float


_KEY = ("enrollment_id", "step", "occurrence", "partner_id")
_before = select(pulses.c.value).where(*(pulses.c[name] == bindparam(name) for name in _KEY))
_rate = insert(pulses)
_rate = _rate.on_conflict_do_update(
    index_elements=_KEY,
    set_={"value": _rate.excluded.value, "week": _rate.excluded.week, "at": _rate.excluded.at},
    where=_rate.excluded.at >= pulses.c.at,
)


def rate(
    connection: Connection,
    enrollment_id: int,
    partner_id: int,
    step: str,
    occurrence: int,
    week: int,
    value: int,
    at: datetime,
) -> bool:
    """Keep how close (1 to 5) a partner rates the week that a pulse asked about; whether anything changed.

    Of several ratings the one given last counts, in whichever order they are told. A copy that was asked for later asks
    about the same week.
    """
    key = {
        "enrollment_id": enrollment_id,
        "step": step,
        "occurrence": occurrence % LATER,
        "partner_id": partner_id,
    }
    before = connection.execute(_before, key).scalar()
    connection.execute(_rate, {**key, "week": week, "value": value, "at": at})
    return bool(connection.execute(_before, key).scalar() != before)


def rated(connection: Connection, enrollment_id: int, partner_id: int, step: str, occurrence: int) -> int | None:
    """What a partner rated the week that a pulse asked about; None when they have not."""
    key = {
        "enrollment_id": enrollment_id,
        "step": step,
        "occurrence": occurrence % LATER,
        "partner_id": partner_id,
    }
    value: int | None = connection.execute(_before, key).scalar()
    return value


_line = (
    select(pulses.c.enrollment_id, pulses.c.week, pulses.c.at, pulses.c.value)
    .where(pulses.c.partner_id == bindparam("partner_id", type_=Integer))
    .order_by(pulses.c.enrollment_id, pulses.c.occurrence, pulses.c.step)
)


def line(connection: Connection, partner_id: int) -> list[Rated]:
    """A partner's own pulses, enrollment by enrollment, in the order in which they were asked."""
    return [Rated(*row) for row in connection.execute(_line, {"partner_id": partner_id})]


def joint_of(asked: FromClause) -> Select[int, int, float]:
    """The joint line, (enrollment_id, week, mean), of each `enrollment_id` in `asked`.

    Only of partners who share, and only the weeks that two of them rated. One's own mean of a week is taken first,
    where it had several pulses.
    """
    own = (
        select(pulses.c.enrollment_id, pulses.c.week, func.avg(pulses.c.value).label("mean"))
        .join_from(asked, pulses, pulses.c.enrollment_id == asked.c.enrollment_id)
        .join(partners, and_(partners.c.id == pulses.c.partner_id, partners.c.share_pulse))
        .group_by(pulses.c.enrollment_id, pulses.c.week, pulses.c.partner_id)
        .subquery("own")
    )
    return (
        select(own.c.enrollment_id, own.c.week, func.avg(own.c.mean).label("mean"))
        .group_by(own.c.enrollment_id, own.c.week)
        .having(func.count() == 2)
    )


_joint = joint_of(
    select(enrollments.c.id.label("enrollment_id"))
    .where(enrollments.c.couple_id == bindparam("couple_id", type_=Integer))
    .subquery("theirs")
)


def joint(connection: Connection, couple_id: int) -> Sequence[Joint]:
    """The joint line of a couple: its weeks that both rated. Nothing unless both have agreed to it and still do."""
    return sorted(Joint(*row) for row in connection.execute(_joint, {"couple_id": couple_id}))
