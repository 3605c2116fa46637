"""The only file that reads the clock, and the only door to time zones.

Instants are aware and in UTC. Zones come from the pinned `tzdata` package, never from the machine, so that the same
campaign falls at the same instants everywhere.
"""

import time as _time
import zoneinfo
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib import resources
from typing import Protocol

import tzdata

zoneinfo.reset_tzpath(())

TZDATA_VERSION: str = tzdata.IANA_VERSION


class UnknownZone(KeyError):
    """The name is not an IANA zone in the pinned tz data."""


class Clock(Protocol):
    """Whatever tells the time: aware, UTC."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class SteadyClock:
    """Goes on as time does from what another clock told, however that one leaps."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.go_on_from(self.told())

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._began + _since_boot(), UTC)

    def told(self) -> float:
        """What the other clock tells now, for `go_on_from`."""
        return self._clock.now().timestamp() - _since_boot()

    def go_on_from(self, told: float) -> None:
        """Go by what it told then."""
        self._began = told


class VirtualClock:
    """A clock that stands still until it is moved; it never goes back."""

    def __init__(self, start: datetime) -> None:
        self._now = instant(start)

    def now(self) -> datetime:
        return self._now

    def move_to(self, when: datetime) -> None:
        """Go forward to `when`; an earlier instant leaves the clock where it is."""
        self._now = max(self._now, instant(when))

    def fast_forward(self, by: timedelta) -> None:
        self.move_to(self._now + by)


def instant(value: datetime) -> datetime:
    """`value` in UTC. A naive datetime is refused at the door: nobody knows which instant it means."""
    if value.tzinfo is None:
        raise ValueError(f"{value.isoformat()} has no UTC offset; give one, such as {value.isoformat()}Z")
    return value.astimezone(UTC)


@lru_cache(maxsize=1024)
def zone(name: str) -> zoneinfo.ZoneInfo:
    """The IANA zone called `name` in the pinned tz data; UnknownZone otherwise (fail closed)."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError, UnicodeEncodeError) as error:
        raise UnknownZone(name) from error


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """Every zone name that `zone` accepts."""
    return frozenset(zoneinfo.available_timezones())


@lru_cache(maxsize=1)
def city_zones() -> tuple[str, ...]:
    """The zones to choose from, each once, named `REGION/…/CITY`: what the pinned tz data lists in zone.tab."""
    table = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in table.splitlines() if line and not line.startswith("#")]
    return tuple(sorted(row[2] for row in rows))


def _since_boot() -> float:
    """Seconds from an arbitrary start, whatever the clock is set to; also those that the machine slept, if it tells."""
    return _time.clock_gettime(_time.CLOCK_BOOTTIME) if hasattr(_time, "CLOCK_BOOTTIME") else _time.monotonic()


stopwatch: Callable[[], float] = _time.perf_counter
"""Seconds from an arbitrary start, for measuring how long something took."""
