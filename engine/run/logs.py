"""Structured logs: one line an event, as JSON or as key=value, with a stable `action` (model.action).

Only our own words are let through. What a library logs may quote an address or a path with a token in it: of that the
library's name and the level are kept, and an exception's class.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TextIO

from engine.clock import Clock
from engine.model.action import Action
from engine.model.words import Described

OURS = "engine"
log = logging.getLogger(__name__)


class Style(Described):
    """How `rekindle run` and `rekindle web` say what happens."""

    AUTO = "auto", "The live view on a terminal (`run`), lines of text elsewhere."
    LIVE = "live", "A view of how things stand, which moves."
    TEXT = "text", "One line an event: key=value."
    JSON = "json", "One JSON object an event."


@contextmanager
def logging_to(stream: TextIO | None, style: Style, clock: Clock) -> Iterator[None]:
    """Write what is logged to `stream` while the block runs, in the TEXT or JSON style; None writes nothing."""
    handler: logging.Handler = logging.NullHandler() if stream is None else Lasting(stream)
    handler.setFormatter(JsonLines(clock) if style is Style.JSON else TextLines(clock))
    root, ours = logging.getLogger(), logging.getLogger(OURS)
    before = ours.level
    root.addHandler(handler)
    ours.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.removeHandler(handler)
        ours.setLevel(before)


class Lasting(logging.StreamHandler[TextIO]):
    """Goes on where a line cannot be written (a full disk, a pipe that nobody reads), and says later how many were."""

    lost = 0

    def emit(self, record: logging.LogRecord) -> None:
        lost = self.lost
        super().emit(record)
        if lost and self.lost == lost:  # it could be written
            self.lost = 0
            said = f"{lost} lines of this log could not be written."
            facts = {"action": Action.LOG_LOST.value, "facts": {"number": lost}}
            super().emit(log.makeRecord(log.name, logging.WARNING, "", 0, said, (), None, extra=facts))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name for it
        """Count it: nothing that is sent may depend on a log."""
        self.lost += 1


class _Lines(logging.Formatter):
    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def fields(self, record: logging.LogRecord) -> dict[str, Any]:
        """What a line says, in its order."""
        own = record.name.partition(".")[0] == OURS
        facts: Mapping[str, object] = getattr(record, "facts", {}) if own else {}
        found: dict[str, Any] = {
            "at": plain(self._clock.now()),
            "level": record.levelname.lower(),
            "action": getattr(record, "action", "log") if own else "library",
            "said": record.getMessage() if own else f"{record.name.partition('.')[0]} has something to say.",
            **{name: plain(value) for name, value in facts.items()},
        }
        if record.exc_info and record.exc_info[0] is not None:
            found["error"] = record.exc_info[0].__name__
        return found


class JsonLines(_Lines):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(self.fields(record), ensure_ascii=False, default=str)


class TextLines(_Lines):
    """One line of key=value; a value with a space or a quote in it is in quotes, as in JSON."""

    def format(self, record: logging.LogRecord) -> str:
        return " ".join(f"{name}={_quoted(value)}" for name, value in self.fields(record).items())


def plain(value: object) -> object:
    """A fact as lines carry it: instants to the second, in UTC."""
    if isinstance(value, datetime):
        return f"{value.isoformat(timespec='seconds')[:19]}Z"
    return round(value, 3) if isinstance(value, float) else value


def _quoted(value: object) -> str:
    text = json.dumps(value) if isinstance(value, bool) else str(value)
    clean = text.isprintable() and not set(text) & {" ", '"', "="}
    return text if text and clean else json.dumps(text, ensure_ascii=False)
