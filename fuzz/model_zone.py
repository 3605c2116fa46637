"""Wall times and instants as the rules of time say: a reading of its own of the pinned tz database.

Instants are seconds since 1970, UTC. A wall time that a gap skips means the instant as far behind the gap's end as the
wall was behind its beginning; of one that comes twice the first is meant.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib import resources
from zoneinfo import ZoneInfo


@lru_cache(maxsize=1_024)
def zone(name: str) -> ZoneInfo | None:
    """The zone called `name` in the tzdata package, whatever the machine has; None when it has none."""
    parts = name.split("/")
    if not all(part and part[0].isalnum() for part in parts):
        return None
    try:
        with resources.files("tzdata").joinpath("zoneinfo", *parts).open("rb") as file:
            return ZoneInfo.from_file(file, key=name)
    except (OSError, ValueError, ModuleNotFoundError):
        return None


def wall(at: float, name: str) -> datetime | None:
    """What a clock on the wall of that zone shows at an instant, naive; None in a zone that is not known."""
    found = zone(name)
    if found is None:
        return None
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=at)).astimezone(found).replace(tzinfo=None)


@lru_cache(maxsize=262_144)
def instant(day: date, clock: time, name: str) -> float:
    """The instant that a wall time means. In a zone that is not known it is read as UTC."""
    shown = datetime.combine(day, clock)
    found = zone(name) or UTC
    # The offset before a change is what both rules go by: it is that of a day earlier, or the nearest that fits.
    candidates = sorted(
        {
            (shown - offset).replace(tzinfo=UTC).timestamp()
            for hours in (-30, -6, -3, 0, 3, 6, 30)
            if (offset := (shown + timedelta(hours=hours)).replace(tzinfo=UTC).astimezone(found).utcoffset())
            is not None
        }
    )
    real = [each for each in candidates if _shown(each, found) == shown]
    if real:
        return real[0]
    # In a gap: by the offset that held before it.
    before = _offset_before(candidates[0], found)
    return (shown - before).replace(tzinfo=UTC).timestamp()


def _shown(at: float, found: ZoneInfo | object) -> datetime:
    return datetime.fromtimestamp(at, UTC).astimezone(found).replace(tzinfo=None)  # type: ignore[arg-type]


def _offset_before(at: float, found: ZoneInfo | object) -> timedelta:
    """The offset in force a little before `at`, which lies at most a gap's length before the change."""
    moment = datetime.fromtimestamp(at - 1, UTC).astimezone(found)  # type: ignore[arg-type]
    return moment.utcoffset() or timedelta(0)
