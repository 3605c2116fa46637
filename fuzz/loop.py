"""An event loop on a virtual clock: whoever sleeps lets time pass, and nobody waits for it."""

import asyncio
import math
import selectors
from collections.abc import Callable, Coroutine
from datetime import timedelta
from threading import Thread
from typing import Any, TypeVar

from engine.clock import VirtualClock

T = TypeVar("T")


class _Leaping(selectors.SelectSelector):
    """Looks at what is ready now; where the loop would wait, the clock leaps instead."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if not found and timeout is None:
            raise RuntimeError("The simulated process waits for what never comes.")
        if not found and timeout:
            # Up to a whole millisecond: what a clock cannot tell apart would never have passed.
            self._clock.fast_forward(timedelta(milliseconds=math.ceil(timeout * 1000)))
        return found


class LeapingLoop(asyncio.SelectorEventLoop):
    """Its time is the virtual clock's, also where that is moved by others."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        super().__init__(_Leaping(clock))
        self._clock_resolution = 0.001  # what is due within it is due: an instant has no room for a finer one

    def time(self) -> float:
        return self._clock.now().timestamp()


def run(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T]) -> T:
    """Run something to its end, and let nothing of it go on behind it."""
    try:
        return loop.run_until_complete(work)
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))


def beside(work: Callable[[], T]) -> T:
    """Do something that runs a loop of its own while another loop stands still; whatever it raises comes through."""
    found: list[T] = []
    wrong: list[BaseException] = []

    def in_thread() -> None:
        try:
            found.append(work())
        except BaseException as error:  # Died is none of Exception's
            wrong.append(error)

    thread = Thread(target=in_thread)
    thread.start()
    thread.join()
    if wrong:
        raise wrong[0]
    return found[0]
