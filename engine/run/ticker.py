"""`rekindle run`: a tick every so often, one at a time, until told to stop. APScheduler keeps time and nothing else."""

import asyncio
import fcntl
import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from engine.app import Engine, Tick
from engine.errors import Refused
from engine.run.process import settle_in

log = logging.getLogger(__name__)


async def run_forever(
    engine: Engine,
    on_tick: Callable[[Tick], None] = lambda done: None,
    beside: AbstractAsyncContextManager[object] | None = None,
) -> None:
    """Tick until SIGTERM or SIGINT; then claim nothing more, record what was handed over, and return.

    `beside` is entered before the first tick and left after the last, in this loop: the web server, for one.
    Refused when another process already runs on the same SQLite file. A tick that fails (a full disk, a lock) ends
    the run with its error: a supervisor starts it again, and the store knows what is in doubt.
    """
    with only_one(engine.database.path):
        ended = asyncio.Event()
        failures: list[BaseException] = []
        alerts = AlertLog(engine)
        loop = asyncio.get_running_loop()

        def end() -> None:
            engine.stop()  # at once: a tick under way may have a long backlog still to claim
            ended.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, end)
        at_rest = asyncio.Lock()

        async def tick() -> None:
            async with at_rest:
                if ended.is_set():
                    return
                try:
                    done = await engine.tick()
                    alerts.say()
                except Exception as error:
                    failures.append(error)
                    ended.set()
                    return
                if did_anything(done):
                    on_tick(done)
                soon = done.delivered.paced_until
                if soon is not None:  # a limit held some back: go on when it lets more through, not at the next round
                    scheduler.add_job(
                        tick, "date", run_date=soon, id="paced", replace_existing=True, misfire_grace_time=None
                    )

        scheduler = AsyncIOScheduler(timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1})
        scheduler.add_job(tick, "interval", seconds=engine.settings.tick_seconds)
        scheduler.start()
        settle_in()
        try:
            async with beside or nullcontext():
                await tick()
                await ended.wait()
        finally:
            engine.stop()
            scheduler.shutdown(wait=False)
            async with at_rest:  # a tick under way records what it handed over
                await engine.aclose()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)
        if failures:
            raise failures[0]


class AlertLog:
    """Says in the log that alerts wait: how many, and nothing of whom. Once for the same ones."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._newest = 0

    def say(self) -> None:
        """Look, and say so if there is a new one. After a start, all that wait are new."""
        waiting, newest = self._engine.alerts()
        if newest > self._newest:
            log.warning("Alerts wait: %d. `rekindle alerts list` shows them.", waiting)
        self._newest = max(self._newest, newest)


def did_anything(done: Tick) -> bool:
    """Whether a tick is worth a line."""
    counts = (
        *vars(done.planned).values(),
        *vars(done.delivered).values(),
        *vars(done.reconciled).values(),
        *vars(done.caught).values(),
    )
    return any(each for each in counts if not isinstance(each, datetime))


@contextmanager
def only_one(database: Path | None) -> Iterator[None]:
    """Hold the workspace's run lock; Refused when another process has it. A crash lets go of it by itself."""
    if database is None:
        yield
        return
    lock = database.with_name(database.name + ".run")
    with lock.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(
                f"Rekindle is already running on {database}.",
                fix="Stop the other `rekindle run` first. For several machines, use PostgreSQL.",
            ) from None
        yield
