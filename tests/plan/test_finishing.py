"""Where a campaign is to finish once one of the two is lost to it, it ends with their week, as a campaign ends."""

import itertools
from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import campaign, step

from engine.model.campaign import END_DAY, Campaign, OnLeaving, Step, StepPurpose
from engine.plan.calendar import Calendars, Slot

MONDAY = date(2026, 3, 2)
GOODBYE = step("goodbye", weeks=(8,), days=(END_DAY,), at=None, draw=None, purpose=StepPurpose.NOTE)
TALK, PULSE = step(weeks=tuple(range(1, 9))), step("pulse", weeks=tuple(range(1, 9)), days=(6,), at=time(18))
ANY_DAY: frozenset[int] = frozenset()


def finishing(*steps: Step) -> Campaign:
    return campaign(*steps, weeks=8, on_leaving=OnLeaving.FINISH)


def falls(made: Campaign, left_week: int | None, days: frozenset[int] = ANY_DAY) -> list[tuple[str, int, int]]:
    slots = Calendars(made).of(MONDAY, time(19), 1, days, left_week)
    return [(slot.step.key, slot.occurrence, slot.day) for slot in slots]


def test_what_comes_after_the_week_is_dropped_and_the_goodbye_comes_at_its_end() -> None:
    assert falls(finishing(TALK, PULSE, GOODBYE), 2) == [
        ("talk", 1, 1),
        ("pulse", 6, 6),
        ("talk", 8, 8),
        ("pulse", 13, 13),
        ("goodbye", 55, 13),
    ]


def test_nothing_on_the_goodbye_says_why_it_comes_early() -> None:
    goodbye = Calendars(finishing(TALK, GOODBYE)).of(MONDAY, time(19), 1, ANY_DAY, 2)[-1]
    assert (goodbye.instant(MONDAY, "UTC")[1], goodbye.week, goodbye.wall(MONDAY)) == (
        None,
        2,
        datetime(2026, 3, 15, 19),
    )


def test_the_goodbye_is_the_last_even_where_its_hour_is_not() -> None:
    early = step("goodbye", weeks=(8,), days=(END_DAY,), at=time(13), draw=None, purpose=StepPurpose.NOTE)
    slots = Calendars(finishing(PULSE, early)).of(MONDAY, time(19), 1, ANY_DAY, 1)
    assert [(slot.step.key, slot.at) for slot in slots] == [("pulse", time(18)), ("goodbye", time(18))]


@pytest.mark.parametrize(
    ("made", "left_week"),
    [
        (finishing(TALK, PULSE, GOODBYE), None),
        (finishing(TALK, PULSE, GOODBYE), 8),  # it is the last week in any case
        (finishing(TALK, PULSE, GOODBYE), 9),
        (campaign(TALK, PULSE, GOODBYE, weeks=8), 2),  # for the one who stays it goes on
    ],
)
def test_otherwise_it_goes_on_to_its_own_end(made: Campaign, left_week: int | None) -> None:
    assert falls(made, left_week) == falls(made, None)


def test_a_campaign_without_a_goodbye_ends_without_one() -> None:
    assert falls(finishing(TALK), 2) == [("talk", 1, 1), ("talk", 8, 8)]


def test_a_note_that_every_week_ends_with_does_not_come_twice() -> None:
    weekly = step("note", weeks=tuple(range(1, 9)), days=(END_DAY,), draw=None, purpose=StepPurpose.NOTE)
    assert falls(finishing(weekly), 2) == [("note", 6, 6), ("note", 13, 13)]


def test_the_goodbye_comes_on_a_day_that_the_partner_wants() -> None:
    assert falls(finishing(TALK, GOODBYE), 2, frozenset({2})) == [("talk", 1, 2), ("talk", 8, 9), ("goodbye", 55, 16)]


STEPS = st.lists(
    st.builds(
        step,
        key=st.sampled_from("abcdef"),
        weeks=st.sets(st.integers(1, 8), min_size=1).map(lambda weeks: tuple(sorted(weeks))),
        days=st.sets(st.integers(0, 8), min_size=1).map(tuple),
        at=st.none() | st.sampled_from([time(8), time(12), time(19), time(22)]),
        purpose=st.sampled_from(StepPurpose),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda one: one.key,
)
STARTS, DAYS = st.dates(MONDAY, date(2026, 3, 8)), st.frozensets(st.integers(0, 6))


@given(STEPS, st.integers(1, 9), STARTS, DAYS)
def test_wherever_a_place_is_it_goes_on_with_all_that_is_left_after_it_and_nothing_before_it(
    steps: list[Step], week: int, start: date, days: frozenset[int]
) -> None:
    calendars = Calendars(finishing(*steps))
    whole = calendars.of(start, time(19), 1, days)
    left = calendars.of(start, time(19), 1, days, week)
    walls = [slot.wall(start) for slot in left]
    assert walls == sorted(walls)
    assert {slot.key for slot in left} <= {slot.key for slot in whole}
    assert all(slot.week <= week for slot in left)
    goodbye = next((slot for slot in left if slot.shift < 0), None)
    for here, slot in enumerate(whole):
        if slot.occurrence >= week * 7:
            break  # by then nobody stands there any more
        found, place = calendars.standing(start, time(19), 1, days, week, slot.occurrence, slot.step.key)
        assert found == left
        assert [each.key for each in found[place:]] == _after(whole[here:], left, goodbye)


def _after(rest: tuple[Slot, ...], left: tuple[Slot, ...], goodbye: Slot | None) -> list[str]:
    kept = {slot.key for slot in left}
    keys = [slot.key for slot in rest if slot.key in kept and (goodbye is None or slot.key != goodbye.key)]
    return keys + ([goodbye.key] if goodbye else [])


@given(STEPS, st.integers(1, 8), STARTS, DAYS)
def test_no_slot_is_there_twice(steps: list[Step], week: int, start: date, days: frozenset[int]) -> None:
    left = Calendars(finishing(*steps)).of(start, time(19), 1, days, week)
    assert all(one.key != other.key for one, other in itertools.combinations(left, 2))
