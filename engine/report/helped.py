"""Which strategies and activities helped, by what partners said of them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, literal, or_, select

from engine.model.reply import Feedback
from engine.report.cells import Count, Sheet, Value
from engine.report.figure import Column, Figure, Form, Plot, numeric, share
from engine.report.intervals import wilson
from engine.report.plots import dots
from engine.report.scope import Scope
from engine.report.tally import TOTAL, Tally, tally, when
from engine.store.couples_schema import feedback
from engine.store.schema import deliveries, enrollments

SAID = tuple(each.value for each in Feedback)
_COUNTED = ("given", "said", *SAID)
_WORDS = {Feedback.DID: "Did it", Feedback.SMALLER: "Smaller", Feedback.NOT_FOR_US: "Not for us"}
_NUMBERS = (
    Column("given", "Messages"),
    Column("said", "Of which anything was said"),
    *(
        column
        for verdict in Feedback
        for column in (
            Column(verdict.value, _WORDS[verdict]),
            Column(f"{verdict.value}_share", "of said", Form.SHARE),
            Column(f"{verdict.value}_low", "from", Form.SHARE),
            Column(f"{verdict.value}_high", "to", Form.SHARE),
        )
    ),
)
_READING = (
    "Only who says something is counted, and most say nothing: compare strategies with one another, not with all"
    " couples. Somebody may both ask for the smaller version and do it. The 95% intervals are Wilson's, reckoned as if"
    " each couple had spoken once: wider than for so many messages, since one couple's verdicts are alike."
)


def verdicts(connection: Connection, scope: Scope) -> tuple[Figure, Figure]:
    """What was said, by strategy and by activity."""
    dimensions = {"strategy": ("strategy",), "activity": ("strategy", "activity")}
    counted = tally(connection, scope, lambda whose: _rows(scope, whose), dimensions, _COUNTED)
    sheet = Sheet()
    for row, counts in counted.items():
        sheet.put(row, counts)
    for column in _COUNTED:
        rows = [row for row in counted if row[0] == "strategy"]
        sheet.sums(((TOTAL, None), column), [(row, column) for row in rows])
        for row in rows:
            its = [each for each in counted if each[0] == "activity" and each[1][0] == row[1]]
            sheet.sums((row, column), [(each, column) for each in its])
    return _by_strategy(scope, sheet, counted), _by_activity(scope, sheet, counted)


def _by_strategy(scope: Scope, sheet: Sheet, counted: Tally) -> Figure:
    found = sorted(value for name, value in counted if name == "strategy")
    rows = [
        {"strategy": scope.strategies.get(str(value), str(value)), **_line(sheet, counted, ("strategy", value))}
        for value in found
    ]
    points = [
        (row["strategy"], row["did_share"], row["did_low"], row["did_high"])
        for row in rows
        if numeric(row, "did_share", "did_low")
    ]
    return Figure(
        key="strategies",
        title="What couples said, by strategy",
        definition="Messages that brought an activity; those of which their reader said anything; and what: we did it,"
        " the smaller version, not for us. Shares are of the messages of which anything was said. n is the couples who"
        " got an activity.",
        reading=_READING,
        couples=_n(counted),
        columns=(Column("strategy", "Strategy", Form.TEXT), *_NUMBERS),
        rows=rows,
        plot=_plot(points),
    )


def _plot(points: Sequence[tuple[Any, ...]]) -> Plot | None:
    if not points:
        return None
    best = max(points, key=lambda point: point[1])
    return Plot(
        dots(points, x="did it, of those who said anything", percent=True),
        f"Share who did it, by strategy, with 95% intervals. Highest: {best[0]}, {best[1]:.0%}.",
    )


def _by_activity(scope: Scope, sheet: Sheet, counted: Tally) -> Figure:
    found = sorted(value for name, value in counted if name == "activity")
    rows = []
    for value in found:
        strategy, activity = value
        title = scope.activities.get(activity, ("", activity))[1]
        about = {"strategy": scope.strategies.get(strategy, strategy), "activity": activity, "title": title}
        rows.append({**about, **_line(sheet, counted, ("activity", value))})
    return Figure(
        key="activities",
        title="What couples said, by activity",
        definition="As by strategy, for each activity that was given. n is the couples who got any.",
        reading=_READING,
        couples=_n(counted),
        columns=(
            Column("strategy", "Strategy", Form.TEXT),
            Column("activity", "Activity", Form.TEXT),
            Column("title", "Title", Form.TEXT),
            *_NUMBERS,
        ),
        rows=rows,
    )


def _n(counted: Tally) -> int:
    return counted.get((TOTAL, None), {}).get("given", Count()).couples


def _line(sheet: Sheet, counted: Tally, row: tuple[str, Any]) -> dict[str, Value]:
    line: dict[str, Value] = {column: sheet.value(row, column) for column in _COUNTED}
    couples = counted[row]["said"].couples
    for verdict in SAID:
        part = share(line[verdict], line["said"])
        line |= {f"{verdict}_share": part, f"{verdict}_low": part, f"{verdict}_high": part}
        if isinstance(part, float):
            low, high = wilson(part * couples, couples)
            line |= {f"{verdict}_low": low, f"{verdict}_high": high}
    return line


def _rows(scope: Scope, whose: ColumnElement[bool]) -> Select[Any]:
    told = {verdict: feedback.alias(verdict) for verdict in SAID}
    said = {verdict: each.c.verdict.is_not(None) for verdict, each in told.items()}
    statement = (
        select(
            enrollments.c.couple_id,
            scope.strategy.label("strategy"),
            deliveries.c.activity,
            literal(1).label("given"),
            when(or_(*said.values())).label("said"),
            *(when(condition).label(verdict) for verdict, condition in said.items()),
        )
        .select_from(enrollments)
        .join(deliveries, deliveries.c.enrollment_id == enrollments.c.id)
        .where(whose, deliveries.c.status == "sent", deliveries.c.activity.is_not(None))
    )
    for verdict, each in told.items():
        statement = statement.outerjoin(each, and_(each.c.delivery_id == deliveries.c.id, each.c.verdict == verdict))
    return statement
