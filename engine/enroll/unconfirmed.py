"""Forgets who signed up and never confirmed; apart from the rest of coming in, which who only sends never loads."""

from datetime import datetime, timedelta

from engine.store import confirmations, rates
from engine.store.database import Database

KEPT = timedelta(days=7)
"""For how long an address waits to be confirmed, and a sign-up with it; its link is good as long (LIFETIMES)."""


def forget_unconfirmed(database: Database, now: datetime) -> int:
    """Forget the sign-ups that nobody confirmed in time, and counts that are over; how many sign-ups."""
    with database.begin() as connection:
        rates.forget(connection, now)
        return confirmations.forget_older(connection, now - KEPT)
