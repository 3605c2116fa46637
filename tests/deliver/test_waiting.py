"""A step may hold back until both answers to an earlier one are revealed: then it goes at once, else when it must."""

from datetime import time, timedelta
from typing import Any

import pytest
from sqlalchemy import insert
from world import World, at, person, talk

from engine.model.campaign import Wait
from engine.store import couples
from engine.store.couples_schema import reveals
from engine.store.waiting import release

SENT = ("sent", None)
THREE_DAYS = timedelta(days=3)
READ = talk("read", days=(3,), weeks=(1,), at=time(10), wait=Wait("talk", THREE_DAYS))


def waiting(*steps: Any, **campaign: Any) -> World:
    world = World(*(steps or (talk(weeks=(1, 2)), READ)), **campaign)
    world.join("x", person("Ana"), person("Ben"))
    world.enroll()
    return world


def reveal(world: World, occurrence: int = 1) -> int:
    """What happens when both have shared their answers; how many deliveries that lets go."""
    with world.database.begin() as connection:
        now = world.clock.now()
        connection.execute(insert(reveals).values(enrollment_id=1, step="talk", occurrence=occurrence, at=now))
        return release(connection, 1, f"talk/{occurrence}", now)


def came(world: World, step: str = "read") -> list[tuple[str, str, str | None]]:
    return [(line.local_time[:16], line.status, line.reason) for line in world.lines() if line.step == step]


def test_it_waits_as_long_as_it_may_and_is_not_late_for_that() -> None:
    world = waiting()
    world.go_to("2026-03-05T10:00")
    (row, _) = [row for row in world.rows() if row.step == "read"]
    assert (row.status, row.waits_for, row.moved_because) == ("planned", "talk/1", "waiting")
    # Three days on it is Sunday, and then it opens at noon.
    assert (row.due_at, row.send_at) == (at("2026-03-05T10:00"), at("2026-03-08T12:00"))
    assert row.expires_at == at("2026-03-09T10:00")
    world.live()
    assert came(world) == [("2026-03-08T12:00", *SENT)] * 2


def test_it_goes_as_soon_as_the_answers_are_revealed() -> None:
    world = waiting()
    world.go_to("2026-03-06T11:00")
    assert reveal(world) == 2
    world.live()
    assert came(world) == [("2026-03-06T11:00", *SENT)] * 2
    assert {row.moved_because for row in world.rows() if row.step == "read"} == {"waiting"}


def test_it_does_not_wait_for_what_is_revealed_already() -> None:
    world = waiting()
    world.go_to("2026-03-04T11:00")
    assert reveal(world) == 0
    world.live()
    assert came(world) == [("2026-03-05T10:00", *SENT)] * 2
    assert {row.moved_because for row in world.rows() if row.step == "read"} == {None}


def test_it_waits_for_the_latest_occurrence_at_or_before_its_own_day() -> None:
    world = waiting(
        talk(weeks=(1, 2), days=(1, 4)), talk("read", days=(3,), weeks=(1, 2), wait=Wait("talk", THREE_DAYS))
    )
    world.live("2026-03-12T12:00")
    assert {row.waits_for for row in world.rows() if row.step == "read" and row.status == "planned"} == {"talk/8"}


def test_the_answers_to_another_occurrence_let_nothing_go() -> None:
    world = waiting()
    world.go_to("2026-03-05T10:00")
    assert reveal(world, occurrence=8) == 0


@pytest.mark.parametrize("moment", ["2026-03-05T10:00", "2026-03-06T22:00"])
def test_what_is_let_go_still_meets_the_gates(moment: str) -> None:
    world = waiting(READ, talk())
    world.go_to("2026-03-05T10:00")
    with world.database.begin() as connection:
        couples.pause(connection, couples.id_of(connection, "x"), at("2026-03-20T00:00"))
    world.clock.move_to(at(moment))
    reveal(world)
    world.live()
    assert {end[1:] for end in came(world)} == {("skipped", "paused")}


def test_before_there_was_anything_to_answer_it_does_not_wait() -> None:
    world = waiting(talk(weeks=(2,)), READ)
    world.live("2026-03-06T00:00")
    assert came(world) == [("2026-03-05T10:00", *SENT)] * 2


def test_after_an_outage_longer_than_the_wait_it_waits_no_more() -> None:
    world = waiting(talk(), talk("read", days=(3,), late_after=timedelta(days=14), wait=Wait("talk", THREE_DAYS)))
    world.go_to("2026-03-10T15:00")
    assert [(row.waits_for, row.moved_because) for row in world.rows() if row.step == "read"] == [(None, None)] * 2
    assert {end[1] for end in came(world)} == {"sent"}


def test_a_paused_partner_has_nothing_that_waits() -> None:
    world = waiting()
    world.alter("Ana", paused_until=at("2026-04-01T00:00"))
    world.go_to("2026-03-05T10:00")
    assert {(row.status, row.waits_for) for row in world.rows() if row.step == "read"} == {
        ("skipped", None),
        ("planned", "talk/1"),
    }


def test_where_no_step_waits_nothing_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.deliver.holding_back.revealed", None)
    world = waiting(talk())
    world.live()
    assert world.ends() == [SENT, SENT]


def test_what_is_revealed_is_looked_up_once_for_a_whole_batch() -> None:
    world = World(talk(), READ)
    for number in range(3):
        world.join(
            f"x{number}", *(person(name, email=f"{name}{number}@example.com", phone=None) for name in ("Ana", "Ben"))
        )
    world.enroll()
    with world.database.begin() as connection:
        connection.execute(insert(reveals).values(enrollment_id=2, step="talk", occurrence=1, at=world.clock.now()))
    world.go_to("2026-03-05T10:00")
    assert [(row.enrollment_id, row.waits_for) for row in world.rows() if row.step == "read"] == [
        (number, None if number == 2 else "talk/1") for number in (1, 2, 3) for _ in range(2)
    ]
