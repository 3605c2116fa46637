"""What the operator holds back is not sent, from the next batch on; nothing of it is lost, and nothing else waits."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import campaign as made_campaign
from sqlalchemy import event
from world import MONDAY, Answering, World, at, person, talk

from engine.define.digest import identified
from engine.deliver.definitions import Definitions
from engine.deliver.dispatch import ProtocolStep
from engine.deliver.due import Planner
from engine.deliver.halting import EVERYTHING, What
from engine.deliver.routes import Route, Routes
from engine.errors import NotFound
from engine.model.campaign import Campaign, Channel
from engine.model.hold import HoldKind
from engine.model.notice import Notice
from engine.operating import Operator
from engine.store import audit, holds, ledger
from engine.store.notices import Posted
from engine.transport.base import ConnectionFailed, Message, Outcome

NINE = "2026-03-03T09:00"
LATE = timedelta(days=3)
OTHER = identified(replace(made_campaign(talk("other", late_after=LATE)), id="other"))
OTHER_CAMPAIGN = What(HoldKind.CAMPAIGN, "other")


def pause(world: World, what: What = EVERYTHING) -> bool:
    return Operator(world.engine, "a test").pause(what)


def resume(world: World, what: What = EVERYTHING) -> bool:
    return Operator(world.engine, "a test").resume(what)


def transport(name: str) -> What:
    return What(HoldKind.TRANSPORT, name)


def named(name: str) -> Answering:
    return Answering(lambda message, attempt: None, name)


def crowd(world: World, size: int, campaign: Campaign | None = None) -> World:
    """`size` couples of one in the world's own campaign, or in another."""
    name = "x" if campaign is None else campaign.id
    refs = [f"{name}{number}" for number in range(size)]
    for ref in refs:
        world.join(ref, person(ref.capitalize()))
    world.engine.enroll(campaign or world.campaign, MONDAY, refs)
    return world


def sent(world: World) -> Counter[str]:
    """How many went, by step."""
    return Counter(row.step for row in world.rows() if row.status == "sent")


def test_while_everything_is_paused_it_is_planned_and_not_sent() -> None:
    world = crowd(World(), 3)
    assert pause(world)
    done = world.go_to(NINE)
    assert (done.planned.planned, done.delivered.sent) == (3, 0)
    assert world.ends() == [("planned", None)] * 3
    assert world.inbox.messages == []


def test_what_was_paused_goes_at_once_when_it_is_resumed() -> None:
    world = crowd(World(), 3)
    pause(world)
    world.go_to(NINE)
    world.clock.fast_forward(timedelta(hours=1))
    assert resume(world)
    assert world.tick().delivered.sent == 3


def test_what_is_resumed_too_late_is_skipped_as_too_late() -> None:
    world = crowd(World(talk(late_after=timedelta(hours=6))), 3)
    pause(world)
    world.go_to(NINE)
    world.fast_forward(hours=7)
    resume(world)
    world.tick()
    assert world.ends() == [("skipped", "too_late")] * 3


def test_a_pause_holds_in_every_process_and_after_a_restart() -> None:
    world = crowd(World(), 2)
    Operator(world.another_engine(), "another process").pause(EVERYTHING)
    world.restart()
    assert world.go_to(NINE).delivered.sent == 0


def test_a_notice_waits_as_well_while_everything_is_paused() -> None:
    world = World()
    world.join("x", person("Ana"))
    pause(world)
    with world.database.begin() as connection:
        world.engine.means.post.post(connection, Posted(Notice.LINK, 1, 1, about=1), world.clock.now())
    assert world.tick().delivered.sent == 0
    assert [row.status for row in world.rows()] == ["planned"]


def test_only_the_paused_campaign_waits() -> None:
    world = crowd(crowd(World(), 3), 2, OTHER)
    pause(world, OTHER_CAMPAIGN)
    world.go_to(NINE)
    assert sent(world) == {"talk": 3}
    resume(world, OTHER_CAMPAIGN)
    world.tick()
    assert sent(world) == {"talk": 3, "other": 2}


def test_a_paused_backlog_keeps_nobody_waiting_and_is_not_looked_through_again_for_every_batch() -> None:
    world = crowd(crowd(World(batch=2), 5, OTHER), 5)  # what is held is due first
    pause(world, OTHER_CAMPAIGN)
    world.go_to(NINE)
    assert sent(world) == {"talk": 5}
    now = world.clock.now()
    assert all(row.send_at > now and row.moved_because == "held" for row in world.rows() if row.step == "other")


def test_a_claim_leaves_a_paused_campaign_where_it_is_also_deep_in_the_queue() -> None:
    world = crowd(crowd(World(), 2, OTHER), 2)
    world.clock.move_to(at(NINE))
    Planner(world.database, Definitions()).plan_due(at(NINE))
    with world.database.begin() as connection:
        ids = ledger.claim(connection, at(NINE), "a test", at("2026-03-03T09:05"), 10, ["email"], ["other"])
    assert [row.step for row in world.rows() if row.id in ids] == ["talk"] * 2


def test_what_is_paused_stays_paused_however_often_it_is_looked_at_again() -> None:
    world = crowd(World(), 2, OTHER)
    pause(world, OTHER_CAMPAIGN)
    world.go_to(NINE)
    for _ in range(5):
        assert world.fast_forward(hours=1).delivered.sent == 0
    assert world.ends() == [("planned", None)] * 2


def test_a_paused_transports_stand_by_takes_over() -> None:
    first, spare = named("first"), named("spare")
    world = crowd(World(routes=Routes({Channel.EMAIL: [Route(first), Route(spare, 0)]})), 4)
    pause(world, transport("first"))
    world.go_to(NINE)
    assert (len(first.heard), len(spare.heard)) == (0, 4)


def test_what_a_broken_transport_did_not_take_does_not_go_to_a_paused_one() -> None:
    broken = Answering(lambda message, attempt: ConnectionFailed("no route"), "broken")
    spare = named("spare")
    world = crowd(World(routes=Routes({Channel.EMAIL: [Route(broken), Route(spare, 0)]})), 4)
    pause(world, transport("spare"))
    world.go_to(NINE)
    assert spare.heard == []
    assert world.ends() == [("planned", None)] * 4
    assert all(row.send_at > world.clock.now() for row in world.rows())  # when the broken one is tried again


def test_a_channel_whose_transports_are_all_paused_waits_and_the_others_go_on() -> None:
    mail, text = named("mail"), named("text")
    routes = Routes({Channel.EMAIL: [Route(mail)], Channel.SMS: [Route(text)]})
    world = crowd(World(routes=routes, batch=2), 4)
    for number in range(4):
        world.join(f"y{number}", person(f"Ben{number}", channel=Channel.SMS))
    world.enroll()
    pause(world, transport("mail"))
    world.go_to(NINE)
    assert (len(mail.heard), len(text.heard)) == (0, 4)
    resume(world, transport("mail"))
    world.tick()
    assert len(mail.heard) == 4


@pytest.mark.parametrize("what", [EVERYTHING, OTHER_CAMPAIGN, transport("answering")], ids=str)
def test_a_pause_in_the_middle_of_a_batch_lets_no_other_batch_go(what: What) -> None:
    world: World

    def answer(message: Message, attempt: int) -> Outcome | None:
        if len(carrier.heard) == 1:
            pause(world, what)
        return None

    carrier = Answering(answer)
    world = crowd(World(transport=carrier, batch=2), 8, OTHER)
    world.go_to(NINE)
    assert len(carrier.heard) == 2  # the batch that was on its way
    assert Counter(world.ends()) == {("sent", None): 2, ("planned", None): 6}
    resume(world, what)
    world.tick()
    assert world.ends() == [("sent", None)] * 8
    assert Counter(carrier.accepted) == Counter(range(1, 9))


def test_resuming_everything_leaves_other_pauses_in_force() -> None:
    world = crowd(crowd(World(), 1), 1, OTHER)
    pause(world, OTHER_CAMPAIGN)
    pause(world)
    resume(world)
    world.go_to(NINE)
    assert sent(world) == {"talk": 1}


def test_pausing_twice_is_no_news_and_a_dry_run_changes_nothing() -> None:
    world = World()
    assert Operator(world.engine).pause(EVERYTHING, dry_run=True)
    assert pause(world)
    assert not pause(world)
    assert Operator(world.engine).resume(EVERYTHING, dry_run=True)
    assert resume(world)
    assert not resume(world)


def test_every_pause_and_resume_is_in_the_audit_with_who_did_it() -> None:
    world = World()
    pause(world, transport("memory"))
    resume(world, transport("memory"))
    with world.database.read() as connection:
        acts = [(each.actor, each.act, each.about) for each in audit.read(connection)]
        assert holds.standing(connection) == []
    assert acts == [("a test", "resume", "transport memory"), ("a test", "pause", "transport memory")]


@pytest.mark.parametrize(
    "what", [transport("nobody"), What(HoldKind.CAMPAIGN, "nothing"), What(HoldKind.CAMPAIGN, "notices")], ids=str
)
def test_what_there_is_not_cannot_be_paused_by_mistake(what: What) -> None:
    with pytest.raises(NotFound) as refused:
        pause(crowd(World(), 1), what)
    assert "rekindle pause --all" in refused.value.fix


@contextmanager
def statements(world: World) -> Iterator[list[str]]:
    """What is asked of the database meanwhile."""
    said: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        said.append(statement)

    event.listen(world.database.engine, "before_cursor_execute", hear)
    yield said
    event.remove(world.database.engine, "before_cursor_execute", hear)


def test_asking_what_is_held_costs_a_batch_one_small_look_when_it_is_claimed_and_one_when_it_is_intended() -> None:
    world = crowd(World(batch=50), 20)
    with statements(world) as said:
        world.go_to(NINE)
    looks = [each for each in said if "FROM holds" in each]
    assert len(looks) == 3  # claimed, intended, recorded
    assert not any("JOIN" in each for each in looks)
    assert not any("enrollments.campaign" in each for each in said if "UPDATE deliveries" in each)


WHATS = st.sampled_from([EVERYTHING, OTHER_CAMPAIGN, What(HoldKind.CAMPAIGN, "test"), transport("one")])
ACTS = st.lists(st.tuples(st.sampled_from([pause, resume]), WHATS, st.integers(0, 90)), max_size=8)


@settings(max_examples=settings.default.max_examples // 2)
@given(between=ACTS, during=st.dictionaries(st.integers(1, 12), st.tuples(st.sampled_from([pause, resume]), WHATS)))
def test_whatever_is_paused_and_resumed_when_nothing_leaves_against_it_and_nothing_is_lost_or_doubled(
    between: list[tuple[Callable[..., bool], What, int]], during: dict[int, tuple[Callable[..., bool], What]]
) -> None:
    in_force: set[What] = set()
    at_the_intent: set[What] = set()
    against: list[int] = []
    world: World

    def do(act: Callable[..., bool], what: What) -> None:
        act(world, what)
        (in_force.add if act is pause else in_force.discard)(what)

    def announce(step: ProtocolStep) -> None:
        if step is ProtocolStep.INTENDED:
            at_the_intent.clear()
            at_the_intent.update(in_force)

    class Carrier(Answering):
        """Looks whether what it gets was held when its intent was committed; then something may be done."""

        async def send(self, batch: Sequence[Message]) -> Sequence[Outcome]:
            whose = {row.id: "test" if row.step == "talk" else "other" for row in world.rows()}
            for number in (message.delivery_id for message in batch):
                held = {EVERYTHING, transport(self.name), What(HoldKind.CAMPAIGN, whose[number])}
                against.extend([number] * bool(held & at_the_intent))
            before = sum(len(each.heard) for each in carriers)
            answers = await super().send(batch)
            for number in range(before + 1, before + len(batch) + 1):
                if number in during:
                    do(*during.pop(number))
            return answers

    carriers = [Carrier(lambda message, attempt: None, name) for name in ("one", "two")]
    routes = Routes({Channel.EMAIL: [Route(carriers[0]), Route(carriers[1])]})
    world = World(talk(late_after=LATE), routes=routes, batch=3, announce=announce)
    crowd(crowd(world, 6), 6, OTHER)
    world.clock.move_to(at(NINE))
    for act, what, minutes in between:
        do(act, what)
        world.fast_forward(minutes=minutes)
    for what in list(in_force):
        do(resume, what)
    during.clear()
    world.fast_forward(minutes=1)
    assert against == []
    assert world.ends() == [("sent", None)] * 12
    handed = Counter(message.delivery_id for each in carriers for message in each.heard)
    assert handed == Counter(range(1, 13))
