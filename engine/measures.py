"""What one process has done and how long it took, since it started: plain numbers, for whoever shows them."""

from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from engine.clock import stopwatch

SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""The upper bounds that durations are sorted by."""
WINDOW = 60.0
"""Seconds over which the rate is taken."""


class Histogram:
    """How often something took up to so long. `counts` has one more entry than there are bounds: what took longer."""

    def __init__(self, bounds: tuple[float, ...] = SECONDS) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, seconds: float, times: int = 1) -> None:
        """Something took so long, so many times."""
        self.counts[bisect_left(self.bounds, seconds)] += times
        self.total += seconds * times


class Rate:
    """How many a second, over the last minute; over less while there is less to look back on.

    It holds what came in a minute and no more, whether or not anybody ever asks.
    """

    def __init__(self, now: Callable[[], float] = stopwatch) -> None:
        self._now = now
        self._began = now()
        self._seen: deque[tuple[float, int]] = deque()

    def add(self, number: int) -> None:
        """So many, now."""
        if number:
            now = self._now()
            self._forget(now)
            self._seen.append((now, number))

    def per_second(self) -> float:
        """The rate; 0 when there was nothing for a minute."""
        now = self._now()
        self._forget(now)
        return sum(number for _, number in self._seen) / max(min(now - self._began, WINDOW), 1.0)

    def _forget(self, now: float) -> None:
        while self._seen and now - self._seen[0][0] > WINDOW:
            self._seen.popleft()


class Shed:
    """Web requests that there was no room for: how many, by kind and why, such as ("page", "busy")."""

    def __init__(self, now: Callable[[], float] = stopwatch) -> None:
        self.counted: Counter[tuple[str, str]] = Counter()
        self._now = now
        self._last: float | None = None

    def add(self, kind: str, why: str) -> None:
        """One more, now."""
        self.counted[kind, why] += 1
        self._last = self._now()

    def lately(self) -> bool:
        """Whether there was one in the last minute."""
        return self._last is not None and self._now() - self._last <= WINDOW


@dataclass
class Measures:
    """`ends` counts by channel, status and reason, as in "sms skipped paused"; it only grows."""

    ends: Counter[str] = field(default_factory=Counter)
    sent: Rate = field(default_factory=Rate)
    tick: Histogram = field(default_factory=Histogram)
    claim_to_record: Histogram = field(default_factory=Histogram)
    told: Counter[tuple[str, str]] = field(default_factory=Counter)  # tellings of incidents, by way and what came of it
    shed: Shed = field(default_factory=Shed)

    def add(self, ends: Counter[str]) -> None:
        """Take over what a batch came to."""
        self.ends.update(ends)
        self.sent.add(sum(number for name, number in ends.items() if name.split()[1] == "sent"))


def end(channel: str, status: str, reason: str | None = None) -> str:
    """The name under which a delivery's end is counted."""
    return f"{channel} {status} {reason}" if reason else f"{channel} {status}"


def parts(name: str) -> tuple[str, str, str]:
    """Channel, status and reason ("" for none) of such a name."""
    channel, status, *reason = name.split(" ")
    return channel, status, reason[0] if reason else ""
