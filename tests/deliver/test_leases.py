"""A worker that vanishes leaves a lease: what it had only claimed is free, what it was sending is in doubt."""

import asyncio
import os
import signal
import sqlite3
from collections import Counter
from collections.abc import Sequence
from datetime import time, timedelta
from pathlib import Path

import pytest
from world import Answering, Knowing, World, at, person, talk

from engine.app import Engine
from engine.clock import VirtualClock
from engine.console.sending import one_pass
from engine.deliver.dispatch import ProtocolStep
from engine.model.campaign import Channel
from engine.store import doubts, ledger
from engine.transport.base import Message, Outcome, OutcomeUnknown
from engine.transport.memory import MemoryTransport

SENT = ("sent", None)
NINE = "2026-03-03T09:00"


class Vanished(BaseException):
    """The process is gone: nothing tidies up after it."""


class Vanishing(Knowing):
    """Hands over so many messages and then takes the process with it, once."""

    def __init__(self, after: int) -> None:
        super().__init__(lambda message, attempt: None)
        self.after: int | None = after

    async def send(self, batch: Sequence[Message]) -> Sequence[Outcome]:
        if self.after is None:
            return await super().send(batch)
        await super().send(batch[: self.after])
        self.after = None
        raise Vanished


def crowd(world: World, size: int = 4) -> World:
    for number in range(size):
        world.join(f"x{number}", person(f"Ana{number}"))
    world.enroll()
    return world


def vanish_at(step: ProtocolStep, world_of: Answering | MemoryTransport) -> World:
    def announce(taken: ProtocolStep) -> None:
        if taken is step:
            raise Vanished

    world = crowd(World(transport=world_of, announce=announce))
    with pytest.raises(Vanished):
        world.go_to(NINE)
    world._announce = lambda step: None
    world.restart()
    return world


@pytest.mark.parametrize(
    ("step", "while_leased", "freed", "doubted", "again"),
    [
        (ProtocolStep.CLAIMED, "claimed", 4, 0, 0),
        (ProtocolStep.RENDERED, "claimed", 4, 0, 0),
        (ProtocolStep.INTENDED, "sending", 0, 4, 4),
        (ProtocolStep.HANDED, "sending", 0, 4, 0),
    ],
)
def test_after_a_worker_vanished_all_is_sent_once_when_the_transport_can_tell(
    step: ProtocolStep, while_leased: str, freed: int, doubted: int, again: int
) -> None:
    transport = Knowing(lambda message, attempt: None)
    world = vanish_at(step, transport)
    assert {status for status, _ in world.ends()} == {while_leased}
    world.fast_forward(minutes=4)  # the lease still holds: nobody touches them
    assert {status for status, _ in world.ends()} == {while_leased}
    found = world.fast_forward(minutes=1).reconciled
    assert (found.freed, found.doubted, found.again, found.sent) == (freed, doubted, 0, doubted - again)
    assert world.fast_forward(minutes=9).reconciled.again == 0  # it may be slow rather than gone
    assert world.fast_forward(minutes=1).reconciled.again == again
    assert world.ends() == [SENT] * 4
    assert sorted(transport.accepted) == [1, 2, 3, 4]


def test_what_a_transport_that_cannot_tell_was_sending_stays_in_doubt_for_the_operator() -> None:
    transport = Answering(lambda message, attempt: None)
    world = vanish_at(ProtocolStep.INTENDED, transport)
    for _ in range(3):
        world.fast_forward(hours=8)
    assert world.ends() == [("in_doubt", None)] * 4
    assert transport.heard == []
    assert {row.detail for row in world.rows()} == {"The worker stopped between the intent and the answer."}


def test_a_worker_that_vanished_in_the_middle_of_a_batch_leaves_each_message_sent_exactly_once() -> None:
    transport = Vanishing(after=3)
    world = crowd(World(transport=transport), 8)
    with pytest.raises(Vanished):
        world.go_to(NINE)
    world.restart()
    found = world.fast_forward(minutes=6).reconciled
    assert (found.doubted, found.sent, found.again) == (8, 3, 0)
    assert world.fast_forward(minutes=9).reconciled.again == 5
    assert world.ends() == [SENT] * 8
    assert Counter(transport.accepted) == dict.fromkeys(range(1, 9), 1)


def test_doubt_is_settled_by_what_the_memory_transport_remembers() -> None:
    memory = MemoryTransport()
    world = vanish_at(ProtocolStep.HANDED, memory)
    assert world.fast_forward(minutes=6).reconciled.sent == 4
    assert [row.receipt for row in world.rows()] == [f"memory-{number}" for number in range(1, 5)]
    assert len(memory.messages) == 4


def test_a_transport_that_forgets_leaves_doubt_as_it_is() -> None:
    world = vanish_at(ProtocolStep.HANDED, MemoryTransport(keep=False))
    assert world.fast_forward(minutes=6).reconciled.sent == 0
    assert world.ends() == [("in_doubt", None)] * 4


def test_another_transport_than_the_one_that_was_used_is_not_asked() -> None:
    world = vanish_at(ProtocolStep.INTENDED, Knowing(lambda message, attempt: None, "old"))
    world._transports = dict.fromkeys(Channel, Knowing(lambda message, attempt: None, "new"))
    world.restart()
    world.fast_forward(minutes=6)
    assert world.ends() == [("in_doubt", None)] * 4


def test_a_lost_answer_is_found_out_on_the_next_pass_and_not_sent_again() -> None:
    class Silent(Knowing):
        async def send(self, batch: Sequence[Message]) -> Sequence[Outcome]:
            await super().send(batch)
            return [OutcomeUnknown("timed out")] * len(batch)

    transport = Silent(lambda message, attempt: None)
    world = crowd(World(transport=transport), 2)
    assert world.go_to(NINE).delivered.in_doubt == 2
    assert world.fast_forward(minutes=1).reconciled.sent == 2
    assert world.ends() == [SENT] * 2
    assert len(transport.accepted) == 2


def test_what_turns_out_never_to_have_arrived_is_asked_about_at_the_gates_again() -> None:
    world = vanish_at(ProtocolStep.INTENDED, Knowing(lambda message, attempt: None))
    world.stop("x0")
    world.fast_forward(hours=12)  # past the window
    world.live()
    assert world.ends()[0] == ("skipped", "stopped")
    assert [end for _, day, *end in world.became() if day.startswith("2026-03-04T09:00")] == [list(SENT)] * 3


def test_a_worker_whose_lease_was_taken_over_while_it_rendered_sends_nothing() -> None:
    def take_over(step: ProtocolStep) -> None:
        if step is ProtocolStep.RENDERED:
            later = world.clock.now() + timedelta(minutes=6)
            with world.database.begin() as connection:
                assert doubts.expire_leases(connection, later) == (4, 0)
                ledger.claim(connection, later, "another", later + timedelta(minutes=5), 500, ["email"])

    world = crowd(World(announce=take_over))
    assert world.go_to(NINE).delivered.sent == 0
    assert world.inbox.messages == []
    assert [(row.status, row.lease_owner, row.fence) for row in world.rows()] == [("claimed", "another", 2)] * 4


class Slow(Knowing):
    """Takes longer over its first batch than the lease lasts; meanwhile another engine does a whole pass."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__(lambda message, attempt: None)
        self.clock = clock
        self.meanwhile: Engine | None = None

    async def send(self, batch: Sequence[Message]) -> Sequence[Outcome]:
        outcomes = await super().send(batch)
        if self.meanwhile is not None:
            other, self.meanwhile = self.meanwhile, None
            self.clock.fast_forward(timedelta(minutes=10))
            await other.tick()
        return outcomes


def test_a_worker_held_up_past_its_lease_in_the_middle_of_a_send_is_not_overtaken() -> None:
    """Another pass finds the lease expired and the transport without the message; it arrives a moment later."""
    clock = VirtualClock(at(NINE))
    transport = Stalled(clock)
    world = World(transport=transport)
    world.clock = clock
    world.restart()
    crowd(world, 4)
    transport.meanwhile = world.another_engine()
    asyncio.run(world.engine.tick())
    world.fast_forward(hours=1)
    assert world.ends() == [SENT] * 4
    assert Counter(transport.accepted) == dict.fromkeys(range(1, 5), 1)


def test_an_acceptance_that_comes_after_all_keeps_what_was_taken_for_lost_from_being_sent_again() -> None:
    """The worker was held up for an hour; meanwhile another had it from the transport that nothing had arrived."""
    clock = VirtualClock(at(NINE))
    transport = Stalled(clock, minutes=60)
    world = World(talk(at=time(9), late_after=timedelta(minutes=30)), transport=transport)
    world.clock = clock
    world.restart()
    crowd(world, 4)
    transport.meanwhile = world.another_engine()
    asyncio.run(world.engine.tick())
    world.live()
    assert world.ends() == [SENT] * 4
    assert Counter(transport.accepted) == dict.fromkeys(range(1, 5), 1)


class Stalled(Slow):
    """Stalls before anything arrives; meanwhile another engine does a whole pass, past the lease."""

    def __init__(self, clock: VirtualClock, minutes: int = 10) -> None:
        super().__init__(clock)
        self.minutes = minutes

    async def send(self, batch: Sequence[Message]) -> Sequence[Outcome]:
        if self.meanwhile is not None:
            other, self.meanwhile = self.meanwhile, None
            self.clock.fast_forward(timedelta(minutes=self.minutes))
            await other.tick()
        return await super().send(batch)


class OneByOne(Slow):
    """Takes four minutes a message; after each, another engine does a whole pass."""

    async def send(self, batch: Sequence[Message]) -> Sequence[Outcome]:
        outcomes: list[Outcome] = []
        for message in batch:
            outcomes.append(self._one(message))
            self.clock.fast_forward(timedelta(minutes=4))
            await asyncio.sleep(0.05)
            other, self.meanwhile = self.meanwhile, None
            if other is not None:
                await other.tick()
                self.meanwhile = other
        return outcomes


def test_what_still_waits_its_turn_in_a_slow_transport_is_not_taken_for_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.deliver.holding.RENEWALS", 30_000)  # a hundred a second
    clock = VirtualClock(at(NINE))
    transport = OneByOne(clock)
    world = World(transport=transport)
    world.clock = clock
    world.restart()
    crowd(world, 8)
    transport.meanwhile = world.another_engine()
    asyncio.run(world.engine.tick())
    assert Counter(transport.accepted) == dict.fromkeys(range(1, 9), 1)
    assert world.ends() == [SENT] * 8


@pytest.mark.store("sqlite")
def test_answers_wait_for_a_database_that_another_process_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.store.embedded.BUSY_MS", 10)
    monkeypatch.setattr("engine.deliver.dispatch.RECORD_WAITS", (0.1,) * 5)
    file = tmp_path / "rekindle.sqlite3"

    def hold(taken: ProtocolStep) -> None:
        if taken is ProtocolStep.HANDED:
            other = sqlite3.connect(file, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            asyncio.get_running_loop().call_later(0.15, other.close)

    world = crowd(World(database=file, announce=hold), 2)
    assert world.go_to(NINE).delivered.sent == 2
    assert world.ends() == [SENT] * 2


def test_a_pass_that_is_told_to_stop_records_what_it_handed_over(tmp_path: Path) -> None:
    class Interrupted(Knowing):
        async def send(self, batch: Sequence[Message]) -> Sequence[Outcome]:
            outcomes = await super().send(batch)
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(0.05)
            return outcomes

    transport = Interrupted(lambda message, attempt: None)
    world = crowd(World(transport=transport, database=tmp_path / "rekindle.sqlite3", batch=2))
    world.clock.move_to(at(NINE))
    asyncio.run(one_pass(world.engine))
    assert sorted(world.ends()) == [("planned", None)] * 2 + [SENT] * 2


def test_a_batch_whose_lease_ran_out_while_it_waited_its_turn_is_not_handed_over() -> None:
    clock = VirtualClock(at(NINE))
    transport = Slow(clock)
    world = World(transport=transport, batch=3)
    world.clock = clock
    world.restart()
    crowd(world, 6)
    transport.meanwhile = world.another_engine()
    asyncio.run(world.engine.tick())
    world.live()
    assert world.ends() == [SENT] * 6
    assert Counter(transport.accepted) == dict.fromkeys(range(1, 7), 1)
