"""The sum of what is to come, before couples are enrolled and after, is what then happens."""

from collections import Counter
from dataclasses import replace
from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from made import campaign
from simulated import SMALL
from world import MONDAY, World, at, person, talk

from engine.define.digest import identified
from engine.deliver.forecast import schedule
from engine.deliver.outlook import Outlook
from engine.errors import NotFound
from engine.model.campaign import Audience, Caps, Channel, Draw, Wait
from engine.model.strategy import Kind
from engine.simulate.people import made_up
from engine.store import schema
from engine.transport.memory import MemoryTransport


def gone(world: World) -> tuple[int, Counter[str]]:
    """How many messages went in the end, and what did not go, by reason."""
    world.live("2029-12-31T00:00")
    ends = Counter(reason if status == "skipped" else status for status, reason in world.ends())
    return ends.pop("sent", 0), Counter({str(why): number for why, number in ends.items()})


def counted(found: Outlook) -> tuple[int, Counter[str]]:
    return found.messages, found.skipped


@given(st.integers(0, 10_000).map(str), st.dates(date(2026, 3, 3), date(2028, 12, 1)))
@examples(max_examples=6)
def test_what_is_foretold_of_couples_that_are_not_enrolled_is_what_happens_when_they_are(
    seed: str, start: date
) -> None:
    world = World(transport=MemoryTransport(keep=False))
    world.campaign = SMALL
    for ref, people in made_up(4, seed):
        world.join(ref, *people)
    done, foretold = world.engine.foresee(SMALL, start)
    assert done.enrolled == world.enroll(start).enrolled == 4
    after = world.engine.outlook()
    assert (after.messages, after.skipped, after.costs) == (foretold.messages, foretold.skipped, foretold.costs)
    assert (after.couples, after.partners) == (foretold.couples, foretold.partners)
    assert after.first is not None
    assert foretold.first is not None
    assert (after.first.at, after.last and after.last.at) == (foretold.first.at, foretold.last and foretold.last.at)
    assert gone(world) == counted(foretold)


def crowded() -> World:
    """Partners who are alike, and some who differ in one thing that matters."""
    world = World(
        talk("a", weeks=(1, 2), days=(1, 2)),
        talk("b", weeks=(1, 2), days=(1,), channel=Channel.SMS, at=time(21)),
        talk("each", weeks=(2,), days=(4,), audience=Audience.EACH),
    )
    for number in range(4):
        world.join(f"c{number}", person(f"Ana{'abcd'[number]}"), person(f"Ben{'abcd'[number]}", "America/New_York"))
    world.join("far", person("Cem", "Asia/Tokyo"), person("Dana", "Mars/Olympus"))
    world.join("days", person("Eva", reach := "UTC"), person("Finn", reach))
    world.alter("Eva", reach_days=frozenset({3, 6}))
    world.alter("Finn", sms_consent=False)
    world.join("phone", person("Gil", phone="+12025550123"), person("Hana", phone="+12025550123"))
    world.alter_couple("c3", paused_until=at("2026-03-05T00:00"))
    return world


def test_partners_who_are_alike_and_partners_who_are_not_all_get_what_was_foretold() -> None:
    world = crowded()
    done, foretold = world.engine.foresee(world.campaign, MONDAY)
    world.enroll()
    assert done.enrolled == 7
    assert counted(world.engine.outlook()) == counted(foretold)
    assert gone(world) == counted(foretold)
    assert {"unknown_timezone", "no_consent", "shared_address", "paused"} <= foretold.skipped.keys()


def test_in_the_middle_of_it_the_rest_is_foretold() -> None:
    world = crowded()
    world.enroll()
    world.live("2026-03-04T00:00")
    with world.database.read() as connection:
        coming = list(schedule(connection, world.engine.definitions, until=None, couple=None, limit=1_000))
    found = world.engine.outlook()
    assert found.messages == sum(each.skip is None for each in coming)
    assert found.skipped == Counter(each.skip.value for each in coming if each.skip is not None)
    assert found.first is not None
    assert found.first.at == min(each.at for each in coming if each.skip is None)


def test_a_partner_to_whom_nothing_would_go_is_told_of_with_the_reason() -> None:
    world = World(talk(weeks=(1, 2)))
    world.join("x", person("Ana", "Mars/Olympus"), person("Ben"))
    _, found = world.engine.foresee(world.campaign, MONDAY)
    assert found.silent == {"unknown_timezone": 1}
    assert found.examples == {"unknown_timezone": ["x"]}
    assert (found.messages, found.partners, found.couples) == (2, 2, 1)


def test_conditions_waits_and_empty_pools_are_looked_at_for_each_partner() -> None:
    world = World(
        talk("a", weeks=(1, 2)),
        talk("read", days=(3,), weeks=(1,), wait=Wait("a", timedelta(days=2))),
        talk("only", days=(4,), when="partner.position == 1"),
        talk("none", days=(5,), draw=Draw(kinds=frozenset({Kind.EXERCISE}))),
    )
    world.join("x", person("Ana"), person("Ben"))
    world.join("y", person("Cem"), person("Dana"))
    _, foretold = world.engine.foresee(world.campaign, MONDAY)
    assert foretold.skipped == {"condition": 2, "nothing_to_draw": 4}
    world.enroll()
    assert gone(world) == counted(foretold)


def test_what_else_is_to_come_to_a_couple_counts_towards_its_caps() -> None:
    world = World(talk("a"), caps=Caps(1, 1))
    world.join("x", person("Ana"))
    world.enroll()
    other = identified(replace(campaign(talk("b", late_after=timedelta(hours=5)), caps=Caps(1, 1)), id="other"))
    _, foretold = world.engine.foresee(other, MONDAY)
    assert (foretold.messages, foretold.skipped) == (0, {"frequency_cap": 1})


def test_the_sum_ends_on_the_day_and_is_of_the_couple_that_was_asked_for() -> None:
    world = World(talk(weeks=(1, 2, 3)))
    world.join("x", person("Ana"), person("Ben"))
    world.join("y", person("Cem"))
    world.enroll()
    assert world.engine.outlook().messages == 9
    assert world.engine.outlook(couple="y").messages == 3
    assert world.engine.outlook(until=date(2026, 3, 10)).messages == 6
    with pytest.raises(NotFound):
        world.engine.outlook(couple="z")


def test_foreseeing_changes_nothing() -> None:
    world = crowded()
    world.engine.foresee(world.campaign, MONDAY)
    assert world.rows() == world.rows(schema.enrollments) == world.rows(schema.definitions) == []
    assert world.engine.outlook().couples == 0
