"""A batch that goes by two transports, on a machine that stands still between them."""

import asyncio
from collections.abc import Sequence
from datetime import time, timedelta
from threading import Thread

from world import Answering, Knowing, World, person

from engine.app import Engine
from engine.model.campaign import Channel
from engine.transport.base import Message, Outcome


def beside(engine: Engine) -> None:
    """Let another process do a pass while this one stands still."""
    thread = Thread(target=lambda: asyncio.run(engine.tick()))
    thread.start()
    thread.join()


class StandsStill(Knowing):
    """An email transport behind which the machine stands still, while another process goes on."""

    world: World

    async def send(self, batch: Sequence[Message]) -> Sequence[Outcome]:
        outcomes = await super().send(batch)
        if len(self.heard) == len(batch):  # the first time
            other = self.world.another_engine()
            for _ in range(4):
                self.world.clock.fast_forward(timedelta(minutes=10))
                beside(other)
        return outcomes


def test_what_others_have_taken_over_is_not_handed_over_any_more() -> None:
    """Texts whose lease ran out while the machine stood still over the emails go once, by whoever took them over."""
    email, texts = StandsStill(lambda message, attempt: None, "email"), Knowing(lambda message, attempt: None, "texts")
    transports: dict[Channel, Answering] = {Channel.EMAIL: email, Channel.SMS: texts}
    world = email.world = World(transports=transports)
    world.join("x", person("Ana", send_at=time(9)), person("Ben", channel=Channel.SMS, send_at=time(9)))
    world.enroll()
    world.go_to("2026-03-03T09:00")
    world.live()
    assert [len(email.accepted), len(texts.accepted)] == [1, 1]
    assert world.ends() == [("sent", None), ("sent", None)]
