"""The funnel: what was planned, what went, arrived, was opened and answered; and why the rest did not go."""

from collections.abc import Iterator
from typing import Any

from engine.model.delivery import SkipReason
from engine.report.figure import Column, Figure, Form, Line, Plot, numeric, share
from engine.report.messages import Messages
from engine.report.plots import bars, lines
from engine.report.tally import TOTAL

STAGES = ("planned", "sent", "arrived", "opened", "asking", "answered")
_COLUMNS = (
    Column("planned", "Planned"),
    Column("sent", "Sent"),
    Column("arrived", "Delivered"),
    Column("opened", "Opened"),
    Column("asking", "Asked"),
    Column("answered", "Answered"),
    Column("answered_share", "Answered, of asked", Form.SHARE),
)
_DEFINITION = (
    "Messages by {by}. Planned: a step fell due for a partner. Sent: a transport accepted it. Delivered: we heard that"
    " it arrived, and nothing worse. Opened: emails whose picture was fetched. Asked: sent messages that ask for words"
    " or a number; answered: those that their reader answered."
)
_READING = (
    "Each stage is part of planned, not of the one before it. Most SMTP relays never say that a message was delivered:"
    " nothing there is no bad sign. Opens are worth little: mail programs fetch pictures by themselves, or never, and"
    " texts have none. Answers are what to look at."
)


def by_week(messages: Messages) -> Figure:
    """The funnel by week."""
    rows = [
        *(_line(messages, "week", week, {"week": week}) for week in messages.values("week")),
        _line(messages, TOTAL, None, {"week": "all"}),
    ]
    drawn = {
        stage: [(row["week"], row[stage]) for row in rows[:-1] if numeric(row, stage)]
        for stage in ("planned", "sent", "arrived", "answered")
    }
    shown: dict[str, Any] = {_name(stage): line for stage, line in drawn.items() if any(each[1] for each in line)}
    plot = Plot(
        lines(shown, x="week", y="messages"),
        "Messages by week. " + "; ".join(_goes(name, line) for name, line in shown.items()) + ".",
    )
    return Figure(
        key="funnel_weeks",
        title="From planned to answered, by week",
        definition=_DEFINITION.format(by="the campaign's week") + " n is the couples for whom anything was planned.",
        reading=_READING,
        couples=n(messages, "planned"),
        columns=(Column("week", "Week"), *_COLUMNS),
        rows=rows,
        plot=plot if shown else None,
    )


def by_channel(messages: Messages) -> Figure:
    """The funnel by channel."""
    rows = [
        *(_line(messages, "channel", each, {"channel": each}) for each in messages.values("channel")),
        _line(messages, TOTAL, None, {"channel": "all"}),
    ]
    return Figure(
        key="funnel_channels",
        title="From planned to answered, by channel",
        definition=_DEFINITION.format(by="channel") + " n is the couples for whom anything was planned.",
        reading=_READING,
        couples=n(messages, "planned"),
        columns=(Column("channel", "Channel", Form.TEXT), *_COLUMNS),
        rows=rows,
    )


def not_sent(messages: Messages) -> Figure:
    """What was skipped, by reason."""
    rows = list(_reasons(messages))
    drawn = [(str(row["reason"]), row["skipped"]) for row in rows[:-1] if numeric(row, "skipped")]
    plot = Plot(
        bars(drawn, x="messages skipped"),  # type: ignore[arg-type]
        "Skipped messages by reason: " + ", ".join(f"{name} {number:,}" for name, number in drawn) + ".",
    )
    return Figure(
        key="skipped",
        title="Skipped, and why",
        definition="Messages that were planned and never sent, by the reason that the last gate gave. n is the couples"
        " who were skipped at least once.",
        reading="A skip is a rule that was kept. Many that are too late or outside the window say that the engine was"
        " down, or that a step's hours fit few.",
        couples=n(messages, "skipped"),
        columns=(
            Column("reason", "Reason", Form.TEXT),
            Column("skipped", "Skipped"),
            Column("means", "What it means", Form.TEXT),
        ),
        rows=rows,
        plot=plot if drawn else None,
    )


def n(messages: Messages, column: str) -> int:
    """How many couples stand behind the whole of a column."""
    return messages.sheet.count((TOTAL, None), column).couples


def _reasons(messages: Messages) -> Iterator[Line]:
    sheet = messages.sheet
    found = messages.values("reason")
    for reason in found:  # by name: an order by size would tell of what is hidden
        means = SkipReason(reason).sentence if reason in set(SkipReason) else ""
        yield {"reason": reason, "skipped": sheet.value(("reason", reason), "skipped"), "means": means}
    if found:
        yield {"reason": "all", "skipped": sheet.value((TOTAL, None), "skipped"), "means": ""}


def _line(messages: Messages, dimension: str, value: Any, about: Line) -> Line:
    row = messages.row(dimension, value, STAGES)
    return {**about, **row, "answered_share": share(row["answered"], row["asking"])}


def _name(stage: str) -> str:
    return "delivered" if stage == "arrived" else stage


def _goes(name: str, line: list[tuple[Any, Any]]) -> str:
    return f"{name} from {line[0][1]:,} in week {line[0][0]} to {line[-1][1]:,} in week {line[-1][0]}"
