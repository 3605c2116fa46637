"""Nobody is reached outside the hours of their own wall clock."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.clock import zone_names
from engine.model.campaign import SAFE_WEEK, Hours
from engine.plan.local import wall_time
from engine.plan.window import Window, closes_at, goes_the_same_day, narrowed, next_day_open, next_open, reachable

ZONES = st.sampled_from(sorted(zone_names()))
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
HOURS = (
    st.tuples(st.integers(0, 22), st.integers(1, 23))
    .filter(lambda pair: pair[0] < pair[1])
    .map(lambda pair: Hours(time(pair[0]), time(pair[1])))
)
WINDOWS = st.tuples(*[st.none() | HOURS] * 7)


def is_open(moment: datetime, timezone: str, window: Window) -> bool:
    wall = wall_time(moment, timezone)
    hours = window[wall.weekday()]
    return hours is not None and hours.opens <= wall.time() < hours.closes


@pytest.mark.parametrize(
    ("wall", "opens"),
    [
        ("2026-03-03T09:00", "2026-03-03T09:00"),
        ("2026-03-03T08:59", "2026-03-03T09:00"),
        ("2026-03-03T19:59", "2026-03-03T19:59"),
        ("2026-03-03T20:00", "2026-03-04T09:00"),
        ("2026-03-08T09:00", "2026-03-08T12:00"),  # Sunday opens at noon
        ("2026-03-07T21:00", "2026-03-08T12:00"),
        ("2026-03-08T23:00", "2026-03-09T09:00"),
    ],
)
def test_a_time_outside_the_safe_hours_waits_for_the_next_ones(wall: str, opens: str) -> None:
    moment = datetime.fromisoformat(wall).replace(tzinfo=UTC)
    assert next_open(moment, "UTC", SAFE_WEEK) == datetime.fromisoformat(opens).replace(tzinfo=UTC)


@given(MOMENTS, ZONES, WINDOWS)
def test_the_next_opening_is_open_and_nothing_before_it_is(moment: datetime, timezone: str, window: Window) -> None:
    found = next_open(moment, timezone, window)
    if found is None:
        assert not any(is_open(moment + timedelta(hours=h), timezone, window) for h in range(0, 24 * 7, 3))
        return
    assert found >= moment
    assert is_open(found, timezone, window)
    if found > moment:
        assert not is_open(moment, timezone, window)
        assert not is_open(found - timedelta(minutes=1), timezone, window) or found - timedelta(minutes=1) < moment


@given(MOMENTS, ZONES, WINDOWS, st.integers(1, 7))
def test_a_later_days_window_is_on_a_later_day_of_the_partners(
    moment: datetime, timezone: str, window: Window, days: int
) -> None:
    found = next_day_open(moment, timezone, window, days)
    if found is not None:
        assert wall_time(found, timezone).date() >= wall_time(moment, timezone).date() + timedelta(days=1)
        assert is_open(found, timezone, window)


@given(MOMENTS, ZONES, WINDOWS)
def test_what_is_left_of_a_window_ends_when_it_closes(moment: datetime, timezone: str, window: Window) -> None:
    closing = closes_at(moment, timezone, window)
    if is_open(moment, timezone, window):
        assert moment <= closing <= moment + timedelta(hours=25)
        assert closing == moment or not is_open(closing, timezone, window)
    else:
        assert closing == moment


def test_a_window_that_is_closed_all_week_never_opens() -> None:
    assert next_open(datetime(2026, 3, 3, tzinfo=UTC), "UTC", (None,) * 7) is None


DAY_SETS = st.frozensets(st.integers(0, 6))
TIMES = st.none() | st.times().map(lambda at: at.replace(second=0, microsecond=0))


@given(WINDOWS, DAY_SETS, TIMES, TIMES, MOMENTS, ZONES)
def test_a_narrowed_window_is_open_when_the_campaigns_is_and_the_partner_wants_it_and_at_no_other_time(
    window: Window, days: frozenset[int], from_: time | None, until: time | None, moment: datetime, timezone: str
) -> None:
    wall = wall_time(moment, timezone)
    wanted = (not days or wall.weekday() in days) and (
        (from_ is None or from_ <= wall.time()) and (until is None or wall.time() < until)
    )
    own = narrowed(window, days, from_, until)
    assert is_open(moment, timezone, own) == (is_open(moment, timezone, window) and wanted)
    assert reachable(window, days, from_, until) == any(own)


def test_a_partner_who_says_nothing_has_the_campaigns_own_window() -> None:
    assert narrowed(SAFE_WEEK, frozenset(), None, None) == SAFE_WEEK


@pytest.mark.parametrize(
    ("days", "from_", "until", "ever"),
    [
        (frozenset(), time(19), time(23), True),  # an hour is left
        (frozenset(), time(20), time(23), False),  # it closes as they begin
        (frozenset(), time(5), time(9), False),
        (frozenset({6}), time(9), time(12), False),  # on Sundays it opens at noon
        (frozenset({5, 6}), time(9), time(12), True),
        (frozenset(), time(12), time(12), False),
    ],
)
def test_hours_that_never_meet_the_campaigns_reach_nobody(
    days: frozenset[int], from_: time, until: time, ever: bool
) -> None:
    assert reachable(SAFE_WEEK, days, from_, until) is ever


@pytest.mark.parametrize(("at", "same_day"), [(time(7), True), (time(19, 59), True), (time(20), False)])
def test_what_falls_after_the_window_has_closed_goes_on_another_day(at: time, same_day: bool) -> None:
    assert goes_the_same_day(SAFE_WEEK, at) is same_day
