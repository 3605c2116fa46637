"""Where a partner's place goes on when the order of their calendar has changed under it."""

from collections.abc import Iterable

from engine.plan.slot import Slot


def following(slots: tuple[Slot, ...], place: int, passed: frozenset[str]) -> Slot | None:
    """The slot that comes after the one at `place`, but for those already behind the partner; None after the last."""
    if not passed:
        return slots[place + 1] if place + 1 < len(slots) else None
    return next((slot for slot in slots[place + 1 :] if slot.key not in passed), None)


def to_come(slots: tuple[Slot, ...], place: int, passed: frozenset[str]) -> list[Slot]:
    """The slot at `place` and all that come after it, but for those already behind the partner."""
    return [slot for slot in slots[place:] if slot.key not in passed]


def reseated(left: Iterable[Slot], slots: tuple[Slot, ...]) -> tuple[Slot | None, frozenset[str]]:
    """The first of `slots`, the new order, that was `left` in the old one; and which slots after it were not.

    So no slot is lost, and none comes that was behind the partner: planned, or over when they joined.
    """
    keys = {slot.key for slot in left}
    place = next((place for place, slot in enumerate(slots) if slot.key in keys), None)
    if place is None:
        return None, frozenset()
    return slots[place], frozenset(slot.key for slot in slots[place:] if slot.key not in keys)
