"""Differences between two versions as a person reads them: values as files write them, long texts as what changed."""

import difflib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import time, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Any

from engine.define.diff import Change, FieldChange, Kind, Part
from engine.define.notation import DAYS, WEEKDAYS
from engine.model.campaign import Caps, Hours
from engine.model.strategy import ActivityText

LONG = 60
"""Texts over so many characters are shown by what changed in them."""
CONTEXT = 3
"""Words that are shown before and after each change."""
MOST = 6
"""Changes that are shown of one text; the rest is counted."""

_NAMES = {"key": "step", "purpose": "purpose", "audience": "to", "texts": "words"}  # as files call them
_DAY = {number: name for name, number in DAYS.items()}
_MARK = {Kind.ADDED: "+", Kind.REMOVED: "-", Kind.CHANGED: "~"}


def headline(change: Change) -> str:
    """One line for a change: `~ step talk`, `+ activity affection-hello`, `~ campaign`."""
    what = "week" if change.part is Part.THEME else change.part.value
    return f"{_MARK[change.kind]} {what} {change.key}".rstrip()


def lines(change: Change) -> Iterator[str]:
    """A line or more for each field that changed: `days: tuesday → friday`."""
    for each in change.fields:
        yield from _field(each)


def _field(change: FieldChange) -> Iterator[str]:
    name = _NAMES.get(change.field, change.field)
    if change.field == "texts":
        yield from _texts(change.old, change.new)
    elif change.field == "window":
        yield from _window(change.old, change.new)
    elif isinstance(change.old, Mapping) and isinstance(change.new, Mapping):
        for key in sorted(change.old.keys() | change.new.keys()):
            old, new = change.old.get(key), change.new.get(key)
            if old != new:
                yield from _one(f"{name} {key}", old, new)
    else:
        yield from _one(name, change.old, change.new, change.field)


def _one(name: str, old: object, new: object, field: str = "") -> Iterator[str]:
    if isinstance(old, str) and isinstance(new, str) and max(len(old), len(new)) > LONG:
        yield from (f"{name}: {each}" for each in reworded(old, new))
    else:
        yield f"{name}: {plainly(old, field)} → {plainly(new, field)}"


def _texts(old: Any, new: Any) -> Iterator[str]:
    """The words of an activity, language by language and field by field."""
    for locale in sorted(old.keys() | new.keys()):
        before, after = old.get(locale), new.get(locale)
        if before is None or after is None:
            yield f"{locale}: {'added' if before is None else 'taken out'}"
        elif before != after:
            for each in fields(ActivityText):
                was, will = getattr(before, each.name), getattr(after, each.name)
                if was != will:
                    yield from _one(f"{locale} {each.name}", was, will)


def _window(old: Any, new: Any) -> Iterator[str]:
    for day, before, after in zip(WEEKDAYS, old, new, strict=True):
        if before != after:
            yield f"window {day}: {plainly(before, 'window')} → {plainly(after, 'window')}"


def reworded(old: str, new: str, *, whole: bool = False) -> list[str]:
    """What changed between two texts, a line a place: `… before [old words → new words] after …`.

    All of it where the `whole` is wanted, else so much as a person wants to read.
    """
    before, after = old.split(), new.split()
    # Not "autojunk": it would take frequent words of a long text for noise.
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    found = []
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            continue
        lead = " ".join(["…"] * (a > CONTEXT) + before[max(0, a - CONTEXT) : a])
        tail = " ".join(before[b : b + CONTEXT] + ["…"] * (b + CONTEXT < len(before)))
        was, will = (" ".join(words) if whole else _short(words) for words in (before[a:b], after[c:d]))
        change = f"[{was or 'nothing'} → {will or 'nothing'}]"
        found.append(" ".join(part for part in (lead, change, tail) if part))
    if not found:
        return ["only its line breaks and spaces"]
    if whole or len(found) <= MOST:
        return found
    more = len(found) - MOST
    return [*found[:MOST], f"and {more} more {'place' if more == 1 else 'places'}"]


def _short(words: list[str]) -> str:
    if len(words) > 4 * CONTEXT:
        words = [*words[: 2 * CONTEXT], f"… {len(words) - 3 * CONTEXT} words …", *words[-CONTEXT:]]
    return " ".join(words)


def plainly(value: object, field: str = "") -> str:
    """A value as a campaign file writes it, near enough to be recognised."""
    if value is None:
        return {"at": "partner", "channel": "preferred", "window": "closed"}.get(field, "none")
    if isinstance(value, tuple | list):
        return _sequence(value, field)
    for kind, write in _WRITERS.items():
        if isinstance(value, kind):
            return write(value)
    return _whole(value) if is_dataclass(value) else json.dumps(value, ensure_ascii=False, default=str)


def _whole(value: Any) -> str:
    said = {each.name: getattr(value, each.name) for each in fields(value)}
    shown = {key: each for key, each in said.items() if each not in (None, (), frozenset())}
    return "{" + ", ".join(f"{key}: {plainly(each, key)}" for key, each in shown.items()) + "}"


def _sequence(value: Any, field: str) -> str:
    if field == "days":
        return ", ".join(_DAY.get(day, str(day)) for day in value) or "none"
    if field == "weeks" and value:
        return _spans(value)
    if field == "depth":
        return f"{value[0]}-{value[1]}" if value[0] != value[1] else str(value[0])
    return ", ".join(plainly(each) for each in value) or "none"


def _spans(weeks: Any) -> str:
    """1-3, 5 for (1, 2, 3, 5)."""
    spans = []
    for _, group in groupby(enumerate(sorted(weeks)), key=lambda pair: pair[1] - pair[0]):
        run = [week for _, week in group]
        spans.append(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}")
    return ", ".join(spans)


def _duration(value: timedelta) -> str:
    minutes = int(value.total_seconds()) // 60
    if minutes and minutes % (24 * 60) == 0:
        return f"{minutes // (24 * 60)}d"
    return f"{minutes // 60}h" if minutes % 60 == 0 else f"{minutes}m"


_WRITERS: Mapping[type, Callable[[Any], str]] = {
    StrEnum: lambda value: value.value,
    str: lambda value: value or '""',
    time: lambda value: value.strftime("%H:%M"),
    timedelta: _duration,
    Hours: lambda value: f"{value.opens:%H:%M}-{value.closes:%H:%M}",
    Caps: lambda value: f"{value.per_day} a day, {value.per_week} a week",
    frozenset: lambda value: ", ".join(sorted(map(plainly, value))) or "none",
    Mapping: lambda value: ", ".join(f"{key}: {plainly(each)}" for key, each in value.items()) or "none",
}
