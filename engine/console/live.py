"""The live view of `rekindle run` on a terminal: how things stand, moving. Nothing on it is personal."""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from engine.deliver.sentinel import Looked
from engine.deliver.telling import title
from engine.measures import Measures, parts
from engine.model.campaign import Channel
from engine.store.standing import MOST, Standing

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

COLUMNS = ("due", "held", "sent", "skipped", "failed", "in doubt")
PROBLEMS = 5


class LiveView:
    """Fed with what a look finds; drawn by Rich a few times a second. `listening` is where pages are served."""

    def __init__(self, measures: Measures, began: datetime, listening: str, now: Callable[[], datetime]) -> None:
        self._measures = measures
        self._began = began
        self._listening = listening
        self._now = now
        self._looked: Looked | None = None
        self._problems: deque[str] = deque(maxlen=PROBLEMS)

    def looked(self, looked: Looked) -> None:
        """How things stand now."""
        self._looked = looked
        for each in looked.began:
            self.problem(f"{title(each).capitalize()}: {each.command}")
        for each in looked.ended:
            self.problem(f"Over: {title(each)}")

    def problem(self, said: str) -> None:
        """Something to mend; the last few are shown, each once."""
        stamped = f"{self._now():%H:%M}  {said}"
        if not any(each[7:] == said for each in self._problems):
            self._problems.append(stamped)

    @contextmanager
    def shown(self, console: "Console") -> Iterator[None]:
        """Draw it while the block runs."""
        from rich.live import Live

        with Live(console=console, get_renderable=self.drawn, refresh_per_second=2, transient=False):
            yield

    def drawn(self) -> "RenderableType":
        """What is on the screen now."""
        from rich.console import Group
        from rich.panel import Panel
        from rich.text import Text

        head = f"running since {self._began:%Y-%m-%d %H:%M} UTC{self._listening}. Ctrl-C ends it."
        if self._looked is None:
            return Panel(Text("Looking around…"), title="Rekindle", subtitle=head, subtitle_align="left")
        standing = self._looked.standing
        return Panel(
            Group(self._figures(standing), Text(), *self._lines(standing)),
            title="Rekindle",
            subtitle=head,
            title_align="left",
            subtitle_align="left",
        )

    def _figures(self, now: Standing) -> "RenderableType":
        from rich import box
        from rich.table import Table

        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=False)
        table.add_column("")
        for heading in COLUMNS:
            table.add_column(heading, justify="right")
        mine: Counter[tuple[str, str]] = Counter()
        for name, number in list(self._measures.ends.items()):
            channel, status, _ = parts(name)
            mine[channel, status] += number
        today: Counter[tuple[str, str]] = Counter()
        for (channel, what, _), number in now.today.items():
            today[channel, what] += number
        used = {channel for channel, _ in [*mine, *today]} | now.due.keys() | now.in_doubt.keys()
        for channel in [each.value for each in Channel if each.value in used] or [Channel.EMAIL.value]:
            table.add_row(channel, style="bold")
            table.add_row("  since the start", "", "", *_ended(mine, channel))
            table.add_row("  today (UTC)", "", "", *_ended(today, channel))
            due, held, doubts = (counted.get(channel, 0) for counted in (now.due, now.held, now.in_doubt))
            style = "bold yellow" if doubts else ""
            table.add_row("  now", _count(due), _count(held), "", "", "", _count(doubts), style=style)
        return table

    def _lines(self, now: Standing) -> "Iterator[RenderableType]":
        from rich.text import Text

        rate = self._measures.sent.per_second()
        due = sum(now.due.values())
        left = f", about {_span(due / rate)} left" if due and rate else ""
        yield Text(f"{rate:,.1f} sent a second{left}; the oldest that is due has waited {_span(now.queue_seconds)}.")
        if now.places_due:
            yield Text(f"{_count(now.places_due)} steps have fallen due and are planned next.")
        for name in now.open_breakers():
            breaker = now.breakers[name]
            until = f"{breaker.open_until:%H:%M:%S}"
            yield Text(f"{name} is left alone until {until} UTC: {breaker.because}", style="bold red")
        for held in now.holds:
            yield Text(f"Held back since {held.since:%Y-%m-%d %H:%M}: {held.kind} {held.name}".rstrip(), style="bold")
        if now.alerts:
            number = len(now.alerts)
            said = f"{_count(number)} {'alert waits' if number == 1 else 'alerts wait'}: `rekindle alerts list`"
            yield Text(said, style="bold white on red")
        if now.intake:
            yield Text(f"{_count(now.intake)} calls of providers wait to be reacted to.")
        yield Text(_wake(now), style="dim")
        for each in self._problems:
            yield Text(each, style="red")


def _ended(counted: Mapping[tuple[str, str], int], channel: str) -> list[str]:
    return [_count(counted.get((channel, status), 0)) for status in ("sent", "skipped", "failed", "in_doubt")]


def _wake(now: Standing) -> str:
    if now.next_wake is None:
        return "Nothing is to come."
    if now.next_wake <= now.at:
        return "Working."
    return f"Next: {now.next_wake:%a %Y-%m-%d %H:%M} UTC, in {_span((now.next_wake - now.at).total_seconds())}."


def _count(number: int) -> str:
    return f"{MOST:,}+" if number >= MOST else f"{number:,}" if number else "–"


def _span(seconds: float) -> str:
    for size, name in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {name}"
    return f"{seconds:,.0f} seconds"
