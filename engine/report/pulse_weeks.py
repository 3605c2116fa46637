"""Pulses over the weeks: of every partner, and of the couples in which both rated."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, distinct, func, select

from engine.report.cells import FEWEST, HIDDEN, Value
from engine.report.figure import Column, Figure, Form, Line, Plot, numeric
from engine.report.intervals import Clusters, of_couples
from engine.report.plots import bands
from engine.report.scope import Scope
from engine.report.tally import add, when
from engine.store.couples_schema import pulses
from engine.store.schema import enrollments

COLUMNS = (
    Column("week", "Week"),
    Column("couples", "Couples"),
    Column("ratings", "Ratings"),
    Column("mean", "Every partner: mean", Form.NUMBER),
    Column("low", "from", Form.NUMBER),
    Column("high", "to", Form.NUMBER),
    Column("joint_couples", "Couples who both rated"),
    Column("joint_mean", "Both: mean", Form.NUMBER),
    Column("joint_low", "from", Form.NUMBER),
    Column("joint_high", "to", Form.NUMBER),
)
_OWN = tuple(column.key for column in COLUMNS[1:6])
_JOINT = tuple(column.key for column in COLUMNS[6:])
_SUMS = 9


@dataclass(frozen=True, slots=True)
class Rated:
    """One week."""

    week: int
    own: Clusters
    joint: Clusters


def pulse_weeks(connection: Connection, scope: Scope) -> Figure:
    """The figure."""
    weeks = list(_weeks(connection, scope))
    rows = [_row(each) for each in weeks]
    couples = max((each.own.couples for each in weeks), default=0)
    return Figure(
        key="pulses",
        title="How close it felt, week by week",
        definition="Pulses from 1 (far apart) to 5 (close), by the week that they are about. “Every partner” is the"
        " mean of all ratings; “both” the mean of couples in which both partners rated that week, each couple counted"
        " once. n is the couples of the week with the most.",
        reading="The 95% intervals count couples, not ratings: of every partner's mean by the variance between"
        " couples (a ratio's, linearised), of both's by the spread of couples' means; both with Student's t. Later"
        " weeks are rated by those who stayed, so a line that rises may be one that the unhappy have left.",
        couples=couples,
        columns=COLUMNS,
        rows=rows,
        plot=_plot(rows),
    )


def _weeks(connection: Connection, scope: Scope) -> Iterator[Rated]:
    sums: dict[int, list[float]] = defaultdict(lambda: [0.0] * _SUMS)
    for row in scope.each(connection, _statement):
        sums[row[0]] = add(sums[row[0]], row[1:])
    for week, (couples, n, s, ss, sn, nn, both, mean, square) in sorted(sums.items()):
        yield Rated(week, Clusters(int(couples), n, s, ss, sn, nn), of_couples(int(both), mean, square))


def _statement(whose: ColumnElement[bool]) -> Select[Any]:
    each = (
        select(
            pulses.c.week,
            func.count().label("n"),
            func.sum(pulses.c.value).label("s"),
            (func.count(distinct(pulses.c.partner_id)) == 2).label("both"),
        )
        .join(enrollments, enrollments.c.id == pulses.c.enrollment_id)
        .where(whose)
        .group_by(enrollments.c.couple_id, pulses.c.week)
        .subquery()
    )
    n, s, both = each.c.n, each.c.s, when(each.c.both)
    mean = s * 1.0 / n
    return select(
        each.c.week,
        func.count(),
        func.sum(n),
        func.sum(s),
        func.sum(s * s),
        func.sum(s * n),
        func.sum(n * n),
        func.sum(both),
        func.sum(both * mean),
        func.sum(both * mean * mean),
    ).group_by(each.c.week)


def _row(rated: Rated) -> Line:
    own, joint = rated.own, rated.joint
    row: dict[str, Value] = {"week": rated.week}
    if own.couples < FEWEST:
        return row | dict.fromkeys((*_OWN, *_JOINT), HIDDEN)
    low, high = own.interval() or (None, None)
    row |= {"couples": own.couples, "ratings": int(own.n), "mean": own.mean, "low": low, "high": high}
    # The two means together would give away what those rated whose partner did not.
    if 0 < joint.couples < FEWEST or 0 < own.couples - joint.couples < FEWEST:
        return row | dict.fromkeys(_JOINT, HIDDEN)
    if not joint.couples:
        return row | dict.fromkeys(_JOINT, None) | {"joint_couples": 0}
    low, high = joint.interval() or (None, None)
    return row | dict(zip(_JOINT, (joint.couples, joint.mean, low, high), strict=True))


def _plot(rows: list[Line]) -> Plot | None:
    own = [(row["week"], row["mean"], row["low"], row["high"]) for row in rows if numeric(row, *_OWN)]
    both = [(row["week"], *(row[key] for key in _JOINT[1:])) for row in rows if numeric(row, *_JOINT)]
    if not own:
        return None
    words = f"Every partner's mean goes from {own[0][1]:.2f} in week {own[0][0]} to {own[-1][1]:.2f} in week"
    return Plot(
        bands({"every partner": own, "both partners": both}, x="week", y="mean pulse", within=(1, 5)),
        f"Mean pulse by week, with 95% intervals. {words} {own[-1][0]}.",
    )
