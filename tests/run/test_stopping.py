"""`rekindle run` ends soon after it is told to, however much is waiting, and with what it has begun recorded."""

import asyncio
import os
import signal
from collections.abc import Sequence
from datetime import time

from running import quick
from world import Answering, World, at, person

from engine.app import Tick
from engine.run.ticker import run_forever
from engine.transport.base import Message, Outcome


class Unhurried(Answering):
    """It answers only when the loop has heard of a signal and of all that follows from it at once."""

    async def send(self, batch: Sequence[Message]) -> list[Outcome]:
        outcomes = list(await super().send(batch))
        for _ in range(100):
            await asyncio.sleep(0)
        return outcomes


def end_soon() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def test_told_to_stop_in_its_first_tick_it_claims_nothing_more() -> None:
    transport = Unhurried(lambda message, attempt: end_soon())
    world = World(transport=transport, batch=1)
    for number in range(20):
        world.join(f"c{number}", person(f"P{number}"))
    world.enroll()
    world.clock.move_to(at("2026-03-03T09:00"))
    asyncio.run(run_forever(world.engine))
    assert 1 <= len(transport.heard) <= 3


def test_told_to_stop_in_a_later_tick_it_records_what_it_is_handing_over() -> None:
    """Whoever keeps time must not cut off a pass that it has begun: what was handed over would be in doubt."""
    ticks: list[Tick] = []
    transport = Unhurried(lambda message, attempt: end_soon() if ticks else None)
    world = World(transport=transport)
    world.join("x", person("Ana"), person("Ben", send_at=time(10)))
    world.enroll()
    world.clock.move_to(at("2026-03-03T09:00"))

    def done(tick: Tick, _seconds: float) -> None:
        ticks.append(tick)
        world.clock.move_to(at("2026-03-03T10:00"))

    asyncio.run(run_forever(quick(world.engine), done))
    assert [tick.delivered.sent for tick in ticks] == [1, 1]  # it is counted once it is recorded
