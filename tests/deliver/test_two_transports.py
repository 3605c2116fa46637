"""A batch that goes by two transports, on a machine that stands still between them."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from world import Knowing, World, person

from engine.model.campaign import Channel
from engine.transport.base import Message, Outcome


class StandsStill(Knowing):
    """A transport behind which the machine stands still, the first time, while another process goes on."""

    world: World
    stood = False

    async def send(self, batch: Sequence[Message]) -> Sequence[Outcome]:
        outcomes = await super().send(batch)
        if not StandsStill.stood:
            StandsStill.stood = True
            with ThreadPoolExecutor(1) as other_machine:
                other_machine.submit(self._go_on_elsewhere).result()
        return outcomes

    def _go_on_elsewhere(self) -> None:
        """This one's loop does not turn meanwhile."""
        other = self.world.another_engine()
        for _ in range(4):
            self.world.clock.fast_forward(timedelta(minutes=10))
            asyncio.run(other.tick())


def test_what_others_have_taken_over_is_not_handed_over_any_more() -> None:
    """What was to go by the second transport goes once, by whoever took it over while the machine stood still."""
    StandsStill.stood = False
    transports = {channel: StandsStill(lambda message, attempt: None, channel.value) for channel in Channel}
    world = World(transports={**transports})
    for each in transports.values():
        each.world = world
    world.join("x", person("Ana"), person("Ben", channel=Channel.SMS))
    world.enroll()
    world.go_to("2026-03-03T09:00")
    world.live()
    assert [len(transports[channel].accepted) for channel in (Channel.EMAIL, Channel.SMS)] == [1, 1]
    assert world.ends() == [("sent", None), ("sent", None)]
