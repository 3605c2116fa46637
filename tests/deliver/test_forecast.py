"""What `rekindle schedule` promises is what happens, when the engine runs without a break and nothing changes."""

from dataclasses import replace
from datetime import date, time, timedelta

from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from made import campaign
from simulated import SMALL
from sqlalchemy import insert
from world import World, at, person, talk

from engine.define.digest import identified
from engine.deliver.definitions import Definitions
from engine.deliver.forecast import schedule
from engine.model.campaign import Caps, Wait
from engine.model.delivery import MovedBecause
from engine.simulate.people import made_up
from engine.store.couples_schema import reveals
from engine.transport.memory import MemoryTransport

SAME = ("couple", "step", "week", "activity", "channel", "due_at", "local_time", "timezone", "reason")


def promised(world: World, **given: object) -> list[tuple[object, ...]]:
    with world.database.read() as connection:
        asked = {"until": None, "couple": None, "limit": 1_000, **given}
        entries = [each.entry() for each in schedule(connection, Definitions(), **asked)]  # type: ignore[arg-type]
    return sorted((tuple(entry[name] for name in SAME) for entry in entries), key=str)


def happened(world: World) -> list[tuple[object, ...]]:
    world.live("2029-12-31T00:00")
    return sorted((tuple(getattr(line, name) for name in SAME) for line in world.lines()), key=str)


@given(st.integers(0, 10_000).map(str), st.dates(date(2026, 3, 3), date(2028, 12, 1)))
@examples(max_examples=8)
def test_the_schedule_is_what_then_happens(seed: str, start: date) -> None:
    world = World(transport=MemoryTransport(keep=False))
    world.campaign = SMALL
    for ref, people in made_up(3, seed):
        world.join(ref, *people)
    world.enroll(start)
    expected = promised(world)
    assert expected
    assert happened(world) == expected


def test_a_busy_day_and_an_unknown_zone_are_foretold_with_their_reasons() -> None:
    world = World(talk("a", at=time(10)), talk("b", at=time(21)), talk("c", at=time(15)), talk("d", when="week > 1"))
    world.join("x", person("Ana"))
    world.join("y", person("Ben", "Mars/Olympus"))
    world.enroll()
    expected = promised(world)
    assert happened(world) == expected
    assert {entry[-1] for entry in expected} == {None, "condition", "unknown_timezone", "frequency_cap"}


def test_the_schedule_ends_on_the_day_that_was_asked_for_and_is_of_the_couple_that_was_asked_for() -> None:
    world = World(talk(weeks=(1, 2, 3)))
    world.join("x", person("Ana"), person("Ben"))
    world.join("y", person("Cem"))
    world.enroll()
    assert len(promised(world)) == 9
    assert {entry[0] for entry in promised(world, couple="y")} == {"y"}
    assert {entry[2] for entry in promised(world, until=date(2026, 3, 10))} == {1, 2}
    assert len(promised(world, limit=1)) == 3


def test_the_schedule_begins_after_what_was_planned_already() -> None:
    world = World(talk(weeks=(1, 2)))
    world.join("x", person("Ana"))
    world.enroll()
    world.live("2026-03-05T00:00")
    assert [entry[2] for entry in promised(world)] == [2]
    world.clock.move_to(at("2026-03-20T00:00"))
    world.tick()
    assert promised(world) == []


def test_two_campaigns_of_one_couple_share_its_days() -> None:
    world = World(talk("a"))
    world.join("x", person("Ana"))
    world.enroll()
    world.campaign = identified(replace(campaign(talk("b")), id="other"))
    world.enroll()
    expected = promised(world)
    assert len({entry[5] for entry in expected}) == 2
    assert happened(world) == expected


def test_what_was_sent_this_week_already_counts() -> None:
    world = World(talk("a", days=(1, 2, 3)), caps=Caps(1, 1))
    world.join("x", person("Ana"))
    world.enroll()
    world.go_to("2026-03-03T09:00")
    expected = promised(world)
    assert happened(world)[1:] == expected
    assert {entry[-1] for entry in expected} == {"frequency_cap"}


def test_what_is_planned_for_tomorrow_morning_is_still_to_come() -> None:
    world = World(talk("a", at=time(21)))
    world.join("x", person("Ana"))
    world.enroll()
    world.go_to("2026-03-03T21:00")
    expected = promised(world)
    assert [entry[5] for entry in expected] == ["2026-03-04T09:00:00Z"]
    assert happened(world) == expected


def test_days_and_hours_of_ones_own_are_foretold() -> None:
    world = World(talk("a", days=(1,), weeks=(1, 2)), talk("b", days=(4,), weeks=(1, 2)))
    world.join("x", person("Ana"), person("Ben"))
    world.alter("Ana", reach_days=frozenset({3, 6}), reach_from=time(13))
    world.enroll()
    expected = promised(world)
    assert len(expected) == 8
    assert happened(world) == expected


def test_a_step_that_waits_is_foretold_for_the_latest_that_it_may_be() -> None:
    world = World(talk("a", weeks=(1, 2)), talk("read", days=(3,), weeks=(1, 2), wait=Wait("a", timedelta(days=2))))
    world.join("x", person("Ana"), person("Ben"))
    world.enroll()
    with world.database.begin() as connection:
        connection.execute(insert(reveals).values(enrollment_id=1, step="a", occurrence=1, at=world.clock.now()))
    expected = promised(world)
    reading = {entry[5] for entry in expected if entry[1] == "read"}
    assert reading == {"2026-03-05T09:00:00Z", "2026-03-14T09:00:00Z"}  # in week 1 the answers are known already
    with world.database.read() as connection:
        found = list(schedule(connection, Definitions(), until=None, couple="x", limit=10))
    assert {each.moved for each in found if each.step == "read"} == {None, MovedBecause.WAITING}
    assert happened(world) == expected
