"""Opt-outs by step: who left within two days of a message, per thousand that were not returned."""

from engine.report.cells import HIDDEN
from engine.report.figure import Column, Figure, Form, Line, Plot, numeric
from engine.report.funnel import n
from engine.report.intervals import wilson
from engine.report.messages import Messages
from engine.report.plots import dots
from engine.report.scope import Scope
from engine.report.tally import TOTAL

_RATES = ("per_thousand", "low", "high")


def opt_outs(scope: Scope, messages: Messages) -> Figure:
    """The figure."""
    order = {key: place for place, key in enumerate(scope.steps)}
    steps = sorted(messages.values("step"), key=lambda step: (order.get(step, len(order)), step))
    rows = [_line(messages, "step", step, step) for step in steps]
    points = [
        (row["step"], row["per_thousand"], row["low"], row["high"]) for row in rows if numeric(row, "per_thousand")
    ]
    if rows:
        rows.append(_line(messages, TOTAL, None, "all"))
    plot = Plot(
        dots(points, x="opt-outs per 1,000 messages"),
        "Opt-outs per 1,000 messages by step, with 95% intervals: "
        + ", ".join(f"{name} {rate:.1f}" for name, rate, _, _ in points)
        + ".",
    )
    return Figure(
        key="opt_outs",
        title="Who opted out, after which step",
        definition="Partners who sent STOP, unsubscribed or left (alone, or both together) within 48 hours of a"
        " message; each is put to the last message of this campaign before it. Per 1,000 messages that were sent and"
        " not returned. n is the couples to whom any was sent.",
        reading="The last message is not always the cause. The 95% intervals are Wilson's, of as many messages as if"
        " two partners who leave together had been one.",
        couples=n(messages, "sent"),
        columns=(
            Column("step", "Step", Form.TEXT),
            Column("reached", "Sent, not returned"),
            Column("opted_out", "Opted out"),
            Column("per_thousand", "per 1,000", Form.RATE),
            Column("low", "from", Form.RATE),
            Column("high", "to", Form.RATE),
        ),
        rows=rows,
        plot=plot if points else None,
    )


def _line(messages: Messages, dimension: str, value: object, name: str) -> Line:
    sheet, row = messages.sheet, (dimension, value)
    about: Line = {"step": name, **messages.row(dimension, value, ("reached", "opted_out"))}
    if not sheet.shows(row, "reached", "opted_out"):
        return {**about, **dict.fromkeys(_RATES, HIDDEN)}
    reached, gone = sheet.count(row, "reached").value, sheet.count(row, "opted_out")
    if not reached:
        return {**about, **dict.fromkeys(_RATES, None)}
    together = gone.couples / gone.value if gone.value else 1.0
    low, high = wilson(min(gone.value, reached) * together, reached * together)
    return {**about, "per_thousand": 1_000 * gone.value / reached, "low": 1_000 * low, "high": 1_000 * high}
