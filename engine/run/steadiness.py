"""Whether this machine's clock can be relied on: leases and windows are reckoned by it, on every machine alike.

A clock is right when it tells the database server's time. Between two looks at that, its process does not follow it
when it leaps, set by hand or otherwise: what is hours away would be due, or what is due too late.
"""

from engine.app import Engine
from engine.clock import SteadyClock, stopwatch
from engine.errors import Refused
from engine.store import jobs

SKEW = 2.0
"""By how many seconds a machine's clock may differ from the server's."""

WATCH_SECONDS = 1.0
"""How often who watches it checks."""


class Steadiness:
    """Of the clock of a process whose database is a server's. From now on the engine goes by a steady one."""

    def __init__(self, engine: Engine) -> None:
        self._database = engine.database
        self._clock = engine.clock
        self._steady = engine.clock = SteadyClock(engine.clock)
        self._checked = -WATCH_SECONDS

    def watch(self) -> None:
        """As `check`, unless that was a moment ago."""
        if stopwatch() - self._checked >= WATCH_SECONDS:
            self.check()

    def check(self) -> None:
        """Refused where the clock is wrong; else the process goes by it from here on."""
        self._checked = stopwatch()
        stands = self._steady.told()
        ahead = jobs.ahead(self._database, self._clock)
        if abs(ahead) > SKEW:
            which = "fast" if ahead > 0 else "slow"
            raise Refused(
                f"This machine's clock is {abs(ahead):.1f} s {which} by the database server's.",
                fix="Set it (with NTP, on both), then start again: who may be written to, and when, is reckoned by it.",
            )
        self._steady.go_on_from(stands)
