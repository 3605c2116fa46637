"""What becomes of a partner's messages to come when their couple is moved to another version of its campaign.

Pure: what the partner has, and the instant of a slot for them, are arguments.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time

from engine.model.campaign import Step
from engine.plan.slot import DAYS, Slot


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a partner stands in the old version: their calendar, their place in it, and what they have already.

    `had` are the slots with a delivery that has begun, whatever became of it; `planned` those of the calendar with one
    of which nothing has been tried yet.
    """

    calendar: Sequence[Slot]
    here: int
    passed: frozenset[str]
    had: Collection[str]
    planned: Collection[str]


@dataclass(frozen=True, slots=True)
class Moved:
    """`before` and `after` are all messages to come in the old and in the new version, planned ones among them, by slot
    key; `origin` says for a key of the new version which of the old one it was.

    `left` are the slots of the new version that are still to be planned, in its order. Of the planned deliveries, by
    old key, those in `kept` stay, those in `anew` are taken back so that their slots are planned again, and of those
    in `gone` the new version knows nothing.
    """

    before: Mapping[str, Slot]
    after: Mapping[str, Slot]
    origin: Mapping[str, Slot]
    left: tuple[Slot, ...]
    kept: frozenset[str]
    anew: frozenset[str]
    gone: frozenset[str]


def move(
    standing: Standing,
    new: tuple[Slot, ...],
    instant: Callable[[Slot], datetime],
    fits: Callable[[Slot, Slot], bool],
    now: datetime,
) -> Moved:
    """Find a partner's messages to come in the `new` version's calendar.

    What is behind the partner is never to come again, wherever it moved. What was to come and did not move still comes,
    late or not, as it would have. What is new or has moved comes where that is after `now`, and is left out otherwise:
    a version does not send what by it should have gone before it was there. A planned delivery stays, unless its slot
    moved into the future or what it is does not fit: `fits(old, new)`.
    """
    origin = counterparts(standing.calendar, new, standing.had)
    behind = standing.passed.union(standing.had)
    coming = {slot.key: slot for slot in standing.calendar[standing.here :] if slot.key not in behind}
    known = {slot.key: slot for slot in standing.calendar}
    left, kept, anew, after = [], set(), set(), {}
    for slot in new:
        old = origin.get(slot.key)
        unmoved = old is not None and instant(old) == instant(slot)
        if old is not None and old.key in standing.planned:
            after[slot.key] = slot
            if fits(old, slot) and (unmoved or instant(slot) <= now):
                kept.add(old.key)
                continue
            anew.add(old.key)
        else:
            comes = slot.key not in standing.had and (old is None or old.key in coming)
            if not (comes and (unmoved or instant(slot) > now)):
                continue
        after[slot.key] = slot
        left.append(slot)
    stay = {slot.key for slot in origin.values()}
    return Moved(
        before={**{key: known[key] for key in standing.planned}, **coming},
        after=after,
        origin=origin,
        left=tuple(left),
        kept=frozenset(kept),
        anew=frozenset(anew),
        gone=frozenset(known) - stay,
    )


def counterparts(old: Sequence[Slot], new: Sequence[Slot], had: Collection[str] = ()) -> dict[str, Slot]:
    """Which slot of the `old` calendar each slot of the `new` one is, by the new one's key; a new slot has none.

    The same occurrence is the same. Then within a week the first that is left of a step is the first that is left: a
    step that moved from Tuesday to Friday is still that week's. A step that comes once is the same wherever it goes.
    What a partner `had` of a step that the old version had dropped counts as its slots.
    """
    found: dict[str, Slot] = {}
    steps = {slot.step.key: slot.step for slot in new}
    dropped = steps.keys() - {slot.step.key for slot in old}
    again = [_slot_of(key, steps) for key in sorted(had) if key.partition("/")[0] in dropped]
    olds, news = _by_step([*old, *again]), _by_step(new)
    for step, slots in news.items():
        left, then = {slot.occurrence: slot for slot in olds.get(step, ())}, []
        once = len(left) == 1 and len(slots) == 1
        for slot in slots:
            if slot.occurrence in left:
                found[slot.key] = left.pop(slot.occurrence)
            else:
                then.append(slot)
        for slot in then:
            same = [day for day, each in left.items() if once or _week(each) == _week(slot)]
            if same:
                found[slot.key] = left.pop(min(same))
    return found


def _by_step(slots: Sequence[Slot]) -> dict[str, list[Slot]]:
    found: dict[str, list[Slot]] = {}
    for slot in sorted(slots, key=lambda slot: slot.occurrence):
        found.setdefault(slot.step.key, []).append(slot)
    return found


def _week(slot: Slot) -> int:
    return slot.occurrence // DAYS


def _slot_of(key: str, steps: Mapping[str, Step]) -> Slot:
    """A slot that is known only by its key; its hour is of no account."""
    step, _, occurrence = key.partition("/")
    return Slot(int(occurrence), time(), 0, int(occurrence) // DAYS + 1, steps[step])
