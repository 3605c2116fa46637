"""A bucket lets through what the pace allows, over any stretch of time, and a day never more than its ceiling."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from world import at

from engine.deliver.pacing import MOST, Allowance, Pace, pace_of
from engine.sections import PaceSettings
from engine.store.paces import Bucket

pytestmark = pytest.mark.storeless

NOON = at("2026-03-03T12:00")
TODAY = date(2026, 3, 3)


def sent_by(pace: Pace, moments: list[datetime], wanted: int = 10_000) -> list[int]:
    """How many go at each moment when more are wanted than may go."""
    buckets: dict[str, Bucket] = {}
    went = []
    for moment in moments:
        allowance = Allowance({"a": pace}, buckets, moment)
        number = min(allowance.room(["a"]), wanted)
        for _ in range(number):
            allowance.draw(["a"], 1)
        buckets |= allowance.changed
        went.append(number)
    return went


@given(
    rate=st.floats(0.1, 500),
    burst=st.integers(1, 1_000),
    gaps=st.lists(st.floats(0, 100), min_size=1, max_size=30),
)
def test_no_stretch_of_time_sees_more_than_its_rate_and_one_burst(rate: float, burst: int, gaps: list[float]) -> None:
    moments = [NOON + timedelta(seconds=sum(gaps[:number])) for number in range(len(gaps) + 1)]
    went = sent_by(Pace(per_second=rate, burst=burst), moments)
    for first in range(len(moments)):
        for last in range(first, len(moments)):
            seconds = (moments[last] - moments[first]).total_seconds()
            assert sum(went[first : last + 1]) <= burst + rate * seconds + 1e-6


@given(per_day=st.integers(1, 50), hours=st.lists(st.integers(0, 200), min_size=1, max_size=30))
def test_no_day_sees_more_than_its_ceiling_whoever_asks_and_how_often(per_day: int, hours: list[int]) -> None:
    moments = sorted(NOON + timedelta(hours=number) for number in hours)
    went = sent_by(Pace(per_day=per_day), moments)
    for day in {moment.date() for moment in moments}:
        assert sum(number for number, moment in zip(went, moments, strict=True) if moment.date() == day) <= per_day


@pytest.mark.parametrize(
    ("day", "ceiling"),
    [(-1, 50), (0, 50), (1, 100), (2, 500), (3, 1_000), (400, 1_000)],
)
def test_a_new_sender_warms_up_day_by_day_and_then_keeps_its_ceiling(day: int, ceiling: int) -> None:
    pace = Pace(per_day=1_000, start=TODAY, days=(50, 100, 500))
    assert pace.ceiling(TODAY + timedelta(days=day)) == ceiling


def test_without_a_limit_there_is_room_for_all() -> None:
    assert Allowance({}, {}, NOON).room([]) == MOST
    assert Pace().room(Pace().refilled(None, NOON)) == MOST


def test_a_text_of_three_segments_goes_when_there_is_a_token_and_those_after_it_wait_for_what_it_owes() -> None:
    pace = Pace(per_second=1, burst=1, by_segment=True)
    allowance = Allowance({"a": pace}, {}, NOON)
    assert allowance.room(["a"]) == 1
    allowance.draw(["a"], 3)
    assert allowance.room(["a"]) == 0
    assert allowance.ready(["a"]) == NOON + timedelta(seconds=3)


def test_whoever_used_up_the_day_waits_for_midnight_in_utc() -> None:
    allowance = Allowance({"a": Pace(per_day=1)}, {}, NOON)
    allowance.draw(["a"], 1)
    assert allowance.ready(["a"]) == at("2026-03-04T00:00")


def test_a_message_keeps_to_all_its_limits_at_once() -> None:
    limits = {"provider": Pace(per_second=10, burst=10), "domain": Pace(per_day=3)}
    allowance = Allowance(limits, {}, NOON)
    assert allowance.room(["provider", "domain"]) == 3
    assert allowance.room(["provider"]) == 10


def test_a_clock_that_runs_behind_another_processes_gains_nothing() -> None:
    ahead = Bucket(0.0, NOON + timedelta(seconds=5), TODAY, 7)
    assert Pace(per_second=1, burst=9).refilled(ahead, NOON) == ahead
    tomorrow = Bucket(1.0, NOON + timedelta(days=1), TODAY + timedelta(days=1), 7)
    assert Pace(per_day=9).refilled(tomorrow, NOON) == tomorrow


def test_a_pace_is_read_as_it_is_written() -> None:
    given = PaceSettings.model_validate(
        {"per_second": 0.5, "unit": "segments", "per_day": 9, "warm_up": {"start": "2026-03-03", "days": [1, 2]}}
    )
    assert pace_of(given) == Pace(0.5, 1.0, True, 9, TODAY, (1, 2))
    assert pace_of(PaceSettings(per_second=20)).burst == 20
    assert pace_of(PaceSettings(per_second=20, burst=3)).burst == 3
