"""Questions and their answers, by step and week: asked, answered by one or by both, revealed, and how soon."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, and_, case, exists, func, literal, select
from sqlalchemy import type_coerce as raw

from engine.model.delivery import LATER
from engine.report.cells import HIDDEN, Count, Sheet, Value
from engine.report.figure import Column, Figure, Form, Line, Plot, numeric, share
from engine.report.messages import Messages, answered_by
from engine.report.plots import stacks
from engine.report.scope import Scope
from engine.report.tally import TOTAL, Tally, tally, when
from engine.store.couples_schema import answers, pulses, reveals
from engine.store.schema import deliveries, enrollments

SLOT = 10 * 60 * 1_000
"""Times to answer are known to ten minutes: the median needs no more, and counting stays small."""

DIMENSIONS = {"asked": ("step", "week"), "asked_step": ("step",)}
SHOWN = ("asked", "by_none", "by_one", "by_both", "revealed")
COLUMNS = (
    Column("step", "Step", Form.TEXT),
    Column("week", "Week"),
    Column("asked", "Asked"),
    Column("by_none", "By nobody"),
    Column("by_one", "By one"),
    Column("by_both", "By both"),
    Column("both_share", "By both, of asked", Form.SHARE),
    Column("revealed", "Revealed"),
    Column("median_hours", "Median time", Form.HOURS),
)


def answered(connection: Connection, scope: Scope, messages: Messages) -> "Answered":
    """Count the questions, and add the counts to the sheet of the messages: each answer is one of a message."""
    counted = tally(connection, scope, lambda whose: _questions(scope, whose), DIMENSIONS, (*SHOWN, "answered"))
    sheet = messages.sheet
    for row in counted:
        if row[0] != TOTAL:
            sheet.put(row, {column: counted[row][column] for column in SHOWN})
            sheet.sums((row, "asked"), [(row, column) for column in SHOWN[1:4]])
    rows = [row for row in counted if row[0] == "asked"]
    for whole in [row for row in counted if row[0] == "asked_step"]:
        for column in SHOWN:
            sheet.sums((whole, column), [(row, column) for row in rows if row[1][0] == whole[1]])
    by_week: dict[Hashable, dict[Any, int]] = defaultdict(dict)
    for row in rows:
        by_week[row[1][1]] |= {(row, "by_one"): 1, (row, "by_both"): 2}
    for week, parts in by_week.items():
        sheet.sums((("week", week), "answered"), parts)
    return Answered(scope, sheet, counted, _hours(connection, scope))


class Answered:
    """What was counted, until everything on its sheet has been."""

    def __init__(self, scope: Scope, sheet: Sheet, counted: Tally, hours: Mapping[Hashable, float]) -> None:
        self._scope, self._sheet, self._counted, self._hours = scope, sheet, counted, hours

    def figure(self) -> Figure:
        """The figure."""
        order = {key: place for place, key in enumerate(self._scope.steps)}
        steps = sorted(self._values("asked_step"), key=lambda step: (order.get(step, len(order)), step))
        weeks = [value for step in steps for value in sorted(self._values("asked")) if value[0] == step]
        rows = [self._row(("asked", value), *value) for value in weeks]
        wholes = [self._row(("asked_step", step), step, "all") for step in steps]
        everything = self._counted.get((TOTAL, None), {}).get("asked", Count())
        return Figure(
            key="answers",
            title="Questions and answers",
            definition="A question is one step on one day for one couple, once a message that asks for words or for a"
            " number went to either. It is answered by a partner who gave words, or a pulse. Revealed: both answers"
            " were shown to both. Median time: from the message to the answer as it stands, to ten minutes. n is the"
            " couples who were asked anything.",
            reading="A pulse is never revealed. Who shares a phone, or is alone in the couple, can be answered by one"
            " at most. Answers that somebody left behind unread were deleted with them, so they are missing here.",
            couples=everything.couples,
            columns=COLUMNS,
            rows=[*rows, *wholes],
            plot=_plot(wholes),
        )

    def _values(self, dimension: str) -> list[Any]:
        return [value for name, value in self._counted if name == dimension]

    def _row(self, row: tuple[str, Any], step: str, week: int | str) -> Line:
        shown: dict[str, Value] = {column: self._sheet.value(row, column) for column in SHOWN}
        median: Value = HIDDEN if self._counted[row]["answered"].few else self._hours.get((step, week))
        return {
            "step": step,
            "week": week,
            **shown,
            "both_share": share(shown["by_both"], shown["asked"]),
            "median_hours": median,
        }


def _plot(rows: Sequence[Line]) -> Plot | None:
    parts: dict[str, Any] = {
        str(row["step"]): {"both": row["by_both"], "one": row["by_one"], "nobody": row["by_none"]}
        for row in rows
        if numeric(row, "by_both", "by_one", "by_none")
    }
    if not parts:
        return None
    words = "; ".join(f"{step}: {_most(each)}" for step, each in parts.items())
    return Plot(
        stacks(parts, x="share of questions"),
        f"By whom the questions of each step were answered. {words}.",
    )


def _most(each: Mapping[str, int]) -> str:
    return ", ".join(f"{by} {number / sum(each.values()):.0%}" for by, number in each.items() if number)


def _questions(scope: Scope, whose: ColumnElement[bool]) -> Select[Any]:
    """One row a question."""
    revealed = exists(
        select(literal(1)).where(
            reveals.c.enrollment_id == deliveries.c.enrollment_id,
            reveals.c.step == deliveries.c.step,
            reveals.c.occurrence == deliveries.c.occurrence,
        )
    )
    said = func.sum(when(answered_by(deliveries.c.partner_id)))
    each = (
        select(
            enrollments.c.couple_id,
            deliveries.c.step,
            deliveries.c.week,
            said.label("said"),
            func.max(when(revealed)).label("revealed"),
        )
        .select_from(enrollments)
        .join(deliveries, deliveries.c.enrollment_id == enrollments.c.id)
        .where(whose, deliveries.c.status == "sent", deliveries.c.occurrence < LATER, scope.asks)
        .group_by(
            enrollments.c.couple_id,
            deliveries.c.enrollment_id,
            deliveries.c.step,
            deliveries.c.week,
            deliveries.c.occurrence,
        )
        .subquery()
    )
    return select(
        each.c.couple_id,
        each.c.step,
        each.c.week,
        literal(1).label("asked"),
        *(when(each.c.said == by).label(name) for by, name in enumerate(("by_none", "by_one", "by_both"))),
        each.c.revealed,
        when(each.c.said > 0).label("answered"),
    )


def _hours(connection: Connection, scope: Scope) -> dict[Hashable, float]:
    """The median time to answer in hours, by step and week ("all": of all weeks)."""
    slots: dict[Hashable, Counter[int]] = defaultdict(Counter)
    for row in scope.each(connection, lambda whose: _times(scope, whose)):
        for week in (row.week, "all"):
            slots[(row.step, week)][row.slot] += row.number
    return {key: _median(each) * SLOT / 3_600_000 for key, each in slots.items()}


def _median(slots: Mapping[int, int]) -> float:
    """The middle of the slot in which the median is."""
    middle, seen = sum(slots.values()) / 2, 0
    for slot, number in sorted(slots.items()):
        seen += number
        if seen >= middle:
            return slot + 0.5
    return 0.0


def _given(scope: Scope, whose: ColumnElement[bool]) -> Select[Any]:
    def at(table: Any, column: Any) -> Any:
        return (
            select(raw(column, BigInteger))
            .where(
                table.c.enrollment_id == deliveries.c.enrollment_id,
                table.c.step == deliveries.c.step,
                table.c.occurrence == deliveries.c.occurrence,
                table.c.partner_id == deliveries.c.partner_id,
            )
            .correlate(deliveries)
            .scalar_subquery()
        )

    given = func.coalesce(at(answers, answers.c.given_at), at(pulses, pulses.c.at)).label("given")
    return (
        select(
            enrollments.c.couple_id,
            deliveries.c.step,
            deliveries.c.week,
            given,
            raw(deliveries.c.sent_at, BigInteger).label("sent"),
        )
        .select_from(enrollments)
        .join(deliveries, deliveries.c.enrollment_id == enrollments.c.id)
        .where(whose, deliveries.c.status == "sent", deliveries.c.occurrence < LATER, scope.asks)
    )


def _times(scope: Scope, whose: ColumnElement[bool]) -> Select[Any]:
    each = _given(scope, whose).cte("each").prefix_with("MATERIALIZED")
    late = each.c.given - each.c.sent
    # In a subquery: by PostgreSQL's reckoning, the same expression with other bound values is not the one grouped by.
    slots = (
        select(each.c.step, each.c.week, case((late < 0, 0), else_=late // SLOT).label("slot"))
        .where(and_(each.c.given.is_not(None), each.c.sent.is_not(None)))
        .subquery()
    )
    columns = slots.c.step, slots.c.week, slots.c.slot
    return select(*columns, func.count().label("number")).group_by(*columns)
