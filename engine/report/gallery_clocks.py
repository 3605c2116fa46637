"""The clock changes that a couple lived through, found in the pinned tz data."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from engine.clock import UnknownZone
from engine.plan.local import local_day, wall_time

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ClockChange:
    """One change of a zone's UTC offset, `on` the local day that then is; `by` is positive when clocks go forward."""

    timezone: str
    on: date
    by: timedelta

    @property
    def sentence(self) -> str:
        """Such as `Clocks in New York go forward 1 hour on Sunday 8 March.`"""
        way = "forward" if self.by > timedelta(0) else "back"
        minutes = abs(self.by) // timedelta(minutes=1)
        hours, rest = divmod(minutes, 60)
        much = f"{minutes} minutes" if rest else "1 hour" if hours == 1 else f"{hours} hours"
        return f"Clocks in {city(self.timezone)} go {way} {much} on {self.on:%A} {self.on.day} {self.on:%B}."


def city(timezone: str) -> str:
    """The place that an IANA name ends in: `Buenos Aires` for `America/Argentina/Buenos_Aires`."""
    return timezone.rpartition("/")[2].replace("_", " ")


def clock_changes(timezone: str, first: date, last: date) -> tuple[ClockChange, ...]:
    """Every change of offset from the local day `first` to the end of `last`; none where the zone is unknown."""
    moment = datetime.combine(first, time(0), UTC) - DAY
    changes = []
    try:
        while moment.date() <= last + DAY:
            by = _offset(moment + DAY, timezone) - _offset(moment, timezone)
            if by and first <= (on := _day_of_change(moment, timezone)) <= last:
                changes.append(ClockChange(timezone, on, by))
            moment += DAY
    except UnknownZone:
        return ()
    return tuple(changes)


def _day_of_change(before: datetime, timezone: str) -> date:
    """The local day that it is once the offset has changed, within 24 hours from `before`."""
    low, high = 0, 24 * 60
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(before + timedelta(minutes=middle), timezone) == _offset(before, timezone):
            low = middle
        else:
            high = middle
    return local_day(before + timedelta(minutes=high), timezone)


def _offset(moment: datetime, timezone: str) -> timedelta:
    return wall_time(moment, timezone).utcoffset() or timedelta(0)
