"""The send protocol: gates are asked again at the last moment, nothing is sent twice, a poison hurts alone."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import stores
from world import CONSENT, VAULT, Answering, World, at, opened, person, plain_templates, talk

from engine.deliver.definitions import Definitions
from engine.deliver.dispatch import ProtocolStep
from engine.deliver.due import Planner
from engine.model.campaign import Channel
from engine.store import couples, schema, suppressions
from engine.transport.base import Message, Outcome

SENT = ("sent", None)
NINE = "2026-03-03T09:00"


def crowd(world: World, size: int) -> World:
    for number in range(size):
        world.join(f"x{number}", person(f"Ana{number}"))
    world.enroll()
    return world


def withdraw(world: World) -> None:
    with world.database.begin() as connection:
        ana = couples.find(connection, VAULT, "x").partners[0]
        couples.record_consent(connection, ana.id, Channel.EMAIL, False, CONSENT, world.clock.now())


def suppress(world: World) -> None:
    with world.database.begin() as connection:
        suppressions.add(connection, VAULT, Channel.EMAIL, "ana@example.com", "stop", "a test", world.clock.now())


ACTS: list[tuple[str, Callable[[World], object]]] = [
    ("paused", lambda world: world.alter("Ana", paused_until=at("2026-04-01T00:00"))),
    ("paused", lambda world: world.alter_couple("x", paused_until=at("2026-04-01T00:00"))),
    ("life_event", lambda world: world.alter_couple("x", life_event_at=world.clock.now())),
    ("suppressed", suppress),
    ("no_consent", withdraw),
    ("unknown_timezone", lambda world: world.alter("Ana", timezone="Mars/Olympus")),
    ("no_address", lambda world: world.alter("Ana", email_cipher=None, email_index=None)),
]


@pytest.mark.parametrize(("reason", "act"), ACTS)
def test_what_happens_between_planning_and_sending_still_counts(reason: str, act: Callable[[World], object]) -> None:
    world = World()
    world.join("x", person("Ana"))
    world.enroll()
    world.clock.move_to(at(NINE))
    assert Planner(world.database, Definitions()).plan_due(at(NINE)).planned == 1
    act(world)
    world.tick()
    assert world.ends() == [("skipped", reason)]
    assert world.inbox.messages == []


@pytest.mark.parametrize(("reason", "act"), [*ACTS[:-1], ("stopped", lambda world: world.stop("x"))])
def test_what_happens_while_a_message_is_being_rendered_still_counts(
    reason: str, act: Callable[[World], object]
) -> None:
    def once_rendered(step: ProtocolStep) -> None:
        if step is ProtocolStep.RENDERED:
            act(world)

    world = World(announce=once_rendered)
    world.join("x", person("Ana"))
    world.enroll()
    world.go_to(NINE)
    assert world.ends() == [("skipped", reason)]
    assert world.inbox.messages == []


def test_stopping_after_planning_and_before_sending_withdraws_the_delivery() -> None:
    world = World()
    world.join("x", person("Ana"))
    world.enroll()
    Planner(world.database, Definitions()).plan_due(at(NINE))
    world.stop("x")
    world.go_to(NINE)
    assert world.ends() == [("cancelled", "stopped")]
    assert world.inbox.messages == []


def test_the_steps_of_the_protocol_are_announced_in_their_order() -> None:
    taken: list[ProtocolStep] = []
    world = crowd(World(announce=taken.append), 1)
    world.go_to(NINE)
    assert taken == list(ProtocolStep) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "template",
    [
        "{% if partner.given_name == 'Ana2' %}{{ nothing.at_all }}{% endif %}Hello",
        "{{ 1 / (partner.given_name != 'Ana2')|int }}",
        "{% if partner.given_name == 'Ana2' %}{{ 'a' * 999999999 }}{% endif %}Hello",
    ],
)
def test_a_template_that_fails_for_one_partner_fails_that_delivery_and_no_other(template: str, tmp_path: Path) -> None:
    world = crowd(World(templates=[plain_templates(tmp_path, prompt=template)]), 5)
    done = world.go_to(NINE)
    assert (done.delivered.sent, done.delivered.failed) == (4, 1)
    (row,) = (row for row in world.rows() if row.status == "failed")
    assert (row.reason, row.partner_id, row.attempts) == ("poison", 3, 0)
    assert row.detail
    assert "@" not in row.detail


def test_a_damaged_address_fails_that_delivery_and_no_other() -> None:
    world = crowd(World(), 3)
    world.alter("Ana1", email_cipher=b"\x01\x02k1" + bytes(40))
    world.go_to(NINE)
    assert Counter(world.ends()) == {SENT: 2, ("failed", "poison"): 1}


def test_a_missing_template_fails_its_step_and_no_other() -> None:
    world = crowd(World(talk("a", template="no-such-template"), talk("b", days=(3,))), 2)
    world.live()
    assert world.ends() == [("failed", "poison")] * 2 + [SENT] * 2


@pytest.mark.parametrize("size", [1, 6, 7, 8, 20])
def test_more_than_a_batch_drains_in_one_pass_each_once(size: int) -> None:
    world = crowd(World(batch=7), size)
    assert world.go_to(NINE).delivered.sent == size
    assert Counter(message.delivery_id for message in world.inbox.messages) == dict.fromkeys(range(1, size + 1), 1)


class Yielding(Answering):
    """Takes its time over every message, so that others get a turn."""

    def __init__(self, during: Callable[[], object] = lambda: None) -> None:
        super().__init__(lambda message, attempt: None)
        self._during = during

    async def send(self, batch: Sequence[Message]) -> Sequence[Outcome]:
        outcomes: list[Outcome] = []
        for message in batch:
            outcomes += await super().send([message])
            self._during()
            await asyncio.sleep(0)
        return outcomes


@pytest.mark.parametrize("shared", [True, False], ids=["one connection", "two connections"])
def test_two_engines_interleaved_on_one_database_never_send_a_delivery_twice(shared: bool, tmp_path: Path) -> None:
    transport = Yielding()
    own = tmp_path / "own"
    own.mkdir()  # templates that tests share would be at hand for the first, and leave nothing to the others
    world = crowd(World(transport=transport, database=tmp_path / "both.sqlite3", batch=3, templates=[own]), 30)
    world.clock.move_to(at(NINE))
    others = [world.another_engine(None if shared else opened(tmp_path / "both.sqlite3")) for _ in range(2)]

    async def all_at_once() -> list[int]:
        ticks = await asyncio.gather(world.engine.tick(), *(other.tick() for other in others))
        return [tick.delivered.sent for tick in ticks]

    shares = asyncio.run(all_at_once())
    assert sum(shares) == 30
    assert all(shares) or stores.current() == stores.POSTGRESQL  # there one may still be planning when all has gone
    assert sorted(transport.accepted) == list(range(1, 31))
    assert world.ends() == [SENT] * 30
    for other in others:
        other.database.close()


def test_told_to_stop_in_the_middle_it_claims_no_more_and_records_what_it_handed_over() -> None:
    def stop_the_first() -> None:
        first.stop()

    transport = Yielding(stop_the_first)
    world = crowd(World(transport=transport, batch=5), 50)
    first = world.engine
    done = world.go_to(NINE)
    statuses = Counter(status for status, _ in world.ends())
    assert statuses["sent"] == done.delivered.sent == len(transport.accepted) > 0
    assert statuses["planned"] >= 30
    assert set(statuses) == {"sent", "planned"}
    world.restart()
    world.fast_forward(minutes=1)
    assert sorted(transport.accepted) == list(range(1, 51))


def test_when_the_next_batch_cannot_be_prepared_what_was_handed_over_is_still_recorded() -> None:
    def fail_at_the_second_claim(step: ProtocolStep) -> None:
        taken.append(step)
        if step is ProtocolStep.CLAIMED and taken.count(step) == 2:
            raise OSError("the disk is full")

    taken: list[ProtocolStep] = []
    transport = Yielding()
    world = crowd(World(transport=transport, batch=5, announce=fail_at_the_second_claim), 10)
    with pytest.raises(OSError, match="full"):
        world.go_to(NINE)
    assert Counter(status for status, _ in world.ends()) == {"sent": 5, "claimed": 5}
    assert len(transport.accepted) == 5


def test_an_accepted_delivery_keeps_its_receipt_and_has_let_go_of_its_lease() -> None:
    world = crowd(World(), 1)
    world.go_to(NINE)
    (row,) = world.rows()
    assert (row.status, row.receipt, row.transport) == ("sent", "memory-1", "memory")
    assert (row.lease_owner, row.lease_until, row.sent_at, row.attempts) == (None, None, at(NINE), 1)
    assert world.rows(schema.attempts) == []
