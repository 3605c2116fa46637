"""The local hours in which a partner may be reached (47 CFR 64.1200(c)(1): at the called party's location)."""

from collections.abc import Set as AbstractSet
from datetime import datetime, time, timedelta
from functools import lru_cache

from engine.model.campaign import Hours
from engine.plan.local import at, wall_time

Window = tuple[Hours | None, ...]
"""Hours by weekday, Monday first; None is a closed day."""

NEVER_BEYOND = 8  # days: a window that is closed all week opens never


@lru_cache(maxsize=4_096)
def narrowed(window: Window, days: AbstractSet[int], from_: time | None, until: time | None) -> Window:
    """What is left of `window` for a partner who is to be reached on `days` (none: any), from `from_`, before `until`.

    Never wider than `window`: what a partner says cannot open an hour that the campaign keeps closed.
    """
    return tuple(
        _both(hours, from_, until) if not days or weekday in days else None for weekday, hours in enumerate(window)
    )


def _both(hours: Hours | None, from_: time | None, until: time | None) -> Hours | None:
    if hours is None:
        return None
    opens, closes = max(hours.opens, from_ or hours.opens), min(hours.closes, until or hours.closes)
    return Hours(opens, closes) if opens < closes else None


def reachable(window: Window, days: AbstractSet[int], from_: time | None, until: time | None) -> bool:
    """Whether there is any hour in the week at which such a partner may be reached."""
    return any(narrowed(window, days, from_, until))


def goes_the_same_day(window: Window, at: time) -> bool:
    """Whether what falls at wall time `at` ever goes on its own day: on some day the window has not closed by then."""
    return any(hours is not None and at < hours.closes for hours in window)


def next_open(moment: datetime, timezone: str, window: Window) -> datetime | None:
    """`moment` itself when the window is open then, else the instant it next opens; None when it never does."""
    wall = wall_time(moment, timezone)
    for ahead in range(NEVER_BEYOND + 1):
        day = wall.date() + timedelta(days=ahead)
        hours = window[day.weekday()]
        if hours is None:
            continue
        # Walls are compared as walls: an hour that a DST change repeats is as open the second time as the first.
        if ahead == 0 and hours.opens <= wall.time() < hours.closes:
            return moment
        opens = at(day, hours.opens, timezone)
        if opens > moment and wall_time(opens, timezone).date() == day:
            return opens
    return None


def next_day_open(moment: datetime, timezone: str, window: Window, days: int = 1) -> datetime | None:
    """The instant the window first opens on or after the local day `days` after that of `moment`."""
    day = wall_time(moment, timezone).date() + timedelta(days=days)
    return next_open(at(day, time(0), timezone), timezone, window)


def closes_at(moment: datetime, timezone: str, window: Window) -> datetime:
    """When the window that is open at `moment` closes; `moment` itself when it is not open."""
    wall = wall_time(moment, timezone)
    hours = window[wall.weekday()]
    if hours is None or not hours.opens <= wall.time() < hours.closes:
        return moment
    return max(moment, at(wall.date(), hours.closes, timezone))
