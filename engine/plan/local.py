"""From a wall time on a partner's own calendar to the one instant it means.

A time that a DST change skips moves forward by the length of the gap; a time that happens twice is the first of the
two (PEP 495 `fold=0` is both rules at once). A whole day that a zone skipped (Apia, 2011-12-30) is a gap of 24 hours.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from engine.clock import zone


@lru_cache(maxsize=65_536)
def to_instant(wall: datetime, timezone: str) -> tuple[datetime, bool]:
    """The UTC instant of a naive wall time in `timezone`, and whether a gap moved it. UnknownZone if there is none."""
    instant = wall.replace(tzinfo=zone(timezone), fold=0).astimezone(UTC)
    return instant, wall_time(instant, timezone).replace(tzinfo=None) != wall


@lru_cache(maxsize=4_096)  # a batch asks about one instant in a few zones, gate after gate
def wall_time(instant: datetime, timezone: str) -> datetime:
    """`instant` as the partner's wall shows it, with its UTC offset."""
    return instant.astimezone(zone(timezone))


def local_day(instant: datetime, timezone: str) -> date:
    """The partner's own calendar day at `instant`."""
    return wall_time(instant, timezone).date()


def week_start(day: date) -> date:
    """The Monday of the calendar week that `day` is in."""
    return day - timedelta(days=day.weekday())


def at(day: date, when: time, timezone: str) -> datetime:
    """The UTC instant of a wall time on a day."""
    return to_instant(datetime.combine(day, when), timezone)[0]
