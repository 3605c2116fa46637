"""Whose turn it is to write: one at a time in a thread, since SQLite has one writer and the loop never waits for it."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from engine.errors import StoreError

T = TypeVar("T")

TRYING_SECONDS = 30.0
"""So long a busy database is asked again, though the caller may have hung up: Twilio waits 15 seconds and, told 500,
does not call again.
"""


class Turn:
    """Shared by all routes of an app."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def take(self, work: Callable[[], T]) -> T:
        """Do it when nobody else does anything; StoreError when another process keeps the database busy."""
        async with self._lock:
            return await asyncio.to_thread(work)

    async def insist(self, work: Callable[[], T]) -> T:
        """The same for what nobody may tell us again: begun anew, others first, until the database is free."""
        loop = asyncio.get_running_loop()
        until = loop.time() + TRYING_SECONDS
        while True:
            try:
                return await self.take(work)
            except StoreError:
                if loop.time() >= until:
                    raise
                await asyncio.sleep(0.1)
