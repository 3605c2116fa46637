"""`rekindle worker --processes N`: one process for each core, and this one, which does nothing but see that they live.

A child that dies is replaced, later each time while it goes on dying. One that says nothing for a while hangs: it is
killed and replaced; what it was sending is then in doubt, as after any crash, and what it had only claimed is free. How
much that is, and where to look at it, is told.
"""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from engine.clock import stopwatch
from engine.errors import StoreError
from engine.model.action import Action, note

log = logging.getLogger(__name__)

HEART = "REKINDLE_WORKER_HEART"
"""The environment variable that tells a child the number of the pipe that it says into that it lives."""
SILENT_SECONDS = 90.0
"""How long a child may say nothing, once it has begun to: longer than some statements that each wait for a lock."""
STEADY_SECONDS = 60.0
"""Who has lived so long is replaced at once when it dies."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
PATIENCE_SECONDS = 300.0
"""How long a child that was told to stop may take, to record what it handed over."""


@dataclass
class _Child:
    number: int
    process: asyncio.subprocess.Process
    born: float
    heart: int
    heard: float | None = field(default=None)


class Crew:
    """Keeps `size` children alive, each this very command again with a heart of its own."""

    def __init__(
        self, size: int, command: Sequence[str] | None = None, left_by: Callable[[int], int] = lambda pid: 0
    ) -> None:
        """`left_by`: how many deliveries the process with this id was sending when it ended; it may raise StoreError,
        and is called in a thread.
        """
        self._size = size
        self._left_by = left_by
        self._command = command or [sys.executable, *sys.orig_argv[1:]]
        self._ended = asyncio.Event()

    async def keep(self) -> None:
        """Until SIGTERM or SIGINT; then tell every child to stop, wait for it, and return."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ended.set)
        await asyncio.gather(*(self._keep_one(number) for number in range(1, self._size + 1)))

    async def _keep_one(self, number: int) -> None:
        pause = FIRST_PAUSE
        while not self._ended.is_set():
            child = await self._begin(number)
            try:
                code = await self._until_it_ends(child)
            finally:
                asyncio.get_running_loop().remove_reader(child.heart)
                os.close(child.heart)
            telling = asyncio.create_task(self._say_what_it_left(child, code))
            if self._ended.is_set():
                await telling
                return
            pause = FIRST_PAUSE if stopwatch() - child.born > STEADY_SECONDS else min(pause * 2, LONGEST_PAUSE)
            said = f"Worker {number} ended; another begins in {pause:.0f} s."
            note(log, Action.WORKER_ENDED, said, logging.WARNING, worker=number, code=code)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._ended.wait()
            await telling

    async def _say_what_it_left(self, child: _Child, code: int) -> None:
        """Say how many deliveries are in doubt because a child did not end in good order, and what shows them."""
        if not code:
            return
        try:
            left = await asyncio.to_thread(self._left_by, child.process.pid)
        except StoreError:  # it cannot be known now, and is told as soon as they are in doubt
            return
        if left:
            said = (
                f"Worker {child.number} ended while it was sending {left}: whether they arrived is in doubt. "
                "`rekindle deliveries list --status in_doubt` shows them once its lease has run out."
            )
            note(log, Action.DOUBT, said, logging.WARNING, worker=child.number, pid=child.process.pid, doubted=left)

    async def _begin(self, number: int) -> _Child:
        mine, theirs = os.pipe()
        os.set_blocking(mine, False)
        process = await asyncio.create_subprocess_exec(
            *self._command,
            env={**os.environ, HEART: str(theirs)},
            pass_fds=(theirs,),
            start_new_session=True,  # Ctrl-C is for this process to pass on
        )
        os.close(theirs)
        child = _Child(number, process, stopwatch(), mine)

        def heard() -> None:
            if not os.read(mine, 4096):
                asyncio.get_running_loop().remove_reader(mine)  # it has ended
            child.heard = stopwatch()

        asyncio.get_running_loop().add_reader(mine, heard)
        note(log, Action.WORKER_BEGAN, f"Worker {number} begins.", worker=number, pid=process.pid)
        return child

    async def _until_it_ends(self, child: _Child) -> int:
        gone = asyncio.ensure_future(child.process.wait())
        ended = asyncio.ensure_future(self._ended.wait())
        try:
            while not gone.done():
                await asyncio.wait({gone, ended}, timeout=1, return_when=asyncio.FIRST_COMPLETED)
                if self._ended.is_set():
                    _send(child, signal.SIGTERM)
                    await asyncio.wait({gone}, timeout=PATIENCE_SECONDS)
                    _send(child, signal.SIGKILL)
                    break
                if child.heard is not None and stopwatch() - child.heard > SILENT_SECONDS and not gone.done():
                    said = f"Worker {child.number} says nothing any more, and is replaced."
                    note(log, Action.WORKER_HUNG, said, logging.ERROR, worker=child.number)
                    _send(child, signal.SIGKILL)
            return await gone
        finally:
            ended.cancel()


def _send(child: _Child, number: signal.Signals) -> None:
    if child.process.returncode is None:
        with suppress(ProcessLookupError):
            child.process.send_signal(number)
