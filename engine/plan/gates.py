"""The questions asked before a send, in order: consent, suppression, pause, life event, cap, window, lateness.

Each gate is a pure function of a Case and the instant at which the message would go. A skip ends the asking; a
deferral moves that instant forward and the later gates are asked about the moved one. Asked when a delivery is planned
and again in the last transaction before it is sent.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from engine.clock import UnknownZone
from engine.model.campaign import Caps, Urgency
from engine.model.delivery import MovedBecause, SkipReason
from engine.model.enrollment import EnrollmentStatus
from engine.plan.local import wall_time
from engine.plan.window import Window, next_day_open, next_open

# Past its own instant by this much, a message is catching up: it then never joins another in the same window.
CATCHING_UP = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Send:
    """Nothing stands against it."""


@dataclass(frozen=True, slots=True)
class Skip:
    """Never send it, and say why."""

    reason: SkipReason


@dataclass(frozen=True, slots=True)
class Defer:
    """Not now: ask again at `until` (aware, UTC)."""

    until: datetime
    because: MovedBecause


Decision = Send | Skip | Defer


class Case(NamedTuple):
    """All that the gates may know of one delivery. Instants are aware UTC; `due_at` is its step's own.

    `sent_today` and `sent_this_week` count messages on the partner's own calendar day and Monday-to-Sunday week of the
    asking. `shared` says that the other partner gets this very step at this very address.
    """

    timezone: str
    window: Window
    caps: Caps
    due_at: datetime
    expires_at: datetime
    has_address: bool
    consented: bool
    suppressed: bool
    shared: bool
    enrollment: EnrollmentStatus
    paused_until: datetime | None
    life_event: bool
    sent_today: int
    sent_this_week: int
    left: bool = False


Gate = Callable[[Case, datetime], Decision]
SEND = Send()


def consent(case: Case, at: datetime) -> Decision:
    """May we write to this partner on this channel at all?"""
    if not case.has_address:
        return Skip(SkipReason.NO_ADDRESS)
    return SEND if case.consented else Skip(SkipReason.NO_CONSENT)


def suppression(case: Case, at: datetime) -> Decision:
    """Is the address on the suppression list, or already getting this step through the other partner?"""
    if case.suppressed:
        return Skip(SkipReason.SUPPRESSED)
    return Skip(SkipReason.SHARED_ADDRESS) if case.shared else SEND


def pause(case: Case, at: datetime) -> Decision:
    """Is the partner still here, the enrollment running, and neither the couple nor the partner paused?"""
    if case.left:
        return Skip(SkipReason.LEFT)
    if case.enrollment is EnrollmentStatus.STOPPED:
        return Skip(SkipReason.STOPPED)
    if case.enrollment is EnrollmentStatus.PAUSED or (case.paused_until is not None and at < case.paused_until):
        return Skip(SkipReason.PAUSED)
    return SEND


def life_event(case: Case, at: datetime) -> Decision:
    """Has the couple told us of a loss or a separation?"""
    return Skip(SkipReason.LIFE_EVENT) if case.life_event else SEND


def frequency_cap(case: Case, at: datetime) -> Decision:
    """Has this partner had their share today or this week? Late messages never make a burst."""
    try:
        if case.sent_this_week >= case.caps.per_week:
            return _into_a_later_window(case, at, _days_to_monday(case, at), MovedBecause.FREQUENCY_CAP)
        if case.sent_today >= case.caps.per_day:
            return _into_a_later_window(case, at, 1, MovedBecause.FREQUENCY_CAP)
        if case.sent_today and at - case.due_at > CATCHING_UP:
            return _into_a_later_window(case, at, 1, MovedBecause.CATCH_UP)
    except UnknownZone:
        return Skip(SkipReason.UNKNOWN_TIMEZONE)
    return SEND


def window(case: Case, at: datetime) -> Decision:
    """Is it an hour at which this partner may be reached, where they are?"""
    try:
        opens = next_open(at, case.timezone, case.window)
    except UnknownZone:
        return Skip(SkipReason.UNKNOWN_TIMEZONE)
    if opens is None:
        return Skip(SkipReason.OUTSIDE_WINDOW)
    return SEND if opens == at else Defer(opens, MovedBecause.WINDOW)


def lateness(case: Case, at: datetime) -> Decision:
    """Is there still a point in it?"""
    return Skip(SkipReason.TOO_LATE) if at > case.expires_at else SEND


GATES: tuple[Gate, ...] = (consent, suppression, pause, life_event, frequency_cap, window, lateness)

GATES_OF: Mapping[Urgency, tuple[Gate, ...]] = {
    Urgency.PLANNED: GATES,
    Urgency.NEWS: (consent, suppression, pause, life_event, window, lateness),
    Urgency.ASKED: (consent, suppression, lateness),
}

_TOO_LATE_BECAUSE = {
    MovedBecause.FREQUENCY_CAP: SkipReason.FREQUENCY_CAP,
    MovedBecause.CATCH_UP: SkipReason.TOO_LATE,
    MovedBecause.WINDOW: SkipReason.OUTSIDE_WINDOW,
}


def ask(case: Case, now: datetime, gates: tuple[Gate, ...] = GATES) -> Decision:
    """The gates' joint answer about sending at `now`."""
    at, deferral = now, None
    for gate in gates:
        decision = gate(case, at)
        if decision is SEND:
            continue
        if isinstance(decision, Skip):
            # Too late only because it had to wait: say what it waited for.
            if decision.reason is SkipReason.TOO_LATE and deferral is not None and now <= case.expires_at:
                return Skip(_TOO_LATE_BECAUSE[deferral.because])
            return decision
        if isinstance(decision, Defer):
            deferral, at = decision, decision.until
    return deferral or SEND


def _days_to_monday(case: Case, at: datetime) -> int:
    return 7 - wall_time(at, case.timezone).weekday()


def _into_a_later_window(case: Case, at: datetime, days: int, because: MovedBecause) -> Decision:
    opens = next_day_open(at, case.timezone, case.window, days)
    return Skip(SkipReason.OUTSIDE_WINDOW) if opens is None else Defer(opens, because)
