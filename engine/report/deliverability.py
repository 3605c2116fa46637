"""Deliverability: what was heard of what was sent, by week, channel and transport, and the codes of what came back."""

from collections.abc import Sequence
from typing import Any

from engine.report.cells import Hidden
from engine.report.figure import Column, Figure, Form, Line, Plot, numeric, share
from engine.report.funnel import n
from engine.report.messages import SENT, Messages
from engine.report.plots import bars, stacks
from engine.report.tally import TOTAL

_HEARD = (
    Column("sent", "Sent"),
    Column("arrived", "Delivered"),
    Column("delayed", "Deferred"),
    Column("bounced", "Bounced"),
    Column("gave_up", "Failed"),
    Column("silent", "Nothing heard"),
    Column("complained", "Complained"),
    Column("returned_share", "Bounced or failed, of sent", Form.SHARE),
)
_NAMES = {
    "arrived": "delivered",
    "delayed": "deferred",
    "bounced": "bounced",
    "gave_up": "failed",
    "silent": "nothing heard",
}
_DEFINITION = (
    "Sent messages by {by}, and the worst that was heard of each: bounced (the recipient's provider sent it back),"
    " failed (ours gave up), delivered, or still deferred. These four and “nothing heard” add up to sent. Complained:"
    " the reader marked it as spam, whatever else was heard. n is the couples to whom anything was sent."
)
_READING = (
    "Gmail and Yahoo ask bulk senders to stay under 0.3% complaints; most mailbox providers never pass complaints on,"
    " so none heard is not none made. Where a provider sends no webhooks, nothing is heard."
)


def deliverability(messages: Messages) -> tuple[Figure, ...]:
    """Three figures of what was heard, and one of codes."""
    return (
        _heard(messages, "week", Column("week", "Week"), "the campaign's week"),
        _heard(messages, "channel", Column("channel", "Channel", Form.TEXT), "channel"),
        _heard(messages, "transport", Column("transport", "Transport", Form.TEXT), "transport"),
        _codes(messages),
    )


def _heard(messages: Messages, dimension: str, first: Column, by: str) -> Figure:
    rows = [_line(messages, dimension, value, {first.key: value or "unknown"}) for value in messages.values(dimension)]
    if rows:
        rows.append(_line(messages, TOTAL, None, {first.key: "all"}))
    return Figure(
        key=f"deliverability_{dimension}s",
        title=f"What was heard of what was sent, by {dimension}",
        definition=_DEFINITION.format(by=by),
        reading=_READING,
        couples=n(messages, "sent"),
        columns=(first, *_HEARD),
        rows=rows,
        plot=_plot(rows[:-1], first.key) if dimension == "channel" else None,
    )


def _line(messages: Messages, dimension: str, value: Any, about: Line) -> Line:
    row = messages.row(dimension, value, ("sent", *SENT, "complained", "returned"))
    return {**about, **row, "returned_share": share(row["returned"], row["sent"])}


def _plot(rows: Sequence[Line], key: str) -> Plot | None:
    parts = {
        str(row[key]): {_NAMES[each]: int(row[each]) for each in SENT if numeric(row, each) and row[each]}  # type: ignore[arg-type]
        for row in rows
        if not any(isinstance(row[each], Hidden) for each in SENT)
    }
    parts = {name: each for name, each in parts.items() if each}
    if not parts:
        return None
    words = "; ".join(
        f"{name}: {', '.join(f'{kind} {many:,}' for kind, many in each.items())}" for name, each in parts.items()
    )
    return Plot(stacks(parts, x="share of sent"), f"What was heard of sent messages by channel. {words}.")


def _codes(messages: Messages) -> Figure:
    sheet = messages.sheet
    found = messages.values("code")
    rows: list[Line] = [
        {
            "channel": channel,
            "code": code or "none given",
            "returned": sheet.value(("code", (channel, code)), "returned"),
        }
        for channel, code in found
    ]
    drawn = [(f"{row['channel']} {row['code']}", row["returned"]) for row in rows if numeric(row, "returned")]
    if rows:
        rows.append({"channel": "all", "code": "", "returned": sheet.value((TOTAL, None), "returned")})
    plot = Plot(
        bars(drawn, x="messages that came back"),  # type: ignore[arg-type]
        "Messages that came back, by code: " + ", ".join(f"{name}: {many:,}" for name, many in drawn) + ".",
    )
    return Figure(
        key="bounces",
        title="Why messages came back",
        definition="Bounced and failed messages by the class of the last code that was heard: of an enhanced status"
        " code its first two numbers (5.1: the address; 5.2: the mailbox; 5.7: policy; 4: for now), of others the"
        " whole. n is the couples of these messages.",
        reading="5.1 says that lists are stale, 5.7 that the sender's domain is not trusted.",
        couples=n(messages, "returned"),
        columns=(
            Column("channel", "Channel", Form.TEXT),
            Column("code", "Code", Form.TEXT),
            Column("returned", "Came back"),
        ),
        rows=rows,
        plot=plot if drawn else None,
    )
