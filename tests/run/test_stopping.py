"""`rekindle run` ends soon after it is told to, however much is waiting."""

import asyncio
import os
import signal

from world import Answering, World, at, person

from engine.run.ticker import run_forever
from engine.transport.base import Message, Outcome


def test_told_to_stop_in_its_first_tick_it_claims_nothing_more() -> None:
    def answer(message: Message, attempt: int) -> Outcome | None:
        os.kill(os.getpid(), signal.SIGTERM)
        return None

    class Yielding(Answering):
        async def send(self, batch):  # type: ignore[no-untyped-def]
            outcomes = await super().send(batch)
            await asyncio.sleep(0)  # the loop hears of the signal
            await asyncio.sleep(0)
            return outcomes

    transport = Yielding(answer)
    world = World(transport=transport, batch=1)
    for number in range(20):
        world.join(f"c{number}", person(f"P{number}"))
    world.enroll()
    world.clock.move_to(at("2026-03-03T09:00"))
    asyncio.run(run_forever(world.engine))
    assert 1 <= len(transport.heard) <= 3
