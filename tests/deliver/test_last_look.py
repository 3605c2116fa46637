"""The gates' last look is right before the hand-over, however long the batch before took."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from world import Answering, Channel, World, person, phone, talk

from engine.transport.base import Asked, Message, Outcome, OutcomeUnknown


class Slow(Answering):
    """Takes its time over every message, on the world's own clock; then something may happen."""

    def __init__(self, minutes: int, then: Callable[[World], Any] = lambda world: None) -> None:
        super().__init__(self._answer, "slow")
        self.world: World | None = None
        self.minutes = minutes
        self.then = then
        self.handed: list[tuple[datetime, Message]] = []

    def _answer(self, message: Message, attempt: int) -> Outcome | None:
        assert self.world is not None
        self.handed.append((self.world.clock.now(), message))
        self.world.clock.fast_forward(timedelta(minutes=self.minutes))
        self.then(self.world)
        return None


def two_people(transport: Slow, *steps: Any, batch: int = 1) -> World:
    world = transport.world = World(*steps, transport=transport, batch=batch)
    world.join("x", person("Ana", phone=phone("X")))
    world.join("y", person("Ben", phone=phone("Y")))
    world.enroll()
    return world


def test_nothing_is_handed_over_after_the_window_closed_while_it_waited() -> None:
    slow = Slow(minutes=4)
    two_people(slow, talk(at=time(19, 57))).go_to("2026-03-03T19:57")
    assert [when.strftime("%H:%M") for when, _ in slow.handed] == ["19:57"]


def test_nothing_is_handed_over_to_a_couple_that_was_stopped_while_it_waited() -> None:
    slow = Slow(minutes=1, then=lambda world: world.stop("y"))
    two_people(slow, talk(at=time(10))).go_to("2026-03-03T10:00")
    assert len(slow.handed) == 1


def test_a_text_that_waited_may_be_queued_for_that_much_less() -> None:
    slow = Slow(minutes=3)
    two_people(slow, talk(at=time(19), channel=Channel.SMS)).go_to("2026-03-03T19:00")
    assert [message.valid_for for _, message in slow.handed] == [  # type: ignore[union-attr]
        timedelta(minutes=60),
        timedelta(minutes=57),
    ]


def test_a_transport_that_cannot_be_asked_keeps_nobody_else_waiting() -> None:
    class Unreachable(Answering):
        async def find(self, asked: Asked) -> None:
            raise TimeoutError

    doubted = OutcomeUnknown("no answer")
    world = World(
        talk(weeks=(1, 2)), transport=Unreachable(lambda message, _: doubted if "ana" in message.to else None)
    )
    world.join("x", person("Ana"))
    world.enroll()
    world.go_to("2026-03-03T09:00")
    world.join("y", person("Ben"))
    world.enroll(date(2026, 3, 9))
    world.go_to("2026-03-10T09:00")
    assert ("Ben", "2026-03-10T09:00", "sent", None) in world.became()


def test_a_doubt_is_asked_about_for_a_day_and_then_left_to_the_operator() -> None:
    asked: list[int] = []

    class Silent(Answering):
        async def find(self, doubt: Asked) -> None:
            asked.append(doubt.delivery_id)

    world = World(talk(), transport=Silent(lambda message, _: OutcomeUnknown("no answer")))
    world.join("x", person("Ana"))
    world.enroll()
    world.go_to("2026-03-03T09:00")
    for _ in range(30):
        world.fast_forward(hours=1)
    assert len(asked) == 24
    assert world.ends() == [("in_doubt", None)]
