"""Which slot of a new version is which of the old one, and what becomes of each."""

from datetime import UTC, date, datetime, time, timedelta

from made import campaign, step

from engine.model.campaign import Step
from engine.plan.calendar import calendar
from engine.plan.moving import Standing, counterparts, move
from engine.plan.slot import Slot

MONDAY = date(2026, 3, 2)
WEEKS = (1, 2, 3)


def slots(*steps: Step) -> tuple[Slot, ...]:
    return calendar(campaign(*steps), 0, time(19), 1)


def instant(slot: Slot) -> datetime:
    return slot.instant(MONDAY, "UTC")[0]


def pairs(old: tuple[Slot, ...], new: tuple[Slot, ...], *had: str) -> dict[str, str]:
    return {key: slot.key for key, slot in counterparts(old, new, had).items()}


def test_the_same_occurrence_is_the_same_whatever_its_hour() -> None:
    old, new = slots(step(weeks=WEEKS)), slots(step(weeks=WEEKS, at=time(15)))
    assert pairs(old, new) == {key: key for key in ("talk/1", "talk/8", "talk/15")}


def test_a_step_that_moved_within_the_week_is_still_that_weeks() -> None:
    old, new = slots(step(weeks=WEEKS, days=(1,))), slots(step(weeks=(2, 3, 4), days=(4,)))
    assert pairs(old, new) == {"talk/11": "talk/8", "talk/18": "talk/15"}


def test_one_more_day_a_week_is_new_and_one_less_takes_no_other_with_it() -> None:
    one, two = slots(step(weeks=WEEKS, days=(1,))), slots(step(weeks=WEEKS, days=(1, 4)))
    assert pairs(one, two) == {key: key for key in ("talk/1", "talk/8", "talk/15")}
    longer = slots(step(weeks=(1, 2, 3, 4, 5), days=(1,)))
    assert pairs(two, longer) == {key: key for key in ("talk/1", "talk/8", "talk/15")}


def test_a_step_that_comes_once_is_the_same_wherever_it_goes() -> None:
    old, new = slots(step("note", weeks=(1,))), slots(step("note", weeks=(3,), days=(5,)))
    assert pairs(old, new) == {"note/19": "note/1"}


def test_what_a_partner_had_of_a_step_that_was_dropped_counts_when_it_is_back() -> None:
    old, new = slots(step("other")), slots(step(weeks=(1, 2), days=(4,)))
    assert pairs(old, new, "talk/1") == {"talk/4": "talk/1"}
    assert pairs(old, new) == {}


def standing(old: tuple[Slot, ...], here: int, planned: set[str] | None = None) -> Standing:
    had = {slot.key for slot in old[:here]} - (planned or set())
    return Standing(old, here, frozenset(), had, planned or set())


def test_what_was_had_stays_had_though_it_moved_to_a_later_day() -> None:
    old, new = slots(step(weeks=WEEKS)), slots(step(weeks=WEEKS, days=(4,)))
    moved = move(standing(old, 1), new, instant, lambda old, new: True, datetime(2026, 3, 4, tzinfo=UTC))
    assert [slot.key for slot in moved.left] == ["talk/11", "talk/18"]
    assert moved.before.keys() == {"talk/8", "talk/15"}
    assert moved.after.keys() == {"talk/11", "talk/18"}


def test_what_is_overdue_and_did_not_move_is_not_left_out_but_what_moved_into_the_past_is() -> None:
    late = datetime(2026, 3, 12, tzinfo=UTC)
    old = slots(step(weeks=WEEKS, at=time(12)))
    moved = move(standing(old, 0), old, instant, lambda old, new: True, late)
    assert [slot.key for slot in moved.left] == ["talk/1", "talk/8", "talk/15"]
    earlier = slots(step(weeks=WEEKS, at=time(10)))
    moved = move(standing(old, 0), earlier, instant, lambda old, new: True, late)
    assert [slot.key for slot in moved.left] == ["talk/15"]


def test_a_planned_delivery_stays_unless_its_slot_moves_ahead_or_it_does_not_fit() -> None:
    old = slots(step(at=time(12)))
    now = instant(old[0]) + timedelta(hours=1)
    for new, fits, kept in (
        (old, True, True),
        (old, False, False),
        (slots(step(at=time(10))), True, True),
        (slots(step(days=(3,))), True, False),
    ):
        moved = move(standing(old, 1, {"talk/1"}), new, instant, lambda old, new, fits=fits: fits, now)
        assert (moved.kept, moved.anew) == (
            (frozenset({"talk/1"}), frozenset()) if kept else (frozenset(), frozenset({"talk/1"}))
        )
        assert len(moved.left) == (not kept)
    gone = move(standing(old, 1, {"talk/1"}), slots(step("other")), instant, lambda old, new: True, now)
    assert gone.gone == {"talk/1"}
