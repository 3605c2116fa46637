"""How pulses moved in weeks that had a strategy, against the other weeks of the same couples."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, select

from engine.report.cells import FEWEST, HIDDEN
from engine.report.figure import Column, Figure, Form, Line, Plot, numeric
from engine.report.intervals import of_couples
from engine.report.plots import dots
from engine.report.scope import Scope
from engine.report.tally import add
from engine.store.couples_schema import pulses
from engine.store.schema import deliveries, enrollments


def pulse_change(connection: Connection, scope: Scope) -> Figure:
    """How pulses moved in weeks with a strategy, against the other weeks of the same couples."""
    rows = list(_changes(connection, scope))
    points: list[tuple[Any, ...]] = [
        (row["strategy"], row["difference"], row["low"], row["high"])
        for row in rows
        if numeric(row, "difference", "low")
    ]
    clear = [point for point in points if point[2] > 0 or point[3] < 0]
    names = ", ".join(str(point[0]) for point in clear) or "none"
    plot = Plot(
        dots(points, x="difference in change of pulse", rule=0),
        f"Difference by strategy, with 95% intervals. Intervals that leave out nought: {names}.",
    )
    return Figure(
        key="pulse_change",
        title="How pulses moved in weeks with a strategy",
        definition="A couple's pulse of a week is the mean of its ratings; its change, that less the week before's."
        " For each couple: the mean change of weeks in which a message with the strategy went to either, less the mean"
        " change of its other weeks. n is the couples with both kinds of weeks for some strategy.",
        reading="An association, not an effect: who gets what when is the campaign's plan, so a strategy that always"
        " comes in week 5 shows what week 5 was like. The 95% intervals are of the mean over couples, by Student's t.",
        couples=max((row["n"] for row in rows if isinstance(row["n"], int)), default=0),
        columns=(
            Column("strategy", "Strategy", Form.TEXT),
            Column("n", "Couples"),
            Column("with", "Change with it", Form.NUMBER),
            Column("without", "Change without", Form.NUMBER),
            Column("difference", "Difference", Form.NUMBER),
            Column("low", "from", Form.NUMBER),
            Column("high", "to", Form.NUMBER),
        ),
        rows=rows,
        plot=plot if points else None,
    )


def _changes(connection: Connection, scope: Scope) -> Iterator[Line]:
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0] * 5)
    for row in scope.each(connection, lambda whose: _change_rows(scope, whose)):
        sums[row[0]] = add(sums[row[0]], row[1:])
    for strategy, (n, with_it, without, difference, square) in sorted(sums.items()):
        title = scope.strategies.get(strategy, strategy)
        keys = ("n", "with", "without", "difference", "low", "high")
        if n < FEWEST:
            yield {"strategy": title, **dict.fromkeys(keys, HIDDEN)}
            continue
        low, high = of_couples(int(n), difference, square).interval() or (None, None)
        yield {
            "strategy": title,
            **dict(zip(keys, (int(n), with_it / n, without / n, difference / n, low, high), strict=True)),
        }


def _change_rows(scope: Scope, whose: ColumnElement[bool]) -> Select[Any]:
    rated = (
        select(enrollments.c.couple_id, enrollments.c.id, pulses.c.week, func.avg(pulses.c.value).label("pulse"))
        .join(pulses, pulses.c.enrollment_id == enrollments.c.id)
        .where(whose)
        .group_by(enrollments.c.couple_id, enrollments.c.id, pulses.c.week)
        .cte("rated")
        .prefix_with("MATERIALIZED")
    )
    before = rated.alias("before")
    change = (
        select(rated.c.couple_id, rated.c.id, rated.c.week, (rated.c.pulse - before.c.pulse).label("change"))
        .join(before, and_(before.c.id == rated.c.id, before.c.week == rated.c.week - 1))
        .cte("change")
        .prefix_with("MATERIALIZED")
    )
    had = (
        select(enrollments.c.id, deliveries.c.week, scope.strategy.label("strategy"))
        .select_from(enrollments)
        .join(deliveries, deliveries.c.enrollment_id == enrollments.c.id)
        .where(whose, deliveries.c.status == "sent", deliveries.c.activity.is_not(None))
        .distinct()
        .cte("had")
        .prefix_with("MATERIALIZED")
    )
    every = (
        select(change.c.couple_id, func.count().label("n"), func.sum(change.c.change).label("sum"))
        .group_by(change.c.couple_id)
        .subquery("every_week")
    )
    with_it = (
        select(change.c.couple_id, had.c.strategy, func.count().label("n"), func.sum(change.c.change).label("sum"))
        .join(had, and_(had.c.id == change.c.id, had.c.week == change.c.week))
        .where(had.c.strategy.is_not(None))
        .group_by(change.c.couple_id, had.c.strategy)
        .subquery("with_it")
    )
    mean_with = with_it.c.sum * 1.0 / with_it.c.n
    mean_without = (every.c.sum - with_it.c.sum) * 1.0 / (every.c.n - with_it.c.n)
    difference = mean_with - mean_without
    return (
        select(
            with_it.c.strategy,
            func.count(),
            func.sum(mean_with),
            func.sum(mean_without),
            func.sum(difference),
            func.sum(difference * difference),
        )
        .join(every, every.c.couple_id == with_it.c.couple_id)
        .where(every.c.n > with_it.c.n)
        .group_by(with_it.c.strategy)
    )
