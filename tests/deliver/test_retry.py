"""When a known failure is tried again is one decision, made from numbers alone."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.deliver.retry import GiveUp, RetryAt, decide

pytestmark = pytest.mark.storeless

NOW = datetime(2026, 3, 3, 9, tzinfo=UTC)
A_DAY = NOW + timedelta(days=1)


@pytest.mark.parametrize(
    ("attempts", "least"),
    [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 32), (7, 60), (8, 60), (60, 60), (10_000, 60)],
)
def test_each_wait_is_twice_the_last_up_to_an_hour_and_spread_by_up_to_a_quarter(attempts: int, least: int) -> None:
    for delivery in range(50):
        match decide(delivery, attempts, NOW, A_DAY):
            case RetryAt(moment):
                assert timedelta(minutes=least) <= moment - NOW < timedelta(minutes=least * 1.25)
            case GiveUp():
                pytest.fail("there was time")


def test_a_batch_that_failed_together_does_not_come_back_at_once() -> None:
    assert len({decide(delivery, 1, NOW, A_DAY) for delivery in range(500)}) > 450


@pytest.mark.parametrize(
    ("asked", "wait"),
    [(timedelta(hours=3), timedelta(hours=3)), (timedelta(days=1), timedelta(days=1))],
)
def test_what_the_provider_asks_wins_over_our_own_shorter_wait(asked: timedelta, wait: timedelta) -> None:
    assert decide(1, 1, NOW, A_DAY, asked) == RetryAt(NOW + wait)


def test_a_provider_that_asks_for_less_than_our_own_wait_gets_our_own() -> None:
    assert decide(1, 5, NOW, A_DAY, timedelta(seconds=1)) == decide(1, 5, NOW, A_DAY)


def test_a_provider_that_asks_for_longer_than_there_are_years_is_given_up() -> None:
    assert decide(1, 1, NOW, A_DAY, timedelta.max) == GiveUp()


@given(
    st.integers(1),
    st.integers(1, 200),
    st.timedeltas(timedelta(0), timedelta(days=3)),
    st.none() | st.timedeltas(timedelta(0), timedelta(days=3)),
)
def test_never_past_lateness(delivery: int, attempts: int, left: timedelta, asked: timedelta | None) -> None:
    match decide(delivery, attempts, NOW, NOW + left, asked):
        case RetryAt(moment):
            assert NOW + timedelta(minutes=1) <= moment <= NOW + left
            assert asked is None or moment >= NOW + asked
        case GiveUp():
            assert left < max(timedelta(minutes=75), asked or timedelta(0))
