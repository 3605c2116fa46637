"""A transport that is wrong or silent is left alone; one that refuses message by message works as it should."""

from datetime import timedelta

import pytest
from world import at

from engine.deliver.breaker import FAILURES, FIRST_REST, LONGEST_ASKED, LONGEST_REST, MEND_TIME, Works, decide
from engine.model.suppression import SuppressReason
from engine.store.breakers import Breaker
from engine.transport.base import (
    Accepted,
    ConnectionFailed,
    MessageRejected,
    Misconfigured,
    Outcome,
    OutcomeUnknown,
    RecipientRejected,
    Throttled,
)

NOW = at("2026-03-03T09:00")
GONE, SILENT = ConnectionFailed("no route"), OutcomeUnknown("no answer")
FINE: list[Outcome] = [
    Accepted("1"),
    MessageRejected("554"),
    RecipientRejected("550", SuppressReason.INVALID),
    RecipientRejected("452"),
]


def failing(failures: int) -> Breaker:
    return Breaker(failures, NOW, "")


@pytest.mark.parametrize("outcome", FINE, ids=lambda value: type(value).__name__)
def test_what_takes_or_refuses_a_message_works(outcome: Outcome) -> None:
    assert decide([outcome], failing(40), NOW) == Works()


@pytest.mark.parametrize(
    ("outcomes", "before", "rest"),
    [
        ([Misconfigured("key")], None, MEND_TIME),
        ([*FINE[1:], Misconfigured("key")], None, MEND_TIME),
        ([GONE] * (FAILURES - 1), None, timedelta(0)),
        ([GONE] * FAILURES, None, FIRST_REST),
        ([SILENT] * FAILURES, None, FIRST_REST),
        ([GONE] * 500, None, FIRST_REST),  # one outage, however many it befell
        ([GONE], failing(FAILURES - 1), FIRST_REST),
        ([GONE] * FAILURES, failing(FAILURES), 2 * FIRST_REST),
        ([GONE] * FAILURES, failing(3 * FAILURES), 8 * FIRST_REST),
        ([SILENT] * FAILURES, failing(1_000), LONGEST_REST),
        ([Throttled(timedelta(seconds=7)), Throttled(timedelta(seconds=9)), Throttled()], None, timedelta(seconds=9)),
        ([Throttled()], None, FIRST_REST),
        ([Throttled(timedelta.max)], None, LONGEST_ASKED),
    ],
)
def test_a_transport_rests_for_as_long_as_it_has_earned(
    outcomes: list[Outcome], before: Breaker | None, rest: timedelta
) -> None:
    breaker = decide(outcomes, before, NOW)
    assert isinstance(breaker, Breaker)
    assert breaker.open_until - NOW == rest


def test_a_few_failures_among_many_successes_are_the_messages_own() -> None:
    assert decide([Accepted("1"), Accepted("2"), GONE, SILENT], None, NOW) == Works()


def test_a_set_up_that_is_wrong_for_one_recipient_does_not_stop_the_others() -> None:
    assert decide([Accepted("1"), Misconfigured("21659"), Accepted("2")], None, NOW) == Works()


def test_asking_to_slow_down_is_not_a_failure() -> None:
    breaker = decide([Throttled()], failing(3), NOW)
    assert isinstance(breaker, Breaker)
    assert breaker.failures == 3
