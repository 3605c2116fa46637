"""A campaign's steps fall on the right days of the right weeks, counted from the enrollment's start date."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import Audience, campaign, step

from engine.model.campaign import END_DAY, SAFE_HOURS, START_DAY, Step
from engine.model.delivery import MovedBecause
from engine.plan.calendar import Calendars, calendar, occurrences, place_of

MONDAY, TUESDAY, SUNDAY = 0, 1, 6


@pytest.mark.parametrize(
    ("cadence", "start_weekday", "days"),
    [
        ({"weeks": (1, 2, 3), "days": (TUESDAY,)}, MONDAY, [1, 8, 15]),  # every week
        ({"weeks": (1, 2), "days": (TUESDAY,)}, 2, [6, 13]),  # started on a Wednesday: the first Tuesday after
        ({"weeks": (2,), "days": (TUESDAY,)}, TUESDAY, [7]),  # once, in week 2
        ({"weeks": (2, 3, 4), "days": (SUNDAY,)}, MONDAY, [13, 20, 27]),  # a range of weeks
        ({"weeks": (1,), "days": (MONDAY, 3)}, MONDAY, [0, 3]),  # two days a week
        ({"weeks": (1,), "days": (START_DAY,)}, 4, [0]),  # the very first day
        ({"weeks": (8,), "days": (END_DAY,)}, 4, [55]),  # the very last
        ({"weeks": (1, 2), "days": (), "every_days": 3}, 5, [0, 3, 6, 9, 12]),  # every three days
        ({"weeks": (2,), "days": (), "every_days": 3}, 0, [9, 12]),  # every three days of week 2
    ],
)
def test_a_cadence_falls_on_these_days(cadence: dict[str, object], start_weekday: int, days: list[int]) -> None:
    assert list(occurrences(step(**cadence), start_weekday)) == days


STEPS = st.builds(
    step,
    key=st.sampled_from("abcdef"),
    weeks=st.sets(st.integers(1, 12), min_size=1).map(lambda weeks: tuple(sorted(weeks))),
    days=st.sets(st.integers(0, 8), min_size=1).map(tuple),
    at=st.none() | st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    audience=st.sampled_from(Audience),
)


@given(STEPS, st.dates(date(2020, 1, 1), date(2035, 1, 1)))
def test_every_occurrence_is_on_a_day_and_in_a_week_that_the_step_names(step: Step, start: date) -> None:
    found = list(occurrences(step, start.weekday()))
    assert found == sorted(set(found))
    for occurrence in found:
        day = start + timedelta(days=occurrence)
        assert (
            day.weekday() in step.days
            or (START_DAY in step.days and occurrence % 7 == 0)
            or (END_DAY in step.days and occurrence % 7 == 6)
        )
        assert occurrence // 7 + 1 in step.weeks


@given(st.lists(STEPS, min_size=1, max_size=5), st.integers(0, 6))
def test_a_calendar_is_in_order_and_each_slot_is_found_in_it(steps: list[Step], weekday: int) -> None:
    slots = calendar(campaign(*steps), weekday, time(19), 1)
    assert [place_of(slots, slot.occurrence, slot.order) for slot in slots] == list(range(len(slots)))
    start = date(2026, 3, 2) + timedelta(days=weekday)
    walls = [slot.wall(start) for slot in slots]
    assert walls == sorted(walls)


@given(STEPS, st.integers(0, 6))
def test_alternating_partners_share_the_occurrences_between_them(step: Step, weekday: int) -> None:
    both = [calendar(campaign(step), weekday, time(19), position) for position in (1, 2)]
    days = [{slot.occurrence for slot in slots} for slots in both]
    if step.audience is Audience.ALTERNATING:
        assert not days[0] & days[1]
        assert days[0] | days[1] == set(occurrences(step, weekday))
        assert len(days[0]) - len(days[1]) in (0, 1)
    else:
        assert days[0] == days[1]


def test_a_step_without_a_time_uses_the_partners_own() -> None:
    slots = Calendars(campaign(step(at=None))).of(date(2026, 3, 2), time(17, 30), 1)
    assert [slot.wall(date(2026, 3, 2)) for slot in slots] == [datetime(2026, 3, 3, 17, 30)]


def test_a_time_before_the_window_opens_is_the_opening_so_that_the_files_order_holds() -> None:
    welcome, talk = step("welcome", at=time(9)), step("talk", at=None)
    slots = calendar(campaign(welcome, talk), MONDAY, time(7), 1)
    assert [(slot.step.key, slot.at, slot.moved) for slot in slots] == [
        ("welcome", time(9), None),
        ("talk", time(9), MovedBecause.WINDOW),
    ]
    assert slots[1].instant(date(2026, 3, 2), "UTC") == (at("2026-03-03T09:00"), MovedBecause.WINDOW)


WANTED = st.frozensets(st.integers(0, 6), min_size=1)


@pytest.mark.parametrize(
    ("days", "falls"),
    [
        ({TUESDAY}, [(1, 1, None), (8, 8, None)]),  # wanted as it is
        ({2}, [(1, 2, MovedBecause.OWN_DAYS), (8, 9, MovedBecause.OWN_DAYS)]),  # a day later
        ({0}, [(1, 7, MovedBecause.OWN_DAYS), (8, 14, MovedBecause.OWN_DAYS)]),  # the Monday after, in the next week
        ({0, 4}, [(1, 4, MovedBecause.OWN_DAYS), (8, 11, MovedBecause.OWN_DAYS)]),  # the next of several
        (set(), [(1, 1, None), (8, 8, None)]),  # any
    ],
)
def test_a_step_on_an_unwanted_day_comes_on_the_next_wanted_one_and_stays_the_same_occurrence(
    days: set[int], falls: list[tuple[int, int, MovedBecause | None]]
) -> None:
    slots = calendar(campaign(step(weeks=(1, 2))), MONDAY, time(9), 1, frozenset(days))
    assert [(slot.occurrence, slot.day, slot.moved) for slot in slots] == falls
    assert [slot.week for slot in slots] == [1, 2]
    assert {slot.at for slot in slots} == {time(9)}


def test_what_moves_goes_by_the_hours_of_the_day_it_moves_to() -> None:
    (slot,) = calendar(campaign(step(days=(5,))), MONDAY, time(9), 1, frozenset({SUNDAY}))
    assert slot.wall(date(2026, 3, 2)) == datetime(2026, 3, 8, 12)  # on Sundays the window opens at noon


def test_nothing_moves_to_a_day_on_which_the_campaign_is_closed() -> None:
    closed_on_sundays = (SAFE_HOURS,) * 6 + (None,)
    slots = calendar(campaign(step(days=(5,)), window=closed_on_sundays), MONDAY, time(9), 1, frozenset({MONDAY, 6}))
    assert [slot.day for slot in slots] == [7]


def test_two_steps_on_one_wanted_day_go_by_their_times_and_then_in_the_order_of_the_file() -> None:
    made = campaign(step("a", days=(2,)), step("b", days=(1,)), step("c", days=(0,), at=time(8)))
    assert [slot.step.key for slot in calendar(made, MONDAY, time(9), 1, frozenset({3}))] == ["a", "b", "c"]
    # At eight it is not open yet, so `c` is as late as the others; later than they are it comes after them.
    made = campaign(step("a", days=(2,), at=time(12)), step("b", days=(1,)), step("c", days=(0,), at=time(10)))
    assert [slot.step.key for slot in calendar(made, MONDAY, time(9), 1, frozenset({3}))] == ["b", "c", "a"]


@given(st.lists(STEPS, min_size=1, max_size=5), st.integers(0, 6), WANTED)
def test_with_days_of_their_own_a_partner_gets_the_same_slots_in_order_and_on_those_days_alone(
    steps: list[Step], weekday: int, days: frozenset[int]
) -> None:
    made = campaign(*steps)
    plain, slots = calendar(made, weekday, time(19), 1), calendar(made, weekday, time(19), 1, days)
    assert sorted((slot.occurrence, slot.order) for slot in slots) == sorted(
        (slot.occurrence, slot.order) for slot in plain
    )
    start = date(2026, 3, 2) + timedelta(days=weekday)
    walls = [slot.wall(start) for slot in slots]
    assert walls == sorted(walls)
    assert {wall.weekday() for wall in walls} <= days
    assert all(0 <= slot.shift < 7 for slot in slots)
    assert [place_of(slots, slot.occurrence, slot.order) for slot in slots] == list(range(len(slots)))


def test_a_slot_that_is_not_in_the_calendar_is_an_error() -> None:
    with pytest.raises(LookupError):
        place_of(calendar(campaign(step()), MONDAY, time(9), 1), occurrence=2, order=0)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
