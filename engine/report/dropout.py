"""How long partners stay: the Kaplan–Meier curve from the start date to STOP, unsubscribing or leaving."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Select,
    and_,
    case,
    func,
    literal,
    literal_column,
    select,
)
from sqlalchemy import type_coerce as raw

from engine.model.enrollment import EnrollmentStatus
from engine.report.cells import FEWEST, HIDDEN
from engine.report.figure import Column, Figure, Form, Line, Plot, numeric
from engine.report.intervals import log_log
from engine.report.leavers import first_acts
from engine.report.plots import bands
from engine.report.scope import Scope
from engine.store.schema import deliveries, enrollments, partners
from engine.store.types import to_millis

DAY = 86_400_000
EPOCH = date(1970, 1, 1).toordinal()
WEEK = 7


@dataclass(frozen=True, slots=True)
class Point:
    """The curve after a day's end: who was at risk on it, who left, and the share that stays until then."""

    day: int
    at_risk: int
    left: int
    survival: float
    greenwood: float


def kaplan_meier(left: Mapping[int, int], censored: Mapping[int, int]) -> list[Point]:
    """The product-limit estimate (Kaplan and Meier 1958) at each day on which anybody left, with Greenwood's sum.

    `left` and `censored` count people by day; who is censored on a day was at risk on it.
    """
    at_risk = sum(left.values()) + sum(censored.values())
    survival, greenwood, points = 1.0, 0.0, []
    for day in sorted({*left, *censored}):
        if gone := left.get(day, 0):
            survival *= 1 - gone / at_risk
            greenwood += gone / (at_risk * (at_risk - gone)) if at_risk > gone else 0.0
            points.append(Point(day, at_risk, gone, survival, greenwood))
        at_risk -= gone + censored.get(day, 0)
    return points


@dataclass(slots=True)
class Stays:
    """How long everyone stayed, in days from the start date: who left, and who had not when we last could know."""

    left: Counter[int] = field(default_factory=Counter)
    censored: Counter[int] = field(default_factory=Counter)
    couples: Counter[int] = field(default_factory=Counter)  # by the first day on which one of theirs left
    of: int = 0  # couples


def dropout(connection: Connection, scope: Scope) -> Figure:
    """The figure."""
    stays = _stays(connection, scope)
    rows = list(weeks_of(stays))
    return Figure(
        key="dropout",
        title="How long partners stay",
        definition="Kaplan–Meier estimate, over partners who got at least one message, from the enrollment's start date"
        " (UTC days) to STOP, an unsubscribing or leaving, alone or together, whichever came first. Who had not left is"
        " censored at the campaign's end, at now, or, stopped by the operator, at their last message. Weeks are put"
        f" together until {FEWEST} couples have left in them. n is the couples of these partners.",
        reading="The 95% intervals are Greenwood's, on the log-log scale. They take partners for independent, and two"
        " of a couple often leave together: read them as the narrowest they could be. Who erased themselves left no"
        " trace, and is not counted.",
        couples=stays.of,
        columns=(
            Column("weeks", "Weeks", Form.TEXT),
            Column("until_week", "Until the end of week"),
            Column("at_risk", "In it before"),
            Column("left", "Left"),
            Column("survival", "Still in it after", Form.SHARE),
            Column("low", "from", Form.SHARE),
            Column("high", "to", Form.SHARE),
        ),
        rows=rows,
        plot=_plot(rows),
    )


def weeks_of(stays: Stays) -> Iterator[Line]:
    """The curve at the ends of weeks; of weeks in which few couples left only several together."""
    points = kaplan_meier(stays.left, stays.censored)
    everyone = stays.left.total() + stays.censored.total()
    days = {*stays.left, *stays.censored}
    begin = 0
    for week in range(max(days, default=-1) // WEEK + 1):
        inside = range(begin * WEEK, (week + 1) * WEEK)
        last = (week + 1) * WEEK > max(days)
        couples = sum(stays.couples[day] for day in inside)
        gone = sum(stays.left[day] for day in inside)
        told = couples >= FEWEST or not gone
        if not told and not last:
            continue
        before = everyone - sum(
            number for each in (stays.left, stays.censored) for day, number in each.items() if day < begin * WEEK
        )
        name = f"{begin + 1}" if begin == week else f"{begin + 1}–{week + 1}"
        yield {"weeks": name, "until_week": week + 1, **_figures(points, (week + 1) * WEEK, before, gone, told=told)}
        begin = week + 1


def _figures(points: Sequence[Point], until: int, before: int, gone: int, *, told: bool) -> Line:
    if not told:
        return {"at_risk": before, **dict.fromkeys(("left", "survival", "low", "high"), HIDDEN)}
    reached = [point for point in points if point.day < until]
    survival, greenwood = (reached[-1].survival, reached[-1].greenwood) if reached else (1.0, 0.0)
    low, high = log_log(survival, greenwood)
    return {"at_risk": before, "left": gone, "survival": survival, "low": low, "high": high}


def _plot(rows: Sequence[Line]) -> Plot | None:
    line: list[tuple[Any, ...]] = [
        (row["until_week"], row["survival"], row["low"], row["high"]) for row in rows if numeric(row, "survival")
    ]
    if not line:
        return None
    return Plot(
        bands({"still in it": [(0, 1.0, 1.0, 1.0), *line]}, x="weeks", y="still in it", within=(0, 1), percent=True,
              steps=True),
        f"Share of partners still in it, by week, with 95% intervals: {line[-1][1]:.0%} after week {line[-1][0]}.",
    )  # fmt: skip


def _stays(connection: Connection, scope: Scope) -> Stays:
    stays = Stays()
    for row in scope.each(connection, lambda whose: _rows(scope, whose)):
        (stays.left if row.gone else stays.censored)[row.day] += row.people
        stays.couples[row.day] += row.firsts
        stays.of += row.couples
    return stays


def _rows(scope: Scope, whose: ColumnElement[bool]) -> Select[Any]:
    """By day and whether they left: how many people, couples whose first leaving it is, and couples at all."""
    act = first_acts(whose).subquery("act")
    began = (raw(enrollments.c.start, Integer) - EPOCH) * literal(DAY, BigInteger)
    now = (literal(to_millis(scope.now), BigInteger) - began) // DAY
    # By a sum, since SQLite would otherwise read the deliveries of everyone in the order of their index.
    whole = deliveries.c.enrollment_id + literal_column("0")
    got = (
        select(
            whole.label("enrollment_id"),
            deliveries.c.partner_id,
            func.max(raw(deliveries.c.sent_at, BigInteger)).label("last"),
        )
        .select_from(enrollments)
        .join(deliveries, deliveries.c.enrollment_id == enrollments.c.id)
        .where(whose, deliveries.c.status == "sent")
        .group_by(whole, deliveries.c.partner_id)
        .cte("got")
        .prefix_with("MATERIALIZED")
    )
    stopped = enrollments.c.status == EnrollmentStatus.STOPPED.value
    end = case((stopped, (got.c.last - began) // DAY), else_=scope.days - 1)
    until = _least(_least(end, now), scope.days - 1)
    left_on = (act.c.at - began) // DAY
    gone = and_(act.c.at.is_not(None), left_on < scope.days)
    day = case((gone, left_on), else_=until)
    each = (
        select(
            partners.c.couple_id,
            case((gone, 1), else_=0).label("gone"),
            case((day < 0, 0), else_=day).label("day"),
            func.row_number()
            .over(partition_by=partners.c.couple_id, order_by=(case((gone, 0), else_=1), day, partners.c.id))
            .label("place"),
        )
        .select_from(enrollments)
        .join(got, got.c.enrollment_id == enrollments.c.id)
        .join(partners, partners.c.id == got.c.partner_id)
        .outerjoin(act, and_(act.c.enrollment_id == enrollments.c.id, act.c.partner_id == partners.c.id))
        .where(whose)
        .subquery("each_partner")
    )
    first = case((each.c.place == 1, 1), else_=0)
    return select(
        each.c.gone,
        each.c.day,
        func.count().label("people"),
        func.sum(first * each.c.gone).label("firsts"),
        func.sum(first).label("couples"),
    ).group_by(each.c.gone, each.c.day)


def _least(one: ColumnElement[int], other: ColumnElement[int]) -> ColumnElement[int]:
    return case((one < other, one), else_=other)
