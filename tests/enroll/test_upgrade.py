"""A couple in the middle of a campaign is moved to another version: what it has stays, what is to come follows."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from made import campaign as made_campaign
from made import mixed
from world import MONDAY, Answering, World, at, person, plain_templates, talk

from engine.define.digest import identified
from engine.deliver.dispatch import ProtocolStep
from engine.enroll.changes import Changes
from engine.enroll.mover import Upgraded
from engine.errors import NotFound
from engine.model.campaign import Audience, Campaign, Caps, Channel, Step, Variant
from engine.model.delivery import LATER
from engine.plan.calendar import Slot, calendar
from engine.store import schema
from engine.store.operating_schema import audit
from engine.transport.base import ConnectionFailed, Message
from engine.transport.memory import MemoryTransport

SENT = ("sent", None)
WEEKS = (1, 2, 3)


def under_way(*steps: Step, **campaign: Any) -> World:
    """Ana and Ben, enrolled in a campaign of these steps."""
    world = World(*steps, **campaign)
    world.join("a-b", person("Ana"), person("Ben"))
    world.enroll()
    return world


def live_until(world: World, moment: str) -> None:
    """Let everything happen that does until an instant, and let it be that instant."""
    world.live(moment)
    world.clock.move_to(at(moment))


def edited(world: World, *steps: Step, **campaign: Any) -> Campaign:
    """The world's campaign with other steps."""
    return identified(replace(world.campaign, digest="", steps=steps, **campaign))


def upgrade(world: World, to: Campaign, *refs: str, dry_run: bool = False) -> Upgraded:
    """Move everybody who is in any other version; what became of those in the latest."""
    digests = dict.fromkeys(row.digest for row in world.rows(schema.enrollments))
    done = world.engine.upgrade_couples(to, list(digests), actor="ana", refs=refs or None, dry_run=dry_run)
    return (done or [Upgraded("")])[-1]


def anas(world: World) -> list[tuple[str, str, str]]:
    """What became of Ana's: (step, day and time, status)."""
    return [(line.step, line.local_time[:16], line.status) for line in world.lines() if line.partner == "Ana"]


def test_what_has_not_come_follows_the_new_version_and_what_has_stays() -> None:
    world = under_way(talk(weeks=WEEKS))
    live_until(world, "2026-03-04T00:00")
    done = upgrade(world, edited(world, talk(weeks=WEEKS, days=(4,))))
    assert (done.couples, done.partners, done.to_come, done.changed, done.added, done.removed) == (1, 2, 4, 4, 0, 0)
    world.live()
    assert anas(world) == [
        ("talk", "2026-03-03T09:00", "sent"),
        ("talk", "2026-03-13T09:00", "sent"),
        ("talk", "2026-03-20T09:00", "sent"),
    ]


def test_a_step_that_came_does_not_come_again_when_it_moves_to_a_later_hour() -> None:
    world = under_way(talk(weeks=(1, 2)))
    live_until(world, "2026-03-03T10:00")
    upgrade(world, edited(world, talk(weeks=(1, 2), at=time(15))))
    world.live()
    assert anas(world) == [("talk", "2026-03-03T09:00", "sent"), ("talk", "2026-03-10T15:00", "sent")]


def test_what_by_the_new_version_is_over_already_is_left_out() -> None:
    world = under_way(talk(weeks=(1, 2)))
    live_until(world, "2026-03-05T00:00")
    upgrade(world, edited(world, talk("extra", days=(2,), weeks=(1, 2)), talk(weeks=(1, 2))))
    world.live()
    assert [step for step, *_ in anas(world)] == ["talk", "talk", "extra"]


def test_a_step_that_is_to_come_and_moves_into_the_past_is_left_out() -> None:
    world = under_way(talk(weeks=(1, 2), days=(4,)))
    live_until(world, "2026-03-05T00:00")
    done = upgrade(world, edited(world, talk(weeks=(1, 2), days=(1,))))
    assert (done.to_come, done.removed) == (2, 2)
    world.live()
    assert anas(world) == [("talk", "2026-03-10T09:00", "sent")]


def test_what_is_due_this_minute_and_did_not_change_still_comes() -> None:
    world = under_way(talk(weeks=(1, 2)))
    world.clock.move_to(at("2026-03-03T09:05"))
    upgrade(world, edited(world, talk(weeks=(1, 2)), talk("extra", days=(5,))))
    world.live()
    assert [step for step, *_ in anas(world)] == ["talk", "extra", "talk"]


def test_whoever_had_the_last_step_goes_on_where_the_new_version_is_longer() -> None:
    world = under_way(talk(weeks=(1,)), talk("both", days=(6,), at=time(13)))
    world.alter("Ben", timezone="America/Los_Angeles")
    live_until(world, "2026-03-08T14:00")
    assert world.rows(schema.places)[0].next_due_at is None
    upgrade(world, edited(world, talk(weeks=(1, 2)), talk("both", days=(6,), at=time(13))))
    world.live()
    assert anas(world)[-1] == ("talk", "2026-03-10T09:00", "sent")


def test_a_campaign_of_which_nothing_is_left_is_completed() -> None:
    world = under_way(talk(weeks=(1, 2)))
    live_until(world, "2026-03-04T00:00")
    upgrade(world, edited(world, talk(weeks=(1,))))
    assert [row.status for row in world.rows(schema.enrollments)] == ["completed"]


def planned_for_the_morning(*steps: Step, **given: Any) -> World:
    """Ana's and Ben's step of a Tuesday night is planned for Wednesday morning, when the window opens."""
    world = under_way(*(steps or (talk(at=time(21)),)), **given)
    live_until(world, "2026-03-03T22:00")
    assert {row.status for row in world.rows()} == {"planned"}
    return world


def test_what_is_planned_stays_planned_and_takes_the_new_words(tmp_path: Path) -> None:
    templates = plain_templates(tmp_path, warm="A warm hello")
    world = planned_for_the_morning(templates=[templates])
    done = upgrade(world, edited(world, talk(at=time(21), template="warm")))
    assert (done.to_come, done.changed) == (2, 2)
    world.live()
    assert anas(world) == [("talk", "2026-03-04T09:00", "sent")]
    assert {message.text for message in world.inbox.messages} == {"A warm hello"}  # type: ignore[union-attr]


def test_what_is_planned_is_planned_anew_where_its_slot_moved() -> None:
    world = planned_for_the_morning()
    done = upgrade(world, edited(world, talk(at=time(15), days=(3,)), talk("other", days=(4,))))
    assert (done.to_come, done.changed, done.added, done.removed) == (4, 2, 2, 0)
    world.live()
    assert anas(world) == [("talk", "2026-03-05T15:00", "sent"), ("other", "2026-03-06T09:00", "sent")]


def test_what_is_planned_of_a_step_that_is_gone_is_withdrawn() -> None:
    world = planned_for_the_morning()
    done = upgrade(world, edited(world, talk("other", days=(4,))))
    assert (done.to_come, done.added, done.removed) == (2, 2, 2)
    world.live()
    assert anas(world) == [("talk", "2026-03-04T09:00", "cancelled"), ("other", "2026-03-06T09:00", "sent")]
    assert {row.reason for row in world.rows() if row.status == "cancelled"} == {"changed"}


def test_what_is_planned_and_moves_to_a_later_hour_is_planned_anew_and_comes_once() -> None:
    world = under_way(talk(at=time(21)))
    world.alter("Ana", timezone="Asia/Tokyo")
    live_until(world, "2026-03-03T13:00")  # ten in the evening there: planned for the morning
    upgrade(world, edited(world, talk(at=time(23, 30))))
    assert world.rows(schema.places)[0].next_due_at == at("2026-03-03T14:30")
    world.live()
    assert anas(world) == [("talk", "2026-03-04T09:00", "sent")]


def test_what_is_planned_for_a_channel_that_the_step_has_left_is_planned_anew() -> None:
    world = planned_for_the_morning(talk(at=time(21), channel=Channel.SMS))
    upgrade(world, edited(world, talk(at=time(21), channel=Channel.EMAIL)))
    world.live()
    assert [(row.channel, row.status) for row in world.rows()] == [("email", "sent")] * 2
    assert {row.sent_at for row in world.rows()} == {at("2026-03-04T09:00")}


def test_a_couple_gets_another_activity_where_the_one_that_was_planned_is_no_more() -> None:
    world = planned_for_the_morning()
    (planned,) = {row.activity for row in world.rows()}
    rest = {key: each for key, each in world.campaign.activities.items() if key != planned}
    upgrade(world, edited(world, *world.campaign.steps, activities=rest))
    world.live()
    (sent,) = {row.activity for row in world.rows()}
    assert sent in rest
    assert anas(world) == [("talk", "2026-03-04T09:00", "sent")]


def test_draws_that_were_given_stay_and_count_when_the_rest_is_drawn_anew() -> None:
    world = World()
    world.campaign = identified(mixed(talk(weeks=tuple(range(1, 10))), each=2))
    world.join("a-b", person("Ana"), person("Ben"))
    world.enroll()
    live_until(world, "2026-03-25T00:00")
    before = world.rows(schema.enrollments)[0].draws
    rest = {key: each for key, each in world.campaign.activities.items() if key != before["talk/36"]}
    upgrade(world, edited(world, *world.campaign.steps, activities=rest))
    world.live()
    given = [line.activity for line in world.lines() if line.partner == "Ana"]
    assert given[:4] == [before[f"talk/{day}"] for day in (1, 8, 15, 22)]
    assert before["talk/36"] not in given
    assert len(set(given)) == len(given) == 9
    assert [line.activity for line in world.lines() if line.partner == "Ben"] == given


def test_the_arm_that_a_couple_was_given_is_kept_where_there_still_is_one() -> None:
    arms = tuple(Variant(name) for name in ("one", "two", "three"))
    world = under_way(talk(weeks=(1, 2), variants=arms), talk("other", variants=arms))
    had = world.rows(schema.enrollments)[0].variants
    more = tuple(Variant(name, 100) for name in ("new", "newer"))
    other = tuple(arm for arm in arms if arm.name != had["other"])
    upgrade(world, edited(world, talk(weeks=(1, 2), variants=(*more, *arms)), talk("other", variants=other)))
    has = world.rows(schema.enrollments)[0].variants
    assert has["talk"] == had["talk"]
    assert has["other"] in {arm.name for arm in other}


def test_again_changes_nothing() -> None:
    world = under_way(talk(weeks=WEEKS))
    live_until(world, "2026-03-04T00:00")
    to = edited(world, talk(weeks=WEEKS, at=time(12)))
    assert upgrade(world, to).couples == 1
    tables = schema.enrollments, schema.places, schema.deliveries
    before = [world.rows(table) for table in tables]
    assert world.engine.upgrade_couples(to, [to.digest], actor="ana") == []
    world.restart()
    assert [world.rows(table) for table in tables] == before


def test_a_dry_run_says_the_same_and_does_nothing() -> None:
    world = under_way(talk(weeks=WEEKS))
    live_until(world, "2026-03-04T00:00")
    to = edited(world, talk(weeks=WEEKS, at=time(12)), talk("extra", days=(6,)))
    before = [world.rows(table) for table in (schema.enrollments, schema.places, schema.deliveries, audit)]
    foretold = upgrade(world, to, dry_run=True)
    assert [world.rows(table) for table in (schema.enrollments, schema.places, schema.deliveries, audit)] == before
    assert upgrade(world, to) == foretold


def test_only_couples_that_are_named_are_moved_and_a_name_that_is_not_there_moves_nobody() -> None:
    world = under_way(talk(weeks=WEEKS))
    world.join("c", person("Cem"))
    world.enroll(MONDAY, "c")
    to = edited(world, talk(weeks=(1, 2)))
    with pytest.raises(NotFound, match="nobody"):
        upgrade(world, to, "c", "nobody")
    upgrade(world, to, "c")
    assert [row.digest == to.digest for row in world.rows(schema.enrollments)] == [False, True]


def test_it_is_written_down_who_moved_whom() -> None:
    world = under_way(talk(weeks=WEEKS))
    to = edited(world, talk(weeks=(1, 2)))
    upgrade(world, to, "a-b")
    act = f"upgrade {world.campaign.digest[:12]} to {to.digest[:12]}"
    assert [(row.actor, row.act, row.about) for row in world.rows(audit)] == [
        ("ana", act, "campaign test"),
        ("ana", act, "couple 1"),
    ]


def test_a_message_that_is_claimed_that_moment_goes_as_it_was_and_once(tmp_path: Path) -> None:
    templates = plain_templates(tmp_path, warm="A warm hello")
    moves: list[Callable[[], object]] = []

    def announce(step: ProtocolStep) -> None:
        if step is ProtocolStep.RENDERED and moves:
            moves.pop()()

    world = under_way(talk(weeks=(1, 2)), templates=[templates], announce=announce)
    to = edited(world, talk(weeks=(1, 2), template="warm", at=time(15)))
    moves.append(lambda: upgrade(world, to))
    world.live()
    assert [message.text for message in world.inbox.messages] == [  # type: ignore[union-attr]
        "Hello Ana",
        "Hello Ben",
        "A warm hello",
        "A warm hello",
    ]
    assert anas(world) == [("talk", "2026-03-03T09:00", "sent"), ("talk", "2026-03-10T15:00", "sent")]


def test_what_is_tried_again_after_its_step_is_gone_is_withdrawn() -> None:
    down = [True]

    def answer(message: Message, attempt: int) -> ConnectionFailed | None:
        return ConnectionFailed("Nobody is there.") if down[0] else None

    transport = Answering(answer)
    world = under_way(talk(weeks=(1, 2)), talk("other", days=(4,)), transport=transport)
    world.go_to("2026-03-03T09:00")
    upgrade(world, edited(world, talk("other", days=(4,))))
    down[0] = False
    world.live()
    assert [(row.step, row.status) for row in world.rows()] == [
        ("talk", "cancelled"),
        ("talk", "cancelled"),
        ("other", "sent"),
        ("other", "sent"),
    ]


def test_a_page_still_knows_the_words_of_a_message_whose_step_is_gone() -> None:
    world = under_way(talk(weeks=(1,)), talk("other", days=(4,)))
    live_until(world, "2026-03-04T00:00")
    row = world.rows()[0]
    rest = {key: each for key, each in world.campaign.activities.items() if key != row.activity}
    upgrade(world, edited(world, talk("other", days=(4,)), activities=rest))
    with world.database.read() as connection:
        from engine.store.questions import find

        question = find(connection, row.id)
        assert question is not None
        campaign = world.engine.definitions.get(connection, question.digest).campaign
    assert campaign == world.campaign
    assert campaign.step("talk")


def test_a_partner_who_has_left_gets_nothing_of_the_new_version() -> None:
    world = under_way(talk(weeks=(1, 2)))
    world.alter("Ben", left_at=world.clock.now())
    done = upgrade(world, edited(world, talk(weeks=WEEKS)))
    assert done.partners == 1
    world.live()
    assert {line.partner for line in world.lines() if line.status == "sent"} == {"Ana"}


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Templates that are quick to compile."""
    return plain_templates(tmp_path_factory.mktemp("templates"))


LATE = timedelta(days=3)
STEP = st.fixed_dictionaries(
    {
        "days": st.sets(st.integers(0, 6), min_size=1, max_size=2).map(lambda days: tuple(sorted(days))),
        "weeks": st.sampled_from([(1,), (1, 2), (2, 3), (1, 2, 3)]),
        "at": st.sampled_from([None, time(9), time(12), time(16, 30), time(19), time(21)]),
        "audience": st.sampled_from([Audience.BOTH, Audience.EACH, Audience.ALTERNATING]),
    }
)
VERSION = st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), STEP, min_size=1)
MOVES = st.lists(st.tuples(st.integers(1, 24 * 9), VERSION, st.booleans()), min_size=1, max_size=3)


def version(steps: Mapping[str, Mapping[str, Any]], pool: int) -> Campaign:
    made = made_campaign(*(talk(key, late_after=LATE, **its) for key, its in steps.items()), activities=pool, weeks=3)
    return identified(replace(made, caps=Caps(9, 60)))


def slots(world: World, campaign: Campaign, start: date, row: Any) -> dict[str, tuple[Slot, datetime]]:
    """A partner's calendar in a version, with instants."""
    found = calendar(campaign, start.weekday(), row.send_at, row.position, row.reach_days)
    return {slot.key: (slot, slot.instant(start, row.timezone)[0]) for slot in found}


@given(first=VERSION, moves=MOVES, zone=st.sampled_from(["UTC", "Pacific/Auckland", "America/Los_Angeles"]))
@examples(max_examples=examples.default.max_examples // 2)
def test_whatever_is_edited_and_whenever_nothing_comes_twice_nothing_late_and_nothing_is_lost(
    templates: Path, first: dict[str, Any], moves: list[tuple[int, dict[str, Any], bool]], zone: str
) -> None:
    begins = datetime(2026, 3, 1, 9, tzinfo=UTC)
    transport = MemoryTransport()
    world = World(transport=transport, templates=[templates], begins=begins)
    world.campaign = version(first, 8)
    world.join("x", person("Ana", zone, time(18)), person("Ben"))
    world.enroll(MONDAY)
    people = world.rows(schema.partners)
    now = world.campaign
    due: dict[tuple[int, str], datetime] = {}  # what is to come as nothing moved it, and when
    for number, (hours, steps, wishes) in enumerate(moves):
        moment = world.clock.now().replace(minute=7, second=0) + timedelta(hours=hours)
        world.live(moment.isoformat()[:16])
        world.clock.move_to(moment)
        if wishes:  # somebody changed their hour before; that, too, sets places anew
            world.engine.change_partner(1, Changes(send_at=f"{10 + number}:00"))
            people = world.rows(schema.partners)
        to = version(steps, 8 - number)
        have = {(row.partner_id, f"{row.step}/{row.occurrence % LATER}") for row in world.rows()}
        begun = {(row.partner_id, f"{row.step}/{row.occurrence}") for row in world.rows() if row.status != "planned"}
        highest = max((row.id for row in world.rows()), default=0)
        due = {}
        for row, place in zip(people, world.rows(schema.places), strict=True):
            was, will = (slots(world, each, MONDAY, row) for each in (now, to))
            here = f"{place.next_step}/{place.next_occurrence}"
            left = [*was][[*was].index(here) :] if here in was else []
            for key in will.keys() & left:
                if key not in place.passed and was[key][1] == will[key][1]:
                    due[row.id, key] = will[key][1]
        upgrade(world, to)
        world.tick()
        after = {(row.partner_id, f"{row.step}/{row.occurrence}"): row for row in world.rows()}
        assert begun <= after.keys()
        for (partner, key), row in after.items():
            if row.id > highest and (partner, key) not in have:
                was = slots(world, now, MONDAY, people[partner - 1])
                unmoved = key in was and was[key][1] == row.due_at
                assert row.due_at > moment or unmoved
        now = to
    world.live("2026-12-31T00:00")
    rows = world.rows()
    went = Counter((row.partner_id, row.step, row.occurrence) for row in rows if row.status == "sent")
    assert set(went.values()) <= {1}
    assert sum(went.values()) == len(transport.messages)  # nothing that went is forgotten
    assert {row.status for row in rows} <= {"sent", "skipped", "cancelled"}
    by_slot = {(row.partner_id, f"{row.step}/{row.occurrence}"): row for row in rows}
    for (partner, key), instant in due.items():
        assert by_slot[partner, key].due_at == instant
        assert by_slot[partner, key].activity is not None
    assert not any(row.reason == "nothing_to_draw" for row in rows)
