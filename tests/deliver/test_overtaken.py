"""A machine that sleeps in the middle of a batch, and wakes when others have sent the rest of it."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from world import Knowing, World, person

from engine.transport import lease
from engine.transport.base import Message, Outcome
from engine.transport.lease import OVERTAKEN


class Sleeping(Knowing):
    """A transport in which the machine sleeps, the first time, when the first message of a batch has gone."""

    world: World
    minutes = 0
    slept = False

    async def send(self, batch: Sequence[Message]) -> Sequence[Outcome]:
        still_ours, outcomes = lease.question(), list[Outcome]()
        for message in batch:
            outcomes.append(self._one(message) if still_ours() else OVERTAKEN)
            if not Sleeping.slept:
                Sleeping.slept = True
                with ThreadPoolExecutor(1) as other_machine:
                    other_machine.submit(self._go_on_elsewhere).result()
        return outcomes

    def _go_on_elsewhere(self) -> None:
        """This one's loop does not turn meanwhile."""
        other = self.world.another_engine()
        for _ in range(self.minutes):
            self.world.clock.fast_forward(timedelta(minutes=1))
            asyncio.run(other.tick())


@pytest.mark.parametrize("minutes", [3, 7, 40])  # under a lease, after it, and when it has been sent elsewhere
def test_who_wakes_behind_the_lease_hands_over_nothing_more_and_each_message_goes_once(minutes: int) -> None:
    """A sleeper's messages go once each, by the sleeper or by whoever took them over."""
    Sleeping.slept, Sleeping.minutes = False, minutes
    transport = Sleeping(lambda message, attempt: None)
    world = World(transport=transport)
    transport.world = world
    world.join("x", person("Ana"), person("Ben"))
    world.enroll()
    world.go_to("2026-03-03T09:00")
    world.fast_forward(minutes=20)
    assert sorted(transport.accepted) == [1, 2]
    assert world.ends() == [("sent", None), ("sent", None)]
