"""Several transports share a channel; when one fails the next takes over, and nothing is burned or sent twice."""

from collections import Counter
from datetime import timedelta

import pytest
from world import Answering, Knowing, World, at, person, talk

from engine.deliver.routes import Route, Routes
from engine.model.campaign import Channel
from engine.store import schema
from engine.transport.base import (
    ConnectionFailed,
    Message,
    Misconfigured,
    Outcome,
    OutcomeUnknown,
    Throttled,
)

NINE = "2026-03-03T09:00"


def named(name: str, answer: Outcome | None = None) -> Answering:
    return Answering(lambda message, attempt: answer, name)


def crowd(routes: list[Route], size: int, batch: int = 500) -> World:
    world = World(routes=Routes({Channel.EMAIL: routes}), batch=batch)
    for number in range(size):
        world.join(f"x{number}", person(f"Ana{number}"))
    world.enroll()
    return world


def test_each_transport_gets_its_share_and_stand_bys_get_nothing() -> None:
    first, second, spare = named("first"), named("second"), named("spare")
    crowd([Route(first, 3), Route(second, 1), Route(spare, 0)], 200).go_to(NINE)
    assert (len(first.heard) + len(second.heard), len(spare.heard)) == (200, 0)
    assert 30 < len(second.heard) < 70


@pytest.mark.parametrize(
    "fault",
    [Misconfigured("The key is wrong."), ConnectionFailed("no route"), Throttled(timedelta(minutes=5))],
    ids=lambda value: type(value).__name__,
)
def test_what_a_failing_transport_did_not_take_goes_to_the_next_in_the_same_pass(fault: Outcome) -> None:
    broken, spare = named("broken", fault), named("spare")
    world = crowd([Route(broken), Route(spare, 0)], 20)
    done = world.go_to(NINE)
    assert (done.delivered.sent, done.delivered.failed) == (20, 0)
    assert [row.transport for row in world.rows()] == ["spare"] * 20
    assert Counter(message.delivery_id for message in spare.heard) == Counter(range(1, 21))


def test_what_may_have_been_accepted_is_never_given_to_another() -> None:
    silent, spare = named("silent", OutcomeUnknown("no answer")), named("spare")
    world = crowd([Route(silent), Route(spare, 0)], 20, batch=5)
    done = world.go_to(NINE)
    assert done.delivered.in_doubt == len(silent.heard) < 20  # it was left alone after the first
    assert done.delivered.sent == len(spare.heard)
    assert not {message.delivery_id for message in silent.heard} & {message.delivery_id for message in spare.heard}


def test_a_transport_that_rests_is_tried_with_a_few_messages_and_then_trusted_again() -> None:
    well: list[bool] = []
    shaky = Answering(lambda message, attempt: None if well else ConnectionFailed("no route"), "shaky")
    spare = named("spare")
    world = World(talk(weeks=(1, 2, 3)), routes=Routes({Channel.EMAIL: [Route(shaky), Route(spare, 0)]}))
    for number in range(20):
        world.join(f"x{number}", person(f"Ana{number}"))
    world.enroll()
    world.go_to(NINE)
    well.append(True)
    shaky.heard.clear()
    world.go_to("2026-03-10T09:00")
    assert len(world.rows(schema.breakers)) == 0
    world.go_to("2026-03-17T09:00")
    assert len(shaky.accepted) >= 20
    assert {status for status, _ in world.ends()} == {"sent"}
    assert len(world.ends()) == 60


def test_a_pause_holds_for_every_process() -> None:
    broken = named("broken", Misconfigured("The key is wrong."))
    world = crowd([Route(broken)], 3)
    world.go_to(NINE)
    heard = len(broken.heard)
    world.restart()
    world.fast_forward(minutes=1)
    assert len(broken.heard) == heard
    world.fast_forward(minutes=5)
    assert len(broken.heard) > heard


def test_when_no_transport_is_left_everything_waits_and_says_so() -> None:
    down = [named(name, Misconfigured("The key is wrong.")) for name in ("one", "two")]
    world = crowd([Route(each) for each in down], 10)
    done = world.go_to(NINE)
    assert set(done.delivered.problems) == {"one: The key is wrong.", "two: The key is wrong."}
    assert done.delivered.paced_until is not None  # when one may take messages again
    assert world.ends() == [("planned", None)] * 10


def test_a_delivery_is_tried_again_where_it_was_tried_first() -> None:
    def once(message: Message, attempt: int) -> Outcome | None:
        return Throttled() if message.delivery_id == 7 and attempt == 1 else None

    transports = [Knowing(once, name) for name in ("one", "two")]
    world = crowd([Route(each) for each in transports], 20)
    world.live()
    assert world.ends() == [("sent", None)] * 20
    assert sorted(sum(message.delivery_id == 7 for message in each.heard) for each in transports) == [0, 2]


def test_a_limit_is_kept_across_passes_and_processes_and_the_rest_waits_for_it() -> None:
    fast = named("fast")
    world = World(
        routes=Routes({Channel.EMAIL: [Route(fast, 1, ("fast",))]}),
        settings={"pace": {"fast": {"per_second": 2, "burst": 4}}},
    )
    for number in range(10):
        world.join(f"x{number}", person(f"Ana{number}"))
    world.enroll()
    assert world.go_to(NINE).delivered.sent == 4
    world.restart()
    again = world.tick().delivered
    assert (again.sent, again.held, again.paced_until) == (0, 0, world.clock.now() + timedelta(seconds=0.5))
    assert world.fast_forward(seconds=1).delivered.sent == 2
    assert world.fast_forward(seconds=60).delivered.sent == 4
    assert world.ends() == [("sent", None)] * 10


def test_a_daily_ceiling_holds_the_rest_back_until_tomorrow() -> None:
    fast = named("fast")
    world = World(
        talk(late_after=timedelta(days=3)),
        routes=Routes({Channel.EMAIL: [Route(fast, 1, ("fast",))]}),
        settings={"pace": {"fast": {"per_day": 3}}},
    )
    for number in range(8):
        world.join(f"x{number}", person(f"Ana{number}"))
    world.enroll()
    sent = [world.go_to(f"2026-03-0{day}T09:00").delivered.sent for day in (3, 4, 5)]
    assert sent == [3, 3, 2]


def test_a_stand_by_takes_what_is_over_the_first_transports_limit_only_when_that_is_paused() -> None:
    first, spare = named("first"), named("spare")
    world = World(
        routes=Routes({Channel.EMAIL: [Route(first, 1, ("first",)), Route(spare, 0)]}),
        settings={"pace": {"first": {"per_day": 3}}},
    )
    for number in range(8):
        world.join(f"x{number}", person(f"Ana{number}"))
    world.enroll()
    world.go_to(NINE)
    assert (len(first.heard), len(spare.heard)) == (3, 0)


def paced(routes: list[Route], pace: dict[str, object], size: int = 8) -> World:
    world = World(
        talk(late_after=timedelta(days=3)), routes=Routes({Channel.EMAIL: routes}), settings={"pace": {"first": pace}}
    )
    for number in range(size):
        world.join(f"x{number}", person(f"Ana{number}"))
    world.enroll()
    return world


def test_what_is_over_a_limit_is_looked_at_again_when_more_may_go_not_at_once_because_a_stand_by_is_idle() -> None:
    routes = [Route(named("first"), 1, ("first",)), Route(named("spare"), 0)]
    world = paced(routes, {"per_day": 3})
    assert world.go_to(NINE).delivered.sent == 3
    assert world.tick().delivered.paced_until == at("2026-03-04T00:00")


@pytest.mark.parametrize(
    "fault",
    [Misconfigured("The key is wrong."), ConnectionFailed("no route"), Throttled(timedelta(minutes=1))],
    ids=lambda value: type(value).__name__,
)
def test_a_ceiling_does_not_count_what_no_transport_took(fault: Outcome) -> None:
    faults = [fault] * 8
    first = Answering(lambda message, attempt: faults.pop() if faults else None, "first")
    world = paced([Route(first, 1, ("first",))], {"per_day": 10})
    world.go_to(NINE)
    assert world.fast_forward(minutes=10).delivered.sent == 8
    assert world.ends() == [("sent", None)] * 8


def test_a_ceiling_that_two_transports_share_counts_what_the_second_took_over_once() -> None:
    broken, spare = named("broken", ConnectionFailed("no route")), named("spare")
    world = paced([Route(broken, 1, ("first",)), Route(spare, 0, ("first",))], {"per_day": 8})
    assert world.go_to(NINE).delivered.sent == 8


def test_a_ceiling_counts_what_may_have_been_taken() -> None:
    first = named("first", OutcomeUnknown("no answer"))
    world = paced([Route(first, 1, ("first",))], {"per_day": 3})
    assert world.go_to(NINE).delivered.in_doubt == 3
    world.fast_forward(hours=1)
    assert len(first.heard) == 3
