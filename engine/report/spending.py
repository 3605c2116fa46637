"""What the campaign cost, by week and channel, and per answered question: by the price list of each hand-over."""

from typing import Any

from engine.report.cells import HIDDEN, Value
from engine.report.figure import Column, Figure, Form, Line, Plot, numeric
from engine.report.funnel import n
from engine.report.messages import Messages, money
from engine.report.plots import bars
from engine.report.tally import TOTAL


def spending(messages: Messages, currency: str) -> tuple[Figure, Figure]:
    """By week and by channel."""
    return (
        _spent(messages, "week", Column("week", "Week"), currency),
        _spent(messages, "channel", Column("channel", "Channel", Form.TEXT), currency),
    )


def _spent(messages: Messages, dimension: str, first: Column, currency: str) -> Figure:
    rows = [_line(messages, dimension, value, {first.key: value}) for value in messages.values(dimension)]
    drawn = [(f"{first.heading} {row[first.key]}", row["cost"]) for row in rows if numeric(row, "cost")]
    if rows:
        rows.append(_line(messages, TOTAL, None, {first.key: "all"}))
    plot = Plot(
        bars(drawn, x=f"cost in {currency}"),  # type: ignore[arg-type]
        f"Cost in {currency} by {dimension}: " + ", ".join(f"{name} {cost:,.2f}" for name, cost in drawn) + ".",
    )
    return Figure(
        key=f"costs_{dimension}s",
        title=f"What it cost, by {dimension}",
        definition=f"Sent messages, the parts that texts were charged for, and their price in {currency} by `[prices]`"
        " as it was when each was handed over. Per answered question: the cost of all messages, those that ask nothing"
        " too, for each that was answered. n is the couples to whom anything was sent.",
        reading="An estimate: the provider's bill is the truth. Messages in doubt, replies to texts and notices are not"
        " counted. Without `[prices]` everything costs nothing.",
        couples=n(messages, "sent"),
        columns=(
            first,
            Column("sent", "Sent"),
            Column("parts", "Parts"),
            Column("cost", f"Cost, {currency}", Form.MONEY),
            Column("answered", "Answered"),
            Column("cost_per_answer", f"{currency} per answered question", Form.MONEY),
        ),
        rows=rows,
        plot=plot if any(cost for _, cost in drawn) else None,
    )


def _line(messages: Messages, dimension: str, value: Any, about: Line) -> Line:
    row = messages.row(dimension, value, ("sent", "answered"))
    parts, micros = (messages.tied(dimension, value, column) for column in ("parts", "cost"))
    cost: Value = HIDDEN if micros is None else money(micros)
    per_answer: Value = HIDDEN
    if isinstance(row["answered"], int) and isinstance(cost, float):
        per_answer = cost / row["answered"] if row["answered"] else None
    return {
        **about,
        **row,
        "parts": HIDDEN if parts is None else parts,
        "cost": cost,
        "cost_per_answer": per_answer,
    }
