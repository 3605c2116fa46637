"""Keeps the leases of what is on its way from running out, as long as its process lives.

A transport may take longer over a batch than a lease lasts: a slow relay, one connection. What still waits its turn in
there would look lost to others, who would believe "it never arrived" and send it; then its turn would come.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from engine.clock import Clock
from engine.errors import StoreError
from engine.store import ledger
from engine.store.database import Database

RENEWALS = 3
"""How often a lease is renewed in the time that it lasts."""


@asynccontextmanager
async def holding(
    database: Database, clock: Clock, held: Sequence[tuple[int, int]], lease: timedelta
) -> AsyncIterator[None]:
    """While the block lasts, renew the leases of these deliveries, (id, fence)."""

    async def renew() -> None:
        while True:
            await asyncio.sleep(lease.total_seconds() / RENEWALS)
            with suppress(StoreError), database.begin(shared=True) as connection:  # a busy one is asked again
                ledger.renew(connection, held, clock.now() + lease)

    renewing = asyncio.create_task(renew())
    try:
        yield
    finally:
        renewing.cancel()
