"""When a scheduler looks next. In earnest it looks every second; here time leaps to where it would find something."""

import math
from datetime import datetime, timedelta
from typing import Any

from engine.app import Engine
from engine.clock import VirtualClock
from fuzz.machine import Disk, Process
from fuzz.script import Script

BREATH = 1.0
IDLE = timedelta(minutes=15)
ASKING = 660.0, 7_200.0, 82_800.0
"""Seconds after a lease has run out at which a pass is acted out that may only ask about what is in doubt."""
_DOUBTS = "SELECT DISTINCT lease_until / 1000.0 FROM deliveries WHERE status = 'in_doubt' AND lease_until > ?"


class Looking:
    """What the schedulers of a life wait for. Instants are seconds since 1970."""

    def __init__(self, script: Script, clock: VirtualClock, disk: Disk) -> None:
        self._script = script
        self._clock = clock
        self._disk = disk
        self._held: datetime | None = None  # until then a limit or a rest keeps back what is due
        self._asked_wake: tuple[Any, datetime | None] = (None, None)
        self._asking: tuple[int, list[float]] = (-1, [])

    @property
    def _now(self) -> float:
        return self._clock.now().timestamp()

    def first(self, engine: Engine, away_until: float) -> list[float]:
        """The next instants at which a pass finds something to do, and may ask about something."""
        return [at for at in (self._wake(engine, away_until), self._question(away_until)) if at is not None]

    def finds(self, engine: Engine) -> bool:
        """Whether a pass at this moment finds something to do, or may ask about something."""
        wake = self._next_wake(engine)
        return (wake is not None and wake <= self._clock.now()) or self._asks_now()

    def looked(self, process: Process, paced_until: datetime | None) -> None:
        """A pass of it is over; `paced_until` then a limit keeps back what is due.

        What a pass leaves behind as due is held by something: passes that do nothing are not acted out one by one.
        Whatever happens, and whatever else falls due, is a reason to look again.
        """
        self._held = paced_until
        if paced_until is None:
            wake = self._next_wake(process.engine)
            self._held = self._clock.now() + IDLE if wake is not None and wake <= process.clock.now() else None

    def failed(self) -> None:
        """A pass has failed: nothing is known to be kept back."""
        self._held = None

    def _wake(self, engine: Engine, away_until: float) -> float | None:
        now = self._clock.now()
        wake = self._next_wake(engine)
        if wake is None:
            return None
        if wake <= now and self._held is not None and self._held > now:
            # Until what is due may go, only what falls due meanwhile is to be done.
            wake = min(self._held, self._next_wake(engine, now) or self._held)
        at = max(wake.timestamp(), self._now + BREATH, away_until)
        grain = self._script.tick_seconds
        return self._script.begins + math.ceil((at - self._script.begins) / grain) * grain

    def _next_wake(self, engine: Engine, after: datetime | None = None) -> datetime | None:
        known = self._disk.driver.total_changes, after
        if self._asked_wake[0] != known:
            self._asked_wake = known, engine.next_wake() if after is None else engine.next_wake(after)
        return self._asked_wake[1]

    def _question(self, away_until: float) -> float | None:
        """When a provider may be asked next about what is in doubt."""
        changes = self._disk.driver.total_changes
        if self._asking[0] != changes:
            leases = self._disk.driver.execute(_DOUBTS, ((self._now - ASKING[-1]) * 1_000,))
            self._asking = changes, sorted(lease + age for (lease,) in leases for age in ASKING)
        at = next((each for each in self._asking[1] if each > self._now), None)
        return None if at is None else max(at, away_until)

    def _asks_now(self) -> bool:
        return any(self._now - BREATH < at <= self._now for at in self._asking[1])
