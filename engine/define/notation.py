"""How a campaign file writes weeks, days, times, hours and durations; each with its place in the JSON Schema."""

import re
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from engine.define.findings import one_of, suggest
from engine.model.campaign import END_DAY, START_DAY, Hours

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAYS = {name: number for number, name in enumerate(WEEKDAYS)} | {"start": START_DAY, "end": END_DAY}

# 47 CFR 64.1200(c)(1): nothing before 8 am or after 9 pm at the called party's location.
EARLIEST, LATEST = time(8), time(21)

_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_RANGE = re.compile(r"(\d{1,3})(?:\s*-\s*(\d{1,3}))?")
_DURATION = re.compile(r"(\d{1,4})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
LONGEST_WAIT = timedelta(days=14)
MOST_SPANS = 104  # as many as a campaign may have weeks


def wrong(what: str, fix: str) -> PydanticCustomError:
    """A value that cannot be read, with its mend; `validate` turns it into a finding."""
    return PydanticCustomError("rekindle", "{what}", {"what": what, "fix": fix})


@dataclass(frozen=True, slots=True)
class Weeks:
    """Weeks of a campaign, as spans with both ends included; no spans means all of them."""

    spans: tuple[tuple[int, int], ...] = ()

    def within(self, weeks: int) -> tuple[int, ...]:
        """The week numbers, in order, that a campaign of so many weeks has."""
        if not self.spans:
            return tuple(range(1, weeks + 1))
        return tuple(week for week in range(1, weeks + 1) if any(first <= week <= last for first, last in self.spans))

    @property
    def last(self) -> int:
        """The latest week named; 0 when all are meant."""
        return max((last for _, last in self.spans), default=0)


def read_weeks(value: object) -> Weeks:
    """`all`, 3, "2-6", or a list of those."""
    if value == "all":
        return Weeks()
    items = value if isinstance(value, list) else [value]
    if not items:
        raise wrong("no weeks are named", "write all, 3, [1, 3] or 2-6")
    if len(items) > MOST_SPANS:
        raise wrong(f"{len(items)} spans of weeks", f"name at most {MOST_SPANS}, such as 2-6")
    return Weeks(tuple(_span(item) for item in items))


def _span(item: object) -> tuple[int, int]:
    match = _RANGE.fullmatch(item) if isinstance(item, str) else None
    if match:
        first, last = int(match[1]), int(match[2] or match[1])
    elif isinstance(item, int) and not isinstance(item, bool):
        first = last = item
    else:
        raise wrong(f"{item!r} is not a week", "write all, 3, [1, 3] or 2-6")
    if first < 1 or last < first:
        raise wrong(f"{item} is not a span of weeks", "weeks count from 1, the earlier first, such as 2-6")
    return first, last


def read_days(value: object) -> tuple[int, ...]:
    """Weekday names, `start` or `end`, as numbers: 0 Monday to 6 Sunday, START_DAY, END_DAY."""
    items = value if isinstance(value, list) else [value]
    if not items:
        raise wrong("no days are named", "name at least one, such as [tuesday]")
    numbers = [_day(item) for item in items]
    if len(set(numbers)) < len(numbers):
        raise wrong("a day is named twice", "name it once")
    return tuple(sorted(numbers))


def _day(item: object) -> int:
    number = DAYS.get(item) if isinstance(item, str) else None
    if number is None:
        raise wrong(f"{item} is not a day", suggest(str(item), DAYS, f"use {one_of(list(DAYS))}"))
    return number


def read_time(value: object) -> time:
    """ "19:30" as a local wall time."""
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise wrong(f"{value} is not a time", 'write hours and minutes of a 24-hour clock in quotes, such as "19:30"')
    return time(int(match[1]), int(match[2]))


def read_at(value: object) -> time | None:
    """A time, or None for `partner`: the partner's own."""
    return None if value == "partner" else read_time(value)


def read_hours(value: object) -> Hours | None:
    """ "09:00-20:00", or None for `closed`."""
    if value == "closed":
        return None
    opens, dash, closes = str(value).partition("-")
    if not dash:
        raise wrong(f"{value} is not a span of hours", 'write it like "09:00-20:00", or closed')
    hours = Hours(read_time(opens.strip()), read_time(closes.strip()))
    if hours.opens >= hours.closes:
        raise wrong(f"{value} closes before it opens", "put the earlier time first")
    if hours.opens < EARLIEST or hours.closes > LATEST:
        raise wrong(f"{value} is wider than the law allows (47 CFR 64.1200(c)(1))", "stay within 08:00-21:00")
    return hours


def read_duration(value: object) -> timedelta:
    """30m, 24h or 3d."""
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise wrong(f"{value} is not a length of time", "write it like 30m, 24h or 3d")
    duration = timedelta(**{_UNITS[match[2]]: int(match[1])})
    if not timedelta() < duration <= LONGEST_WAIT:
        raise wrong(f"{value} is too {'short' if not duration else 'long'}", "use more than nothing and at most 14d")
    return duration


def read_depth(value: object) -> tuple[int, int]:
    """1, or [1, 2] with both ends included."""
    match value if isinstance(value, list) else [value, value]:
        case [int(first), int(last)] if 1 <= first <= last <= 3 and not isinstance(first, bool):
            return first, last
    raise wrong(f"{value} is not a depth", "write 1, 2 or 3, or a span such as [1, 2]")


def _one_or_many(item: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [item, {"type": "array", "items": item, "minItems": 1, "uniqueItems": True}]}


_TIME_SCHEMA = {"type": "string", "pattern": f"^{_TIME.pattern}$", "examples": ["19:30"]}
_HOURS_SCHEMA = {"type": "string", "pattern": r"^(closed|\d\d:\d\d-\d\d:\d\d)$", "examples": ["09:00-20:00", "closed"]}
_WEEK_SCHEMA = {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": f"^{_RANGE.pattern}$"}]}
_LEVEL_SCHEMA = {"type": "integer", "minimum": 1, "maximum": 3}
_SPAN_SCHEMA = {"type": "array", "items": _LEVEL_SCHEMA, "minItems": 2, "maxItems": 2}

WeeksField = Annotated[
    Weeks,
    PlainValidator(read_weeks),
    WithJsonSchema({"anyOf": [{"const": "all"}, *_WEEK_SCHEMA["anyOf"], {"type": "array", "items": _WEEK_SCHEMA}]}),
]
DaysField = Annotated[tuple[int, ...], PlainValidator(read_days), WithJsonSchema(_one_or_many({"enum": list(DAYS)}))]
AtField = Annotated[
    time | None, PlainValidator(read_at), WithJsonSchema({"anyOf": [{"const": "partner"}, _TIME_SCHEMA]})
]
HoursField = Annotated[Hours | None, PlainValidator(read_hours), WithJsonSchema(_HOURS_SCHEMA)]
DurationField = Annotated[
    timedelta, PlainValidator(read_duration), WithJsonSchema({"type": "string", "pattern": f"^{_DURATION.pattern}$"})
]
DepthField = Annotated[
    tuple[int, int], PlainValidator(read_depth), WithJsonSchema({"anyOf": [_LEVEL_SCHEMA, _SPAN_SCHEMA]})
]
