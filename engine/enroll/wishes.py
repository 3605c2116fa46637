"""What people write of the days and hours at which they want to be reached."""

import difflib
import re
from datetime import time

from engine.define.notation import WEEKDAYS
from engine.enroll.bad_value import BadValue
from engine.enroll.rows import time_of

ANY = ("any", "")
"""Whenever the campaign's own window is open."""
_SHORTEST = 2  # letters: no two weekdays begin with the same two


def days_of(text: str) -> frozenset[int]:
    """Weekdays by name, in full or cut short to two letters or more, 0 Monday; none at all for any day."""
    if text.casefold() in ANY:
        return frozenset()
    return frozenset(_day(word) for word in re.split(r"[\s,;|]+", text) if word)


def hour_of(text: str) -> time | None:
    """A time of day; None for any."""
    return None if text.casefold() in ANY else time_of(text)


def hours_of(text: str) -> tuple[str, str]:
    """The two ends of hours written as one, such as 09:00-19:00, each to be read by `hour_of`; "any" has none."""
    if text.strip().casefold() in ANY:
        return "", ""
    ends = [end.strip() for end in re.split(r"[-–]", text)]
    if len(ends) != 2 or not all(ends):
        raise BadValue(f"{text[:40]!r} are no hours.", "Write when they begin and end: 09:00-19:00.")
    return ends[0], ends[1]


def _day(word: str) -> int:
    lower = word.casefold().removesuffix(".")
    for number, name in enumerate(WEEKDAYS):
        if len(lower) >= _SHORTEST and name.startswith(lower):
            return number
    near = next(iter(difflib.get_close_matches(lower, WEEKDAYS, n=1, cutoff=0.6)), None)
    raise BadValue(
        f"There is no weekday {word[:40]!r}.",
        f"If you mean {near}, write that." if near else "Write names such as mon, tue; or any.",
    )
