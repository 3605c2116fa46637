"""A thread for what runs a loop of its own, and stand-ins for its objects that may be used from any thread.

Playwright's synchronous interface keeps a loop running in the thread that it is used in, where `asyncio.run`, which
half of our tests call, would then be refused.
"""

import threading
from collections.abc import Callable
from functools import partial, wraps
from queue import SimpleQueue
from typing import Any

Job = tuple[Callable[[], Any], "SimpleQueue[tuple[bool, Any]]"]


class Aside:
    """The thread. What is run in it is waited for."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="aside", daemon=True)
        self._thread.start()

    def run(self, work: Callable[..., Any], *given: Any, **named: Any) -> Any:
        """What it comes to: a stand-in for an object of Playwright's, else the thing itself."""
        given = tuple(map(self._real, given))
        named = {name: self._real(value) for name, value in named.items()}
        if threading.current_thread() is self._thread:  # an event's handler
            return self._stand_in(work(*given, **named))
        answer: SimpleQueue[tuple[bool, Any]] = SimpleQueue()
        self._jobs.put((partial(work, *given, **named), answer))
        good, result = answer.get()
        if not good:
            raise result
        return self._stand_in(result)

    def end(self) -> None:
        self._jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            work, answer = job
            try:
                answer.put((True, work()))
            except BaseException as error:
                answer.put((False, error))

    def _stand_in(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._stand_in(each) for each in value]
        ours = type(value).__module__.startswith("playwright.") and not isinstance(value, Exception | dict)
        return StandIn(self, value) if ours else value

    def _real(self, value: Any) -> Any:
        if isinstance(value, StandIn):
            return value._real
        if callable(value) and not isinstance(value, type):  # a handler, which is to get stand-ins too

            @wraps(value)  # how many arguments it gets goes by its signature
            def handler(*given: Any) -> Any:
                return value(*map(self._stand_in, given))

            return handler
        return value


class StandIn:
    """Does whatever its real object does, in the thread of that."""

    def __init__(self, aside: Aside, real: Any) -> None:
        self._aside = aside
        self._real = real

    def __getattr__(self, name: str) -> Any:
        found = self._aside.run(getattr, self._real, name)
        return partial(self._aside.run, found) if callable(found) and not isinstance(found, StandIn) else found

    def __enter__(self) -> Any:
        return self._aside.run(self._real.__enter__)

    def __exit__(self, *error: Any) -> Any:
        return self._aside.run(self._real.__exit__, *error)
