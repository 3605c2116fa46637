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

from engine import app
from engine.app import Engine
from engine.clock import VirtualClock
from engine.model.campaign import Channel
from engine.render.compose import Composer
from engine.settings import Settings
from engine.transport.base import Message
from engine.transport.chaos import Died
from fuzz import loop as loops
from fuzz.acting import FAULTS, Acting
from fuzz.befalling import begin, copy
from fuzz.calls import Calls
from fuzz.campaigns import templates
from fuzz.keeping import kept
from fuzz.looking import Looking
from fuzz.machine import Disk, Process, Skewed
from fuzz.notebook import Listening, Notebook
from fuzz.people import ACTS
from fuzz.provider import Line, Provider, chance
from fuzz.record import Record
from fuzz.script import Happening, Kind, Script
from fuzz.town import Town
from fuzz.zones import Zones

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
        self._acting = Acting(script, self.town, self.notebook, lambda wait, it: self._at(self.now + wait, it))
        self._looking = Looking(script, self.clock, self.disk)
        self.calls = Calls(script, self.town)
        self.copies: dict[float, bytes] = {}
        self.crash: str | None = None
        self.faults_at: dict[str, list[str]] = {}
        self.stalls: list[Happening] = []
        self._hooks = 0
        self._deep = False
        self.second: Process | None = None
        self.second_until = self.away_until = self.skew = 0.0
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
            self._acting.all(self.main)
            self._acting.look_at_the_end(self.main)
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
        found += self._looking.first(self.main.engine, self.away_until)
        return max(min(found), self.now) if found else None

    def _round(self) -> None:
        """Do what is due now."""
        self.calls.make(self.main)
        self._take_up()
        if not self._looking.finds(self.main.engine) or self.now < self.away_until:
            self._acting.all(self.main)
            return
        self._acting.early(self.main)
        second = self._working_second()
        point = self._chance("second", self._hooks)
        if second is not None and point < 0.25:
            self._tick(second)
        self._tick(self.main)
        if second is not None and point > 0.75 and self._working_second() is second:
            self._tick(second)
        self._take_up()
        self._acting.all(self.main)

    def _chance(self, *about: object) -> float:
        return chance(self.script.seed, *about)

    def _working_second(self) -> Process | None:
        """The second scheduler, while there is one."""
        if self.now >= self.second_until:
            self.second = None
        elif self.second is None:
            self.second = self.process("second", self.skew)
        return self.second

    def _tick(self, process: Process) -> None:
        """One pass of a process. When it fails, another starts."""
        is_main = process is self.main
        mine = self._loop if is_main else loops.LeapingLoop(self.clock)
        before = self.clock.now()
        try:
            done = loops.run(mine, process.engine.tick())
            if is_main:
                self._looking.looked(process, done.delivered.paced_until)
            return
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
        if is_main:
            self._looking.failed()
        self._restart(process)

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
        if self._acting.due and point < 0.5:
            self._aside(lambda: self._acting.next(self.main))
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
                self._acting.due.append(what)
            else:
                begin(self, what)


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
