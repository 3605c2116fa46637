"""The last look is asked when a message is about to leave, not while the batch before it is still on its way."""

from datetime import date, time, timedelta

import pytest
from world import Answering, World, person, talk

from engine.transport.base import Accepted, ConnectionFailed, Message, Outcome, OutcomeUnknown


@pytest.mark.parametrize(
    ("at", "minutes", "stopped", "second"),
    [
        (time(19, 57), 4, False, ("planned", None)),  # the window closes at 20:00
        (time(10), 1, True, ("skipped", "stopped")),
    ],
)
def test_what_changed_while_the_batch_before_was_sent_holds_for_the_next(
    at: time, minutes: int, stopped: bool, second: tuple[str, str | None]
) -> None:
    worlds: list[World] = []

    def slowly(message: Message, attempt: int) -> Outcome | None:
        worlds[0].clock.fast_forward(timedelta(minutes=minutes))
        if stopped:
            worlds[0].stop("y")
        return None

    transport = Answering(slowly)
    worlds.append(World(talk(at=at), transport=transport, batch=1))
    worlds[0].join("x", person("Ana"))
    worlds[0].join("y", person("Ben"))
    worlds[0].enroll()
    worlds[0].go_to(f"2026-03-03T{at:%H:%M}")
    assert sorted(worlds[0].ends()) == sorted([("sent", None), second])
    assert len(transport.heard) == 1


def test_a_transport_that_fails_to_tell_what_it_accepted_holds_nobody_up() -> None:
    class Mute(Answering):
        async def find(self, delivery_id: int) -> Accepted | ConnectionFailed | None:
            raise TimeoutError

    def answer(message: Message, attempt: int) -> Outcome | None:
        return OutcomeUnknown("No answer.") if "ana" in message.to else None

    world = World(transport=Mute(answer))
    world.join("x", person("Ana"))
    world.enroll()
    world.go_to("2026-03-03T09:00")
    world.join("y", person("Ben"))
    world.enroll(date(2026, 3, 9))
    world.go_to("2026-03-10T09:00")
    assert world.ends() == [("in_doubt", None), ("sent", None)]
