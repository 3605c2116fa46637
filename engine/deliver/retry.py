"""When to try again after a known failure: a value, decided here and acted on by dispatch alone."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.keyed import fraction

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class RetryAt:
    """Try again at this instant (aware, UTC); the window is asked about again then."""

    at: datetime


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Trying again would be too late."""


def decide(
    delivery_id: int, attempts: int, now: datetime, expires_at: datetime, retry_after: timedelta | None = None
) -> RetryAt | GiveUp:
    """After `attempts` tries (1 or more): wait 1, 2, 4, … minutes up to an hour, or as long as the provider asks.

    The wait is spread by up to a quarter, by delivery, so that a batch that failed together does not come back at once.
    """
    wait = min(FIRST_WAIT * 2 ** min(attempts - 1, 10), LONGEST_WAIT)
    wait += wait * (fraction(str(delivery_id), attempts) / 4)
    wait = max(wait, retry_after or timedelta(0))
    # Not added up first: a provider may ask for more than the calendar has.
    return RetryAt(now + wait) if wait <= expires_at - now else GiveUp()
