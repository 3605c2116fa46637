"""Putting a message off: the same again, at its own local time on the day after whoever got it asked for that."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Protocol

from sqlalchemy import Connection

from engine.clock import UnknownZone
from engine.model.campaign import Campaign, Step
from engine.model.words import Described
from engine.plan.local import at, local_day, wall_time
from engine.plan.window import narrowed, next_open
from engine.store import copies
from engine.store.copies import Copy
from engine.store.questions import Question

MOST_COPIES = 3
"""How often one message is put off."""


class Later(Described):
    """What becomes of a message that is to come later."""

    COMES = "comes", "It comes again."
    ENOUGH = "enough", "It was put off often enough."
    PAUSED = "paused", "It would come while its partner is paused."
    OVER = "over", "Nothing of its campaign comes any more, or nobody knows what time it is there."


@dataclass(frozen=True, slots=True)
class PutOff:
    """The outcome, and when it comes again or the pause ends."""

    outcome: Later
    moment: datetime | None = None


class Reached(Protocol):
    """Whoever a message is for, as far as reaching them goes."""

    @property
    def timezone(self) -> str: ...
    @property
    def paused_until(self) -> datetime | None: ...
    @property
    def reach_days(self) -> frozenset[int] | None: ...
    @property
    def reach_from(self) -> time | None: ...
    @property
    def reach_until(self) -> time | None: ...


def put_off(
    connection: Connection, question: Question, step: Step, campaign: Campaign, reached: Reached, asked_at: datetime
) -> PutOff:
    """Plan a copy of a message, in the caller's transaction; one that waits already is enough."""
    if copies.is_stopped(connection, question):
        return PutOff(Later.OVER)
    known = copies.of(connection, question)
    waiting = _waiting(known)
    if waiting is not None:
        return PutOff(Later.COMES, _within_hours(waiting, campaign, reached))
    number = known[-1].number + 1
    if number > MOST_COPIES:
        return PutOff(Later.ENOUGH)
    try:
        due_at = _same_time_next_day(known[0].due_at, asked_at, reached.timezone)
    except UnknownZone:  # it would never be sent
        return PutOff(Later.OVER)
    if reached.paused_until is not None and due_at < reached.paused_until:
        return PutOff(Later.PAUSED, reached.paused_until)
    copies.add(connection, question, number, due_at, due_at + step.late_after)
    return PutOff(Later.COMES, _within_hours(due_at, campaign, reached))


def comes_again(connection: Connection, question: Question, campaign: Campaign, reached: Reached) -> datetime | None:
    """When a message that was put off comes again; None when nothing of it waits."""
    waiting = _waiting(copies.of(connection, question))
    return None if waiting is None else _within_hours(waiting, campaign, reached)


def _waiting(known: Sequence[Copy]) -> datetime | None:
    return next((copy.due_at for copy in known if copy.number and copy.waiting), None)


def _same_time_next_day(due_at: datetime, asked_at: datetime, timezone: str) -> datetime:
    """The wall time of `due_at` on the partner's day after the one on which they asked."""
    return at(local_day(asked_at, timezone) + timedelta(days=1), wall_time(due_at, timezone).time(), timezone)


def _within_hours(due_at: datetime, campaign: Campaign, reached: Reached) -> datetime:
    """When it comes again: where the window is closed by then, when that opens."""
    window = narrowed(campaign.window, reached.reach_days or frozenset(), reached.reach_from, reached.reach_until)
    return next_open(due_at, reached.timezone, window) or due_at
