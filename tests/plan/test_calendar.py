"""A campaign's steps fall on the right days of the right weeks, counted from the enrollment's start date."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import Audience, campaign, step

from engine.model.campaign import END_DAY, START_DAY, Step
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
    assert [(slot.step.key, slot.at, slot.early) for slot in slots] == [
        ("welcome", time(9), False),
        ("talk", time(9), True),
    ]
    assert slots[1].instant(date(2026, 3, 2), "UTC") == (at("2026-03-03T09:00"), MovedBecause.WINDOW)


def test_a_slot_that_is_not_in_the_calendar_is_an_error() -> None:
    with pytest.raises(LookupError):
        place_of(calendar(campaign(step()), MONDAY, time(9), 1), occurrence=2, order=0)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
