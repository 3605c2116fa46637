"""When each step of a course falls for one partner, worked out from the script alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta

from fuzz.model_zone import instant
from fuzz.script import Course, Person, Step

WEEK = 7
Key = tuple[str, int]
"""A step's key and how many days after the start date it falls."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a person wants to be reached. Hours are "HH:MM"; `days` are weekdays, none for any."""

    channel: str
    zone: str
    send_at: str
    days: frozenset[int] = frozenset()
    reach_from: str | None = None
    reach_until: str | None = None


def clock(text: str) -> time:
    """ "HH:MM" as a time."""
    hours, minutes = text.split(":")
    return time(int(hours), int(minutes))


def occurrences(step: Step, start: date) -> list[int]:
    """The days after the start on which the step falls, ascending."""
    first = start.weekday()
    return sorted({(week - 1) * WEEK + (day - first) % WEEK for week in step.weeks for day in step.days})


def keys(course: Course, start: date, position: int) -> Iterator[tuple[Key, Step]]:
    """What a partner gets of a course: by turns, the first one's to position 1, where a step is alternating."""
    for step in course.steps:
        for turn, occurrence in enumerate(occurrences(step, start)):
            if step.audience != "alternating" or turn % 2 == position - 1:
                yield (step.key, occurrence), step


def falls(course: Course, step: Step, occurrence: int, start: date, settings: Settings, zone: str) -> float:
    """The instant of one of them for a partner with these settings, where their zone follows the rules of `zone`."""
    day = start + timedelta(days=occurrence)
    wanted = [each for each in settings.days if course.window[each] is not None]
    if wanted:
        day += timedelta(days=min((each - day.weekday()) % WEEK for each in wanted))
    at = clock(step.at or settings.send_at)
    hours = course.window[day.weekday()]
    if hours is not None:
        at = max(at, clock(hours[0]))
    return instant(day, at, zone)


def open_hours(course: Course, weekday: int, settings: Settings) -> tuple[time, time] | None:
    """When a partner may be reached on a weekday: the campaign's hours, narrowed to their own; None: not at all."""
    hours = course.window[weekday]
    if hours is None or (settings.days and weekday not in settings.days):
        return None
    opens, closes = clock(hours[0]), clock(hours[1])
    if settings.reach_from:
        opens = max(opens, clock(settings.reach_from))
    if settings.reach_until:
        closes = min(closes, clock(settings.reach_until))
    return (opens, closes) if opens < closes else None


def at_first(person: Person) -> Settings:
    """The settings that a person comes in with."""
    return Settings(person.channel, person.zone, person.send_at)
