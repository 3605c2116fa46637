"""`rekindle run`: a tick every so often, one at a time, until told to stop. APScheduler keeps time and nothing else."""

import asyncio
import fcntl
import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext, suppress
from pathlib import Path

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from engine.app import Engine, Tick
from engine.clock import stopwatch
from engine.deliver.sentinel import Looked
from engine.errors import Away, Refused, StoreError
from engine.run.alert_log import AlertLog
from engine.run.journal import Journal, did_anything
from engine.run.process import settle_in
from engine.run.steadiness import Steadiness

log = logging.getLogger(__name__)

LOOK_SECONDS = 15
"""How often it is looked whether anything is out of order, and the operator told: beside the passes, never in one."""


async def run_forever(
    engine: Engine,
    on_tick: Callable[[Tick, float], None] = lambda done, seconds: None,
    beside: AbstractAsyncContextManager[object] | None = None,
    *,
    journal: Journal | None = None,
    on_look: Callable[[Looked], None] = lambda looked: None,
    look_seconds: float = LOOK_SECONDS,
    clock: Steadiness | None = None,
    on_away: Callable[[Away], None] = lambda error: None,
) -> None:
    """Tick until SIGTERM or SIGINT; then claim nothing more, record what was handed over, and return.

    `on_tick` hears what each pass did that did anything, and its seconds; `on_look` how things stand, every
    `look_seconds`; `on_away` that the database could not be used. `beside` is entered before the first tick and left
    after the last, in this loop: the web server, for one. Refused when another process already runs on the same SQLite
    file, and where `clock` is wrong. While the database cannot be used (a full disk, a lock, a server that is
    restarted) passes fail and are told, and go on when it is back; a tick that fails otherwise ends the run with its
    error: a supervisor starts it again, and the store knows what is in doubt.
    """
    with only_one(engine.database.path):
        if clock is not None:
            clock.check()
        rounds = _Rounds(engine, on_tick, on_look, journal or Journal(), clock, on_away)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, rounds.end)
        rounds.begin(look_seconds)
        settle_in()
        try:
            async with beside or nullcontext():
                rounds.glance()
                await rounds.tick()
                await rounds.ended.wait()
        finally:
            await rounds.come_to_rest()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)
        if rounds.failure is not None:
            raise rounds.failure


class _Rounds:
    """What is done again and again: passes, looks around, and telling the operator. None waits for another."""

    def __init__(
        self,
        engine: Engine,
        on_tick: Callable[[Tick, float], None],
        on_look: Callable[[Looked], None],
        journal: Journal,
        clock: Steadiness | None,
        on_away: Callable[[Away], None],
    ) -> None:
        self.ended = asyncio.Event()
        self.failure: Exception | None = None
        self._engine = engine
        self._on_tick = on_tick
        self._on_look = on_look
        self._journal = journal
        self._alerts = AlertLog(engine)
        self._clock = clock
        self._on_away = on_away
        self._passing, self._looking, self._telling = asyncio.Lock(), asyncio.Lock(), asyncio.Lock()
        self._scheduler = AsyncIOScheduler(timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1})

    def begin(self, look_seconds: float) -> None:
        """Keep time from now on."""
        self._scheduler.add_job(self.tick, "interval", seconds=self._engine.settings.tick_seconds)
        self._scheduler.add_job(self.look, "interval", seconds=look_seconds)
        self._scheduler.add_job(self.tell, "interval", seconds=LOOK_SECONDS)
        self._scheduler.start()

    def end(self) -> None:
        """At once: a tick under way may have a long backlog still to claim."""
        self._engine.stop()
        self.ended.set()

    async def tick(self) -> None:
        """One pass; when it fails, the run ends, unless it failed for a database that may come back."""
        async with self._passing:
            if self.ended.is_set():
                return
            began = stopwatch()
            try:
                if self._clock is not None:
                    self._clock.check()
                done = await self._engine.tick()
                self._alerts.say()
            except Away as error:
                self._journal.away(error)
                self._on_away(error)
                return
            except Exception as error:
                self._journal.tick_failed(error)
                self.failure = error
                self.ended.set()
                return
            self._journal.back()
            if did_anything(done):
                self._on_tick(done, stopwatch() - began)
            soon = done.delivered.paced_until
            if soon is not None:  # a limit held some back: go on when it lets more through, not at the next round
                self._scheduler.add_job(
                    self.tick, "date", run_date=soon, id="paced", replace_existing=True, misfire_grace_time=None
                )

    def glance(self) -> None:
        """Show how things stand, without judging it: what fell due while nobody ran is about to be taken up."""
        with suppress(StoreError):
            self._on_look(Looked(self._engine.watch.stands()))

    async def look(self) -> None:
        """See what is out of order; when that fails, messages go on all the same."""
        async with self._looking:
            try:
                looked = await self._engine.look()
            except Exception as error:
                self._journal.watch_failed(error)
                return
            self._journal.looked(looked)
            self._on_look(looked)

    async def tell(self) -> None:
        """Tell the operator what is still to be told."""
        async with self._telling:
            try:
                self._journal.told(await self._engine.watch.tell())
            except Exception as error:
                self._journal.watch_failed(error)

    async def come_to_rest(self) -> None:
        """Let a pass that is under way record what it handed over; keep the figures; let go of everything."""
        self._engine.stop()
        self._scheduler.pause()  # it begins nothing more; its shutdown would cut off what it has begun
        async with self._passing, self._looking, self._telling:
            self._scheduler.shutdown(wait=False)
            with suppress(StoreError):
                self._engine.watch.look()
            await self._engine.aclose()


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
