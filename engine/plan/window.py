"""The local hours in which a partner may be reached (47 CFR 64.1200(c)(1): at the called party's location)."""

from datetime import datetime, time, timedelta

from engine.model.campaign import Hours
from engine.plan.local import at, wall_time

Window = tuple[Hours | None, ...]
"""Hours by weekday, Monday first; None is a closed day."""

NEVER_BEYOND = 8  # days: a window that is closed all week opens never


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
