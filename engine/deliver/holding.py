"""Keeps the leases of what is on its way from running out, as long as its process lives.

A transport may take longer over a batch than a lease lasts: a slow relay, one connection. What still waits its turn in
there would look lost to others, who would believe "it never arrived" and send it; then its turn would come. A machine
that slept renews nothing meanwhile: when it wakes, it finds its lease over, and hands over nothing more.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

from engine.clock import Clock
from engine.errors import StoreError
from engine.store import ledger
from engine.store.database import Database

RENEWALS = 3
"""How often a lease is renewed in the time that it lasts."""


class Lease:
    """One that lasts until `until`, by the clock of whoever has it."""

    def __init__(self, until: datetime, clock: Clock) -> None:
        self.until = until
        self._clock = clock

    def runs(self) -> bool:
        """Whether nobody else may have taken over what it is of."""
        return self._clock.now() < self.until


@asynccontextmanager
async def holding(
    database: Database, clock: Clock, held: Sequence[tuple[int, int]], until: datetime, lasting: timedelta
) -> AsyncIterator[Lease]:
    """While the block lasts, renew the leases of these deliveries, (id, fence), which last `until` then, as one."""
    lease = Lease(until, clock)

    async def renew() -> None:
        while True:
            await asyncio.sleep(lasting.total_seconds() / RENEWALS)
            with suppress(StoreError):  # a busy one is asked again
                longer = clock.now() + lasting
                with database.begin(shared=True) as connection:
                    kept = ledger.renew(connection, held, longer)
                # One that ran out is ours again only if nobody has taken over any of it meanwhile.
                if lease.runs() or kept == len(held):
                    lease.until = longer

    renewing = asyncio.create_task(renew())
    try:
        yield lease
    finally:
        renewing.cancel()
