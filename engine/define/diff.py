"""What changed between two versions of a campaign, step by step key."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from engine.model.campaign import Campaign


class Part(StrEnum):
    """Which part of a campaign a change is in."""

    CAMPAIGN = "campaign"
    STEP = "step"
    THEME = "theme"
    ACTIVITY = "activity"


class Kind(StrEnum):
    """What happened to it."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field's value before and after."""

    field: str
    old: object
    new: object


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs. `key` is a step key, a week, an activity id, or "" for the campaign itself."""

    part: Part
    kind: Kind
    key: str
    fields: tuple[FieldChange, ...] = ()


_ELSEWHERE = {"steps", "themes", "activities", "digest"}
"""Fields of a campaign whose differences are told part by part, or follow from others."""


def diff(old: Campaign, new: Campaign) -> tuple[Change, ...]:
    """Every change that leads from `old` to `new`, in the order of the files; none when both mean the same."""
    return (
        *_whole(old, new),
        *_members(Part.STEP, {step.key: step for step in old.steps}, {step.key: step for step in new.steps}),
        *_members(Part.THEME, _by_week(old), _by_week(new)),
        *_members(Part.ACTIVITY, old.activities, new.activities),
    )


def _whole(old: Campaign, new: Campaign) -> Iterator[Change]:
    """The campaign's own fields, and the order of its steps: that decides which of two messages comes first."""
    changes = list(_fields(old, new, [each.name for each in fields(Campaign) if each.name not in _ELSEWHERE]))
    orders = [tuple(step.key for step in campaign.steps) for campaign in (old, new)]
    kept = [[key for key in order if key in set(orders[0]) & set(orders[1])] for order in orders]
    if kept[0] != kept[1]:
        changes.append(FieldChange("order of steps", orders[0], orders[1]))
    if changes:
        yield Change(Part.CAMPAIGN, Kind.CHANGED, "", tuple(changes))


def _members(part: Part, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for key in old:
        if key not in new:
            yield Change(part, Kind.REMOVED, key)
    for key, value in new.items():
        if key not in old:
            yield Change(part, Kind.ADDED, key)
        elif changed := tuple(_fields(old[key], value, [item.name for item in fields(value)])):
            yield Change(part, Kind.CHANGED, key, changed)


def _fields(old: object, new: object, names: list[str] | tuple[str, ...]) -> Iterator[FieldChange]:
    for name in names:
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield FieldChange(name, before, after)


def _by_week(campaign: Campaign) -> dict[str, object]:
    return {str(week): theme for week, theme in enumerate(campaign.themes, start=1)}
