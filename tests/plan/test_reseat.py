"""When the order of a calendar changes under a partner, what was to come still comes, once, and nothing else does."""

from datetime import date, time

from hypothesis import given
from hypothesis import strategies as st
from made import campaign, step

from engine.plan.calendar import Calendars
from engine.plan.reseat import following, reseated, to_come
from engine.plan.slot import Slot

MONDAY = date(2026, 3, 2)
MADE = Calendars(
    campaign(
        step("own", weeks=(1, 2, 3), days=(1, 4), at=None),
        step("noon", weeks=(1, 2, 3), days=(0, 1, 3), at=time(12)),
        step("late", weeks=(1, 2, 3), days=(6,), at=time(18)),
    )
)
RHYTHMS = st.tuples(
    st.sampled_from([time(9), time(12), time(17), time(19, 30)]), st.frozensets(st.integers(0, 6), max_size=3)
)


def walked(slots: tuple[Slot, ...], here: Slot | None, passed: frozenset[str], steps: int) -> tuple[list[str], int]:
    """The keys of the next `steps` slots from `here`, and where the place then is; len(slots) at the end."""
    keys: list[str] = []
    while here is not None and len(keys) < steps:
        keys.append(here.key)
        here = following(slots, slots.index(here), passed)
    return keys, len(slots) if here is None else slots.index(here)


@given(st.lists(st.tuples(RHYTHMS, st.integers(0, 12)), min_size=1, max_size=5), st.integers(0, 8))
def test_however_often_it_changes_every_slot_that_was_to_come_comes_once_and_none_before_joining(
    lives: list[tuple[tuple[time, frozenset[int]], int]], joined: int
) -> None:
    (own_time, days), _ = lives[0]
    slots = MADE.of(MONDAY, own_time, 1, days)
    expected = {slot.key for slot in slots[joined:]}
    passed: frozenset[str] = frozenset()
    here: Slot | None = slots[joined]
    came: list[str] = []
    for rhythm, steps in lives:
        new = MADE.of(MONDAY, rhythm[0], 1, rhythm[1])
        if here is not None:
            here, passed = reseated(to_come(slots, slots.index(here), passed), new)
        slots = new
        keys, place = walked(slots, here, passed, steps)
        came += keys
        here = slots[place] if place < len(slots) else None
    keys, _ = walked(slots, here, passed, len(slots))
    came += keys
    assert sorted(came) == sorted(expected)


def test_nothing_is_passed_where_the_order_stays() -> None:
    slots = MADE.of(MONDAY, time(9), 1)
    assert reseated(to_come(slots, 3, frozenset()), slots) == (slots[3], frozenset())


def test_nothing_is_left_where_nothing_was() -> None:
    assert reseated([], MADE.of(MONDAY, time(9), 1)) == (None, frozenset())
