"""Turns what passes and looks come to into log lines; and remembers what was said, so that it is said once."""

import logging
from collections.abc import Sequence
from datetime import datetime

from engine.app import Tick
from engine.deliver.sentinel import Looked
from engine.deliver.telling import Told, title
from engine.errors import Away, RekindleError
from engine.model.action import Action, note
from engine.model.hold import HoldKind
from engine.store.standing import Standing

log = logging.getLogger(__name__)


class Journal:
    """One for the process."""

    def __init__(self) -> None:
        self._resting: set[str] = set()
        self._held: set[tuple[HoldKind, str]] = set()
        self._away = 0

    def started(self, said: str, **facts: object) -> None:
        """The process begins."""
        note(log, Action.START, said, **facts)

    def stopped(self, said: str) -> None:
        """It has ended."""
        note(log, Action.STOP, said)

    def ticked(self, done: Tick, left: str = "", seconds: float | None = None) -> None:
        """A pass did something."""
        planned, sent, found, caught = done.planned, done.delivered, done.reconciled, done.caught
        if planned.places:
            facts = {"planned": planned.planned, "skipped": planned.skipped, "failed": planned.failed}
            note(log, Action.PLAN, f"{planned.places} steps fell due.", **facts)
        counts = {
            name: getattr(sent, name) for name in ("sent", "skipped", "deferred", "retried", "failed", "in_doubt")
        }
        if any(counts.values()):
            level = logging.WARNING if sent.failed or sent.in_doubt else logging.INFO
            note(log, Action.SEND, f"{sent.sent} sent.", level, **counts)
        if sent.held or sent.paced_until is not None:
            note(log, Action.HOLD, "Some wait for a limit or a transport.", held=sent.held, until=sent.paced_until)
        if any(vars(found).values()):
            note(log, Action.DOUBT, "Doubts came up or were settled.", **vars(found))
        if any(vars(caught).values()):
            level = logging.WARNING if caught.failed else logging.INFO
            note(log, Action.HEAR, "Stored calls were caught up with.", level, **vars(caught))
        for problem in sent.problems:
            note(log, Action.MEND, f"Mend this transport: {problem}", logging.WARNING, transport=problem.split(":")[0])
        note(log, Action.TICK, summary(done) + left, **({} if seconds is None else {"seconds": seconds}))

    def looked(self, looked: Looked) -> None:
        """A look around: what is new since the last one."""
        now = looked.standing
        self._breakers(now)
        self._holds(now)
        for each in looked.began:
            facts = {"incident": each.id, "kind": each.kind, "about": each.about, "number": each.number}
            note(log, Action.INCIDENT_BEGAN, f"{title(each).capitalize()}. {each.command}", logging.WARNING, **facts)
        for each in looked.ended:
            facts = {"incident": each.id, "kind": each.kind, "about": each.about, "since": each.since}
            note(log, Action.INCIDENT_ENDED, f"Over: {title(each)}.", **facts)

    def told(self, told: Sequence[Told]) -> None:
        """What came of telling the operator."""
        for each in told:
            facts = {"incident": each.telling.incident.id, "way": each.telling.way, "tries": each.telling.tries}
            if each.state == "told":
                note(log, Action.TOLD, f"The operator was told by {each.telling.way}.", **facts)
            else:
                said = "is given up" if each.state == "given_up" else "is tried again"
                note(
                    log, Action.TELL_FAILED, f"Telling the operator by {each.telling.way} failed; it {said}.",
                    logging.WARNING, **facts, state=each.state,
                )  # fmt: skip

    def away(self, error: Away) -> None:
        """The database cannot be used at the moment; the process goes on. Of one absence the first, second, fourth, …
        is told.
        """
        self._away += 1
        if self._away & (self._away - 1) == 0:
            facts = {"error": type(error).__name__, "number": self._away}
            note(log, Action.STORE_AWAY, f"{error} {error.fix}".strip(), logging.ERROR, **facts)

    def back(self) -> None:
        """It could be used again."""
        if self._away:
            note(log, Action.STORE_BACK, "The database can be used again.", number=self._away)
        self._away = 0

    def tick_failed(self, error: Exception) -> None:
        """A pass failed: the process ends with it."""
        note(log, Action.TICK_FAILED, _words(error), logging.ERROR, error=type(error).__name__)

    def watch_failed(self, error: Exception) -> None:
        """A look around, or telling, failed."""
        note(log, Action.WATCH_FAILED, _words(error), logging.WARNING, error=type(error).__name__)

    def _breakers(self, now: Standing) -> None:
        resting = set(now.open_breakers())
        for name in sorted(resting - self._resting):
            breaker = now.breakers[name]
            note(
                log, Action.BREAKER_OPENED, f"The transport {name} is left alone for now.", logging.WARNING,
                transport=name, failures=breaker.failures, until=breaker.open_until,
            )  # fmt: skip
        working = self._resting - now.breakers.keys()
        for name in sorted(working):
            note(log, Action.BREAKER_CLOSED, f"The transport {name} works again.", transport=name)
        self._resting = (self._resting | resting) - working

    def _holds(self, now: Standing) -> None:
        held = {(each.kind, each.name) for each in now.holds}
        for kind, name in sorted(held - self._held):
            note(log, Action.PAUSED, f"Held back: {kind} {name}".strip() + ".", kind=kind, about=name)
        for kind, name in sorted(self._held - held):
            note(log, Action.RESUMED, f"No longer held back: {kind} {name}".strip() + ".", kind=kind, about=name)
        self._held = held


def _words(error: Exception) -> str:
    """Ours, where they are ours: a library's may be anybody's."""
    return str(error) if isinstance(error, RekindleError) else "It failed."


def did_anything(done: Tick) -> bool:
    """Whether a pass is worth a line."""
    parts = (done.planned, done.delivered, done.reconciled, done.caught)
    return any(each for part in parts for each in vars(part).values() if not isinstance(each, datetime))


def summary(done: Tick) -> str:
    """What a pass did, in one sentence."""
    sent, planned, found = done.delivered, done.planned, done.reconciled
    parts = [
        f"planned {planned.planned}",
        f"sent {sent.sent}",
        f"skipped {planned.skipped + sent.skipped}",
        f"deferred {sent.deferred}",
        f"held {sent.held}",
        f"to retry {sent.retried}",
        f"failed {planned.failed + sent.failed}",
        f"in doubt {sent.in_doubt + found.doubted}",
    ]
    return ", ".join(parts).capitalize() + "."
