"""Acts a script out on the real engine, and returns the record of what truly happened. Same script, same record.

Time goes from one instant at which there is something to do to the next. What is due at an instant is done before the
pass, at some step of it, inside the provider's hand-over, or behind it: which, the seed decides.
"""

import asyncio
import heapq
import logging
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from engine import app
from engine.app import Engine
from engine.clock import VirtualClock
from engine.errors import StoreError
from engine.model.campaign import Channel
from engine.render.compose import Composer
from engine.settings import Settings
from engine.transport.base import Message
from engine.transport.chaos import Died
from fuzz import loop as loops
from fuzz.befalling import begin, copy
from fuzz.calls import AGAIN_AFTER, MOST_TRIES, Calls
from fuzz.campaigns import templates
from fuzz.keeping import kept
from fuzz.machine import Disk, Process, Skewed
from fuzz.notebook import Listening, Notebook
from fuzz.people import ACTS, REFUSALS, look_at_own_data
from fuzz.provider import Line, Provider, chance
from fuzz.record import Record
from fuzz.script import Happening, Kind, Script
from fuzz.town import Town, Unheard
from fuzz.zones import Zones

BREATH = 1.0
IDLE = timedelta(minutes=15)
ASKING = 660.0, 7_200.0, 82_800.0
"""Seconds after a lease has run out at which a pass is acted out that may only ask about what is in doubt."""
FAULTS = StoreError, SQLAlchemyError, Unheard
"""What befell an act or a pass; anything else that is raised is a mistake, the engine's or the simulator's."""
_DOUBTS = "SELECT DISTINCT lease_until / 1000.0 FROM deliveries WHERE status = 'in_doubt' AND lease_until > ?"
_composers: dict[str, Composer] = {}


class World:
    """One life."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.clock = VirtualClock(datetime.fromtimestamp(script.begins, UTC))
        self.notebook = Notebook(self.clock)
        self.disk = Disk(self.notebook)
        self.town = Town(script, self.disk, self.notebook)
        self.zones = Zones()
        self.providers = {channel: Provider(channel, script, self) for channel in (Channel.EMAIL, Channel.SMS)}
        self.settings = Settings(
            workspace=Path("nowhere"),
            templates=[templates()],
            batch=script.batch,
            lease_seconds=script.lease_seconds,
        )
        self._loop = loops.LeapingLoop(self.clock)
        self._order = count()
        self._agenda: list[tuple[float, int, Callable[[], None] | Happening]] = []
        self._due: list[Happening] = []
        self.calls = Calls(script, self.town)
        self._tried: dict[int, int] = {}
        self.copies: dict[float, bytes] = {}
        self.crash: str | None = None
        self.faults_at: dict[str, list[str]] = {}
        self.stalls: list[Happening] = []
        self._hooks = 0
        self._deep = False
        self.second: Process | None = None
        self.second_until = self.away_until = self.skew = 0.0
        self._held: datetime | None = None
        self._asked_wake: tuple[Any, datetime | None] = (None, None)
        self._asking: tuple[int, list[float]] = (-1, [])
        self.main = self.process("main")

    def process(self, name: str, skew: float = 0.0) -> Process:
        clock = Skewed(self.clock, skew) if skew else self.clock

        def lines(process: Process) -> dict[Channel, Line]:
            return {channel: Line(provider, process) for channel, provider in self.providers.items()}

        process = Process(name, self.disk, self.settings, clock, lines, self.between)
        _share(process.engine)
        return process

    def live(self) -> Record:
        """From the beginning to the end."""
        for happening in self.script.happenings:
            self._at(happening.at, happening)
            if happening.kind is Kind.RESTORE:
                self._at(happening.detail["of"], partial(copy, self))
        try:
            while (instant := self._next()) is not None and instant <= self.script.ends:
                self.clock.move_to(datetime.fromtimestamp(instant, UTC))
                self._round()
            self._at_the_end()
            return kept(self)
        finally:
            self.zones.put_back()
            self._loop.close()
            self.disk.close()

    def _at(self, when: float, what: "Callable[[], None] | Happening") -> None:
        heapq.heappush(self._agenda, (math.ceil(when), next(self._order), what))

    @property
    def now(self) -> float:
        return self.clock.now().timestamp()

    def _next(self) -> float | None:
        """The next instant at which there is something to do."""
        found = [self._agenda[0][0]] if self._agenda else []
        if self.calls.first is not None:
            found.append(self.calls.first)
        found += [wake for wake in (self._wake(), self._next_question()) if wake is not None]
        return max(min(found), self.now) if found else None

    def _next_question(self) -> float | None:
        """When a provider may be asked next about what is in doubt. A scheduler looks every second; here it leaps."""
        changes = self.disk.driver.total_changes
        if self._asking[0] != changes:
            leases = self.disk.driver.execute(_DOUBTS, ((self.now - ASKING[-1]) * 1_000,))
            self._asking = changes, sorted(lease + age for (lease,) in leases for age in ASKING)
        at = next((each for each in self._asking[1] if each > self.now), None)
        return None if at is None else max(at, self.away_until)

    def _wake(self) -> float | None:
        """When the scheduler looks next and finds something to do."""
        now = self.clock.now()
        wake = self._next_wake()
        if wake is None:
            return None
        if wake <= now and self._held is not None and self._held > now:
            # A limit or a rest keeps back what is due: until it may go, only what falls due meanwhile is to be done.
            wake = min(self._held, self._next_wake(now) or self._held)
        at = max(wake.timestamp(), self.now + BREATH, self.away_until)
        grain = self.script.tick_seconds
        return self.script.begins + math.ceil((at - self.script.begins) / grain) * grain

    def _next_wake(self, after: datetime | None = None) -> datetime | None:
        known = self.disk.driver.total_changes, after
        if self._asked_wake[0] != known:
            engine = self.main.engine
            self._asked_wake = known, engine.next_wake() if after is None else engine.next_wake(after)
        return self._asked_wake[1]

    def _round(self) -> None:
        """Do what is due now."""
        self.calls.make(self.main)
        self._take_up()
        wake = self._next_wake()
        nothing_due = wake is None or wake > self.clock.now()
        if (nothing_due and not self._asks_now()) or self.now < self.away_until:
            self._act_all()
            return
        for happening in [each for each in self._due if self._chance("early", each.number) < 0.4]:
            self._due.remove(happening)
            self._act(happening)
        second = self._working_second()
        point = self._chance("second", self._hooks)
        if second is not None and point < 0.25:
            self._tick(second)
        self._held = self._tick(self.main)
        if second is not None and point > 0.75 and self._working_second() is second:
            self._tick(second)
        self._take_up()
        self._act_all()

    def _asks_now(self) -> bool:
        return any(self.now - BREATH < at <= self.now for at in self._asking[1])

    def _chance(self, *about: object) -> float:
        return chance(self.script.seed, *about)

    def _working_second(self) -> Process | None:
        """The second scheduler, while there is one."""
        if self.now >= self.second_until:
            self.second = None
        elif self.second is None:
            self.second = self.process("second", self.skew)
        return self.second

    def _tick(self, process: Process) -> datetime | None:
        """One pass of a process; until when a limit holds back what is due. When it fails, another starts."""
        mine = self._loop if process is self.main else loops.LeapingLoop(self.clock)
        before = self.clock.now()
        try:
            done = loops.run(mine, process.engine.tick())
            return done.delivered.paced_until or self._idle(process)
        except Died:
            self.notebook.faults["died"] += 1
            self.notebook.troubled.append(self.notebook.at)
        except FAULTS as error:
            self.notebook.faults["pass failed"] += 1
            self.notebook.hear(error)
        finally:
            if self.clock.now() > before:  # whatever else was due meanwhile waited
                self.notebook.troubled.append(self.notebook.at)
            if mine is not self._loop:
                mine.close()
        self._restart(process)
        return None

    def _idle(self, process: Process) -> datetime | None:
        """What a pass leaves behind as due is held by something: passes that do nothing are not acted out one by one.

        Whatever happens, and whatever else falls due, is a reason to look again.
        """
        wake = self._next_wake()
        return self.clock.now() + IDLE if wake is not None and wake <= process.clock.now() else None

    def _restart(self, process: Process) -> None:
        process.store.dead = True
        if process is self.second:
            self.second = None
        else:
            self.main = self.process("main")

    def between(self, process: Process, where: str) -> None:
        """A step has been taken: here it may die, somebody may come in, another scheduler may work."""
        self._hooks += 1
        if self.crash == where and process is self.main:
            self.crash = None
            process.die()
        if where in self.faults_at:
            self.disk.faults += self.faults_at.pop(where)
        if self._deep:
            return
        self._take_up()
        point = self._chance("between", self._hooks)
        if self._due and point < 0.5:
            self._aside(lambda: self._act(self._due.pop(0)))
        if process is self.main and point > 0.6:
            second = self._working_second()
            if second is not None:
                self._aside(lambda: loops.beside(lambda: self._tick(second)))

    def _aside(self, work: Callable[[], Any]) -> None:
        """Do something in the middle of something else, and nothing in the middle of that."""
        self._deep = True
        try:
            work()
        finally:
            self._deep = False

    async def stall(self, process: Process, where: str) -> None:
        """The hand-over takes as long as somebody has said it should: frozen, or only slow."""
        if self._deep or not self.stalls or self.stalls[0].detail.get("where", "after") != where:
            return
        it = self.stalls.pop(0)
        self.notebook.faults["stall"] += 1
        self.notebook.troubled.append(self.notebook.at)
        seconds = float(it.detail["seconds"])
        if it.detail.get("frozen", True):
            self.clock.fast_forward(timedelta(seconds=seconds))
            self.between(process, "stalled")
            return
        for _ in range(4):
            await asyncio.sleep(seconds / 4)
            self.between(process, "stalled")

    def call_later(self, channel: str, message: Message, receipt: str, *, surely: bool) -> None:
        """The provider may tell later that a message has arrived."""
        self.calls.promise(channel, message, receipt, surely=surely)

    def _take_up(self) -> None:
        """Let what the machine does begin, and have what people do wait for its moment in this round."""
        while self._agenda and self._agenda[0][0] <= self.now:
            what = heapq.heappop(self._agenda)[2]
            if not isinstance(what, Happening):
                what()
            elif what.kind in ACTS:
                self._due.append(what)
            else:
                begin(self, what)

    def _act_all(self) -> None:
        while self._due:
            self._act(self._due.pop(0))

    def _act(self, it: Happening) -> None:
        """Act something out, and write down whether its author was told "done"; who was not tries again."""
        told, about = False, dict[str, Any]()
        failed = False
        try:
            told, about = ACTS[it.kind](self.town, self.main, it)
        except REFUSALS as refusal:
            self.notebook.hear(refusal)
        except FAULTS as error:
            failed = True
            self.notebook.faults["act failed"] += 1
            self.notebook.hear(error)
        if it.kind is Kind.JOIN:
            self.town.note_rows(it.who or 0)
        self.notebook.tell(it.number, told, **about)
        tries = self._tried[it.number] = self._tried.get(it.number, 0) + 1
        if failed and tries < MOST_TRIES:
            self._at(self.now + AGAIN_AFTER, it)
        if it.kind in (Kind.ANSWER, Kind.LEAVE, Kind.ERASE) and self._chance("look", it.number) < 0.5:
            self._other_looks(it)

    def _other_looks(self, it: Happening) -> None:
        mine = self.town.people[it.who or 0]
        for person in self.script.people:
            if person.couple == mine.couple:
                look_at_own_data(self.town, self.main, person.number)

    def _at_the_end(self) -> None:
        self._act_all()
        for person in self.script.people:
            if self._chance("looks at the end", person.number) < 0.25:
                look_at_own_data(self.town, self.main, person.number)


def act_out(script: Script) -> Record:
    """The record of a script's life."""
    logger = logging.getLogger("engine")
    tidied, app.TIDY_EVERY = app.TIDY_EVERY, timedelta(days=1)  # an hour here is a pass
    world = World(script)
    listening = Listening(world.notebook)
    before = logger.level, logger.propagate
    logger.addHandler(listening)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        return world.live()
    finally:
        app.TIDY_EVERY = tidied
        logger.removeHandler(listening)
        logger.setLevel(before[0])
        logger.propagate = before[1]


def _share(engine: Engine) -> None:
    """What is compiled comes to the same in every process of every life."""
    if "it" not in _composers:
        _composers["it"] = engine._composer
    engine.__dict__["_composer"] = _composers["it"]
