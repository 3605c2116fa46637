"""A transport that is wrong or silent is left alone; one that refuses message by message works as it should."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from world import World, at, person

from engine.deliver.breaker import FAILURES, FIRST_REST, LONGEST_ASKED, LONGEST_REST, MEND_TIME, Works, decide
from engine.model.campaign import Channel
from engine.model.suppression import SuppressReason
from engine.store import breakers
from engine.store.breakers import Breaker
from engine.transport.base import (
    Accepted,
    ConnectionFailed,
    Message,
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
    assert decide([outcome], failing(40), NOW, NOW) == Works()


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
    breaker = decide(outcomes, before, NOW, NOW)
    assert isinstance(breaker, Breaker)
    assert breaker.open_until - NOW == rest


def test_a_few_failures_among_many_successes_are_the_messages_own() -> None:
    assert decide([Accepted("1"), Accepted("2"), GONE, SILENT], None, NOW, NOW) == Works()


def test_a_set_up_that_is_wrong_for_one_recipient_does_not_stop_the_others() -> None:
    assert decide([Accepted("1"), Misconfigured("21659"), Accepted("2")], None, NOW, NOW) == Works()


def test_asking_to_slow_down_is_not_a_failure() -> None:
    breaker = decide([Throttled()], failing(3), NOW, NOW)
    assert isinstance(breaker, Breaker)
    assert breaker.failures == 3


@pytest.mark.parametrize("outcome", [GONE, SILENT], ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("recorded", [timedelta(seconds=1), 2 * FIRST_REST], ids=["while it rests", "once it is tried"])
def test_what_was_on_its_way_when_a_transport_was_left_alone_tells_nothing_new(
    outcome: Outcome, recorded: timedelta
) -> None:
    closed = Breaker(FAILURES, NOW + FIRST_REST, "no route")
    assert decide([outcome] * FAILURES, closed, NOW + recorded, NOW - timedelta(seconds=1)) == closed


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    "outcomes",
    [[Accepted("1")], [Throttled()], [GONE] * FAILURES, [GONE], [Misconfigured("key")]],
    ids=["taken", "slow down", "gone", "once gone", "wrong"],
)
def test_what_was_on_its_way_neither_ends_nor_shortens_the_rest_that_was_asked_for(outcomes: list[Outcome]) -> None:
    asked = Breaker(0, NOW + HOUR, "Asked to slow down.")
    breaker = decide(outcomes, asked, NOW, NOW)
    assert isinstance(breaker, Breaker)
    assert (breaker.open_until, breaker.because) == (asked.open_until, asked.because)


def test_what_was_on_its_way_can_make_a_rest_longer() -> None:
    breaker = decide([Throttled(2 * HOUR)], Breaker(0, NOW + HOUR, "Asked to slow down."), NOW, NOW)
    assert isinstance(breaker, Breaker)
    assert breaker.open_until == NOW + 2 * HOUR


def test_a_rest_that_is_over_ends_with_what_was_taken() -> None:
    assert decide([Accepted("1")], Breaker(FAILURES, NOW, "no route"), NOW, NOW - HOUR) == Works()


def test_an_outage_that_several_processes_run_into_is_one() -> None:
    """They hand over at once, and each records what became of its own batch."""
    processes = 3
    handed: list[Message] = []
    all_have = asyncio.Event()

    class Unreachable:
        name, channels = "unreachable", frozenset(Channel)

        async def send(self, batch: Sequence[Message]) -> Sequence[Outcome]:
            handed.extend(batch)
            if len(handed) == processes * FAILURES:
                all_have.set()
            await all_have.wait()
            return [GONE] * len(batch)

    world = World(transport=Unreachable(), batch=FAILURES)
    for number in range(processes * FAILURES):
        world.join(f"x{number}", person(f"Ana{number}"))
    world.enroll()
    world.clock.move_to(at("2026-03-03T09:00"))

    async def work() -> None:
        await world.engine.plan()
        await asyncio.gather(*(world.another_engine().deliver() for _ in range(processes)))

    asyncio.run(work())
    with world.database.read() as connection:
        (breaker,) = breakers.load(connection).values()
    assert breaker.open_until == world.clock.now() + FIRST_REST
