"""When a transport is left alone: a circuit breaker as a value, decided from what a batch came to.

A transport that is wrong (Misconfigured) is left alone for MEND_TIME at once. One that cannot be reached, or swallows
messages without an answer, is left alone once FAILURES messages in a row have gone so, for longer each time: every
message put into a black hole is one more in doubt. After that time it gets a few messages to show that it works.

Several processes hand over at once, also when it is tried again. What was on its way by the time that the first of them
found out fails for a reason that is known: one outage counts once, however many run into it. Nor does it end a rest, or
make it shorter: a provider that asked for an hour gets it, whatever else it had taken by then.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from engine.store.breakers import Breaker
from engine.transport.base import Accepted, ConnectionFailed, Misconfigured, Outcome, OutcomeUnknown, Throttled

MEND_TIME = timedelta(minutes=5)
FAILURES = 5
FIRST_REST = timedelta(seconds=30)
LONGEST_REST = timedelta(minutes=15)
LONGEST_ASKED = timedelta(days=1)
"""How long a provider can have itself left alone; a wait of years is a mistake of its own, or of a proxy's."""
PROBE = 5
"""How many messages a transport gets to show that it works again."""


@dataclass(frozen=True, slots=True)
class Works:
    """The transport took messages, or refused them one by one, as it should."""


def decide(outcomes: Sequence[Outcome], before: Breaker | None, now: datetime, intended: datetime) -> Breaker | Works:
    """How the breaker stands after a batch of one or more outcomes, whose intent was committed at `intended`: open
    while `open_until` is later than `now`.
    """
    found = _found(outcomes, before, now, intended)
    if before is None or before.open_until <= now:
        return found
    if isinstance(found, Works):
        return before
    if found.open_until < before.open_until:
        return replace(before, failures=found.failures)
    return found


def _found(outcomes: Sequence[Outcome], before: Breaker | None, now: datetime, intended: datetime) -> Breaker | Works:
    failures = 0 if before is None else before.failures
    wrong = next((each for each in outcomes if isinstance(each, Misconfigured)), None)
    # Some codes that blame the set-up are about one recipient's country: where others went through, it is sound.
    if wrong is not None and not any(isinstance(each, Accepted) for each in outcomes):
        return Breaker(failures + 1, now + MEND_TIME, wrong.detail)
    throttled = [each for each in outcomes if isinstance(each, Throttled)]
    if len(throttled) == len(outcomes):
        waits = [each.retry_after for each in throttled if each.retry_after is not None]
        asked = min(max(waits, default=FIRST_REST), LONGEST_ASKED)
        return Breaker(failures, now + asked, "Asked to slow down.")
    failed = [each for each in outcomes if isinstance(each, ConnectionFailed | OutcomeUnknown)]
    if 2 * len(failed) <= len(outcomes):
        return Works()
    if before is not None and failures >= FAILURES and intended < before.open_until:
        return before  # it was on its way already, and tells nothing new
    failures += min(len(failed), FAILURES)
    rest = min(FIRST_REST * 2 ** min(failures // FAILURES - 1, 10), LONGEST_REST) if failures >= FAILURES else None
    return Breaker(failures, now if rest is None else now + rest, failed[0].detail)
