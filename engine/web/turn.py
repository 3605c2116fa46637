"""Whose turn it is to write: one at a time, in a thread of its own: SQLite has one writer, and the loop never waits.

What nobody may tell us again (a provider's call, an order to stop) comes `first`; everything else waits meanwhile, and
is told so when that takes too long. Pages that only look have other threads, and keep no call from being stored.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from engine.errors import StoreError, Unreadable

T = TypeVar("T")

TRYING_SECONDS = 30.0
"""So long a busy database is asked again, though the caller may have hung up: Twilio waits 15 seconds and, told that it
was in vain, does not call again unless it was set to.
"""
WAITING_SECONDS = 20.0
"""So long somebody waits for their turn who does not come first."""


class Turn:
    """Shared by all routes of an app."""

    def __init__(self) -> None:
        self._taken = False
        self._first: deque[asyncio.Future[None]] = deque()
        self._then: deque[asyncio.Future[None]] = deque()
        self._thread = ThreadPoolExecutor(1, "turn")

    async def take(self, work: Callable[[], T], *, first: bool = False) -> T:
        """Do it when nobody else does anything; `first` before all who wait and do not come first.

        StoreError when another process keeps the database busy, or when others come first for too long.
        """
        await self._wait(first)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        finally:
            self._pass_on()

    async def insist(self, work: Callable[[], T], *, first: bool = False) -> T:
        """The same for what nobody may tell us again: begun anew, others between, until the database is free."""
        loop = asyncio.get_running_loop()
        until = loop.time() + TRYING_SECONDS
        while True:
            try:
                return await self.take(work, first=first)
            except StoreError as error:
                if loop.time() >= until or isinstance(error, Unreadable):  # which waiting does not mend
                    raise
                await asyncio.sleep(0.1)

    async def _wait(self, first: bool) -> None:
        if not self._taken:
            self._taken = True
            return
        line = self._first if first else self._then
        mine = asyncio.get_running_loop().create_future()
        line.append(mine)
        try:
            async with asyncio.timeout(None if first else WAITING_SECONDS):
                await mine
        except BaseException as error:
            if mine.done() and not mine.cancelled():  # it was given the turn, and is gone
                self._pass_on()
            if isinstance(error, TimeoutError):
                raise StoreError("Too much is being written at the moment.", fix="Try again in a minute.") from None
            raise

    def _pass_on(self) -> None:
        for line in (self._first, self._then):
            while line:
                following = line.popleft()
                if not following.done():  # whoever waited may have left
                    following.set_result(None)
                    return
        self._taken = False
