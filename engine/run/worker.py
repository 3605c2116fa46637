"""`rekindle worker`: one of any number of processes that share the work, on any number of machines with one PostgreSQL.

Procrastinate brings the jobs; it lives in this file alone. A job is a token (see model.job): the rows of the store say
what there is to do, who is at it and what became of it. So one that is lost, doubled or stalled changes nothing: every
process also looks for itself when the next thing falls due, and once a second, and calls for whoever is free.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from procrastinate import App, PsycopgConnector

from engine.app import Engine, Tick
from engine.clock import stopwatch
from engine.errors import Away, RekindleError, StoreError
from engine.model.job import Job
from engine.run.alert_log import AlertLog
from engine.run.journal import Journal, did_anything
from engine.run.process import refuse_unless_server, settle_in
from engine.run.steadiness import Steadiness
from engine.store import jobs

BEAT_SECONDS = 1.0
LOOK_EVERY = timedelta(seconds=1)
"""How often a process looks for what is due at the latest; otherwise at the instant that it falls due."""
LOOK_APART = timedelta(milliseconds=50)
"""A process that has looked looks no sooner again: what trickles in goes in batches."""
CARE_SECONDS = 15
POLL_SECONDS = 5.0
AWAY_BEATS = 5
"""So many beats pass before a database that could not be used is tried again."""


class Worker:
    """One process. `kinds` are those of work that it takes."""

    def __init__(self, engine: Engine, kinds: Collection[Job] = tuple(Job), journal: Journal | None = None) -> None:
        refuse_unless_server(engine.database)
        self._engine = engine
        self._kinds = kinds
        self._journal = journal or Journal()
        self._alerts = AlertLog(engine)
        self._clock = Steadiness(engine)
        self._began = stopwatch()
        self._ended = asyncio.Event()
        self.failure: BaseException | None = None

    async def work(self, beat: Callable[[], None] = lambda: None) -> None:
        """Take jobs until `end`; then claim nothing more, record what was handed over, and return.

        `beat` is called about once a second, as long as this process does not hang. Refused where its clock is wrong;
        a job that fails ends the work with its error, once what was handed over could be recorded.
        """
        self._clock.check()
        self._engine.rehearse()
        settle_in()
        app = App(
            connector=connector(self._engine.database.conninfo, most=3 * len(self._kinds) + 1),
            worker_defaults={"install_signal_handlers": False, "delete_jobs": "always"},
        )
        self._register(app)
        try:
            async with app.open_async():
                await self._take_jobs(app, beat)
        finally:
            self._engine.stop()
            with suppress(StoreError):
                self._engine.watch.look()
            await self._engine.aclose()
        if self.failure is not None:
            raise self.failure

    def end(self) -> None:
        """At once: a drain under way may have a long backlog still to claim."""
        self._engine.stop()
        self._ended.set()

    async def _take_jobs(self, app: App, beat: Callable[[], None]) -> None:
        # One taker for each kind: none waits for a long job of another.
        taking = [
            asyncio.create_task(
                app.run_worker_async(queues=[kind.value], concurrency=1, fetch_job_polling_interval=POLL_SECONDS)
            )
            for kind in self._kinds
        ]
        looking = asyncio.create_task(self._look_out())
        beating = asyncio.create_task(_go_on(beat))
        ended = asyncio.create_task(self._ended.wait())
        done, _ = await asyncio.wait([*taking, looking, ended], return_when=asyncio.FIRST_COMPLETED)
        self._engine.stop(patient=True)
        self._ended.set()
        for task in (*taking, looking):
            task.cancel()
        await asyncio.gather(*taking, looking, ended, return_exceptions=True)
        beating.cancel()
        for each in done - {ended}:
            error = None if each.cancelled() else each.exception()
            self._failed(error or Away("The database server cannot be reached.", fix="Check that it runs."))

    async def _look_out(self) -> None:
        """Call for workers when something falls due; again soon while it is not taken up, for a call can be missed."""
        again = LOOK_APART
        while True:
            called = await asyncio.to_thread(self._look)
            wait = until_next_look(called, again, self._engine.clock.now())
            again = min(2 * again, LOOK_EVERY) if called.due else LOOK_APART
            await asyncio.sleep(wait.total_seconds())

    def _look(self) -> jobs.Called:
        self._clock.watch()
        return self._engine.call_workers()

    def _register(self, app: App) -> None:
        for kind, act in ((Job.PLAN, self._plan), (Job.DRAIN, self._drain), (Job.CARE, self._care)):
            # What is due periodically is deferred once, whichever processes live; it is told the instant.
            made: Any = app.task(name=kind.value, queue=kind.value)(self._guarded(act))
            if kind is Job.CARE:
                app.periodic(cron=f"* * * * * */{CARE_SECONDS}", queueing_lock=kind.value)(made)

    def _guarded(self, act: Callable[[], Awaitable[Tick]]) -> Callable[..., Awaitable[None]]:
        async def guarded(timestamp: int = 0) -> None:
            began = stopwatch()
            try:
                done = await act()
            except Exception as error:
                self._failed(error)
                raise
            self._journal.back()
            if did_anything(done):
                self._journal.ticked(done, seconds=stopwatch() - began)

        return guarded

    async def _plan(self) -> Tick:
        return Tick(planned=await self._engine.plan())

    async def _drain(self) -> Tick:
        return Tick(delivered=await self._engine.deliver())

    async def _care(self) -> Tick:
        jobs.forget_stalled(self._engine.database)
        done = await self._engine.care()
        if stopwatch() - self._began > CARE_SECONDS:  # what fell due while nobody ran is about to be taken up
            self._journal.looked(await self._engine.look())
        self._journal.told(await self._engine.watch.tell())
        self._alerts.say()
        return done

    def _failed(self, error: BaseException) -> None:
        if self.failure is None:
            self.failure = error if isinstance(error, RekindleError) else _plain(error)
            self._journal.tick_failed(self.failure if isinstance(self.failure, Exception) else StoreError("It failed."))
        self._engine.stop(patient=True)
        self._ended.set()


def until_next_look(called: jobs.Called, again: timedelta, now: datetime) -> timedelta:
    """How long a process that has just looked waits for the next thing to fall due: from LOOK_APART to LOOK_EVERY,
    and no longer than `again` where something is due already, since whoever was called may have missed it.
    """
    longest = again if called.due else LOOK_EVERY
    return longest if called.wake is None else min(longest, max(called.wake - now, LOOK_APART))


async def work_through(
    make: Callable[[], Engine], kinds: Collection[Job], journal: Journal, beat: Callable[[], None] = lambda: None
) -> None:
    """As `Worker.work`, until SIGTERM or SIGINT: while the database cannot be used it waits, says so, and begins anew
    with a new engine, unless it was told to end. Of the first engine Away is raised: whoever starts it sees at once
    what is wrong. Any other failure ends it with its error: a supervisor starts it again.
    """
    engine: Engine | None = make()
    with _told_to_end() as told:
        while not told.ended.is_set():
            try:
                worker = Worker(engine or make(), kinds, journal)
                told.tell = worker.end
                await worker.work(beat)
                return
            except Away as error:
                journal.away(error)
            engine = None
            await _wait_for_it(told.ended, beat)


@dataclass
class _Told:
    """Whether the process was told to end, and whom it tells then."""

    ended: asyncio.Event = field(default_factory=asyncio.Event)
    tell: Callable[[], None] = lambda: None

    def end(self) -> None:
        self.ended.set()
        self.tell()


@contextmanager
def _told_to_end() -> Iterator[_Told]:
    told, loop = _Told(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.end)
    try:
        yield told
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def _wait_for_it(ended: asyncio.Event, beat: Callable[[], None]) -> None:
    """Let some time pass, unless the process is to end."""
    for _ in range(AWAY_BEATS):
        beat()
        with suppress(TimeoutError):
            async with asyncio.timeout(BEAT_SECONDS):
                await ended.wait()
                return


async def _go_on(beat: Callable[[], None]) -> None:
    """Say that this process lives, as long as its loop turns: also while it waits to record what it handed over."""
    while True:
        beat()
        await asyncio.sleep(BEAT_SECONDS)


def connector(conninfo: str, most: int) -> PsycopgConnector:
    """The connections that bring jobs. None waits for a disk: a job that a crash takes is called again."""
    session = {"options": "-c synchronous_commit=off", "application_name": "rekindle jobs"}
    return PsycopgConnector(conninfo=conninfo, min_size=1, max_size=most, kwargs=session)


def _plain(error: BaseException) -> BaseException:
    """What Procrastinate raises when the server is gone, as we say it."""
    if type(error).__module__.startswith(("procrastinate", "psycopg")):
        made = Away("The database server cannot be reached.", fix="Check that it runs.")
        made.__cause__ = error
        return made
    return error
