"""How fast messages leave, and when those that are due will have left."""

from collections import deque
from collections.abc import Callable

from engine.clock import stopwatch

WINDOW = 60.0  # seconds over which the rate is taken


class Progress:
    """Says the rate of the last minute and the time left, while more is due than has gone; `due` counts that."""

    def __init__(self, due: Callable[[], int], now: Callable[[], float] = stopwatch) -> None:
        self._due = due
        self._now = now
        self._sent: deque[tuple[float, int]] = deque([(now(), 0)])

    def left(self, sent: int) -> str:
        """After a tick that sent so many: the rate and the time left; nothing when nothing is due."""
        self._sent.append((self._now(), sent))
        due = self._due()
        if not due:
            return ""
        while len(self._sent) > 2 and self._now() - self._sent[0][0] > WINDOW:
            self._sent.popleft()
        seconds = max(self._now() - self._sent[0][0], 1e-3)
        rate = sum(number for _, number in list(self._sent)[1:]) / seconds
        if not rate:
            return f" {due:,} are due."
        return f" {due:,} are due, at {rate:,.1f} a second: about {_span(due / rate)}."


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{max(round(seconds), 1)} seconds"
    if seconds < 5_400:
        return f"{round(seconds / 60)} minutes"
    return f"{seconds / 3_600:,.1f} hours"
