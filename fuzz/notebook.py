"""What those around the engine write down, as it happens; `n` counts it all in one order."""

import logging
from collections import Counter
from typing import Any

from engine.clock import VirtualClock
from fuzz.record import Accepted, Called, Done, Intent, Shown


class Notebook:
    """One for a life."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.intents: list[Intent] = []
        self.accepted: list[Accepted] = []
        self.called: list[Called] = []
        self.fates: dict[int, set[str]] = {}
        self.blank: set[int] = set()
        self.refused: set[str] = set()
        self.done: list[Done] = []
        self.shown: list[Shown] = []
        self.faults: Counter[str] = Counter()
        self.said: list[str] = []
        self.troubled: list[float] = []
        self._n = 0

    def next(self) -> int:
        """The number of what happens now."""
        self._n += 1
        return self._n

    @property
    def at(self) -> float:
        return self.clock.now().timestamp()

    def intend(self, delivery: int) -> None:
        self.intents.append(Intent(self.next(), self.at, delivery))

    def tell(self, happening: int, told: bool, **about: Any) -> None:
        self.done.append(Done(self.next(), self.at, happening, told, about))

    def show(self, person: int, what: str, text: str) -> None:
        self.shown.append(Shown(self.next(), self.at, person, what, text))

    def hear(self, error: BaseException) -> None:
        """Keep what an error says: operators see it."""
        self.said.append(f"{type(error).__name__}: {error}")


class Listening(logging.Handler):
    """Writes every line of a log down."""

    def __init__(self, notebook: Notebook) -> None:
        super().__init__()
        self._notebook = notebook

    def emit(self, record: logging.LogRecord) -> None:
        self._notebook.said.append(f"{record.getMessage()} {record.exc_info[1] if record.exc_info else ''}")
