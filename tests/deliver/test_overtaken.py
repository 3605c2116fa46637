"""A machine sleeps while its messages are handed over, and wakes when others may have sent what is left of them."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from world import Knowing, World, person

from engine.model.campaign import Channel
from engine.transport import lease
from engine.transport.base import Message, Outcome


class Sleep:
    """What falls upon a machine once, for so many minutes, in which another one passes `every` so many."""

    def __init__(self, minutes: int, every: int = 1) -> None:
        self.world: World
        self._minutes, self._every = minutes, every
        self._slept = False

    def fall(self) -> None:
        """This one's loop does not turn meanwhile."""
        if not self._slept:
            self._slept = True
            with ThreadPoolExecutor(1) as other_machine:
                other_machine.submit(self._go_on_elsewhere).result()

    def _go_on_elsewhere(self) -> None:
        other = self.world.another_engine()
        for _ in range(0, self._minutes, self._every):
            self.world.clock.fast_forward(timedelta(minutes=self._every))
            asyncio.run(other.tick())


class SleepsInTheMiddle(Knowing):
    """A transport in which it falls when the first message of a batch has gone."""

    def __init__(self, sleep: Sleep) -> None:
        super().__init__(lambda message, attempt: None)
        self._sleep = sleep

    async def send(self, batch: Sequence[Message]) -> Sequence[Outcome]:
        still_ours, outcomes = lease.question(), list[Outcome]()
        for message in batch:
            outcomes.append(self._one(message) if still_ours() else lease.OVERTAKEN)
            self._sleep.fall()
        return outcomes


class SleepsBehind(Knowing):
    """A transport in which it falls when a whole batch has gone."""

    def __init__(self, sleep: Sleep, name: str) -> None:
        super().__init__(lambda message, attempt: None, name)
        self._sleep = sleep

    async def send(self, batch: Sequence[Message]) -> Sequence[Outcome]:
        outcomes = await super().send(batch)
        self._sleep.fall()
        return outcomes


@pytest.mark.parametrize("minutes", [3, 7, 40])  # under a lease, after it, and when it has been sent elsewhere
def test_who_wakes_behind_the_lease_hands_over_nothing_more_and_each_message_goes_once(minutes: int) -> None:
    """A sleeper's messages go once each, by the sleeper or by whoever took them over."""
    sleep = Sleep(minutes)
    transport = SleepsInTheMiddle(sleep)
    sleep.world = world = World(transport=transport)
    world.join("x", person("Ana"), person("Ben"))
    world.enroll()
    world.go_to("2026-03-03T09:00")
    world.fast_forward(minutes=20)
    assert sorted(transport.accepted) == [1, 2]
    assert world.ends() == [("sent", None), ("sent", None)]


def test_what_others_have_taken_over_is_not_handed_over_any_more() -> None:
    """What was to go by the second transport goes once, by whoever took it over while the machine stood still."""
    sleep = Sleep(minutes=40, every=10)
    transports = {channel: SleepsBehind(sleep, channel.value) for channel in Channel}
    sleep.world = world = World(transports={**transports})
    world.join("x", person("Ana"), person("Ben", channel=Channel.SMS))
    world.enroll()
    world.go_to("2026-03-03T09:00")
    world.live()
    assert [len(transports[channel].accepted) for channel in (Channel.EMAIL, Channel.SMS)] == [1, 1]
    assert world.ends() == [("sent", None), ("sent", None)]
