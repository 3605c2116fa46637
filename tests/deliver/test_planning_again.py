"""Planning is the same however often and by however many it is done, and follows what changes on the way."""

from datetime import date, time
from pathlib import Path

import pytest
from world import World, at, opened, person, talk

from engine.deliver.definitions import Definitions
from engine.deliver.due import Planned, Planner
from engine.store import couples, places, schema

SENT = ("sent", None)


def test_a_partner_who_moved_west_after_enrolling_is_written_to_at_the_hour_where_they_are_now_once() -> None:
    world = World()
    world.join("x", person("Ana", "Europe/London", time(10)), person("Ben", "Europe/London", time(10)))
    world.enroll()
    world.alter("Ana", timezone="America/Los_Angeles")
    world.live()
    assert [(line.partner, line.local_time, line.status) for line in world.lines()] == [
        ("Ben", "2026-03-03T10:00:00+00:00", "sent"),
        ("Ana", "2026-03-03T10:00:00-08:00", "sent"),
    ]


def test_a_partner_who_chose_a_later_hour_after_enrolling_is_written_to_then_once() -> None:
    world = World(talk(weeks=(1, 2)))
    world.join("x", person("Ana", send_at=time(10)))
    world.enroll()
    world.alter("Ana", send_at=time(18, 30))
    world.live()
    assert world.became() == [("Ana", "2026-03-03T18:30", *SENT), ("Ana", "2026-03-10T18:30", *SENT)]


@pytest.mark.parametrize(
    ("change", "sent_at"),
    [
        # It is found out at the old hour; the next step is at the new one.
        ({"send_at": time(10)}, ["2026-03-03T18:30", "2026-03-10T10:00"]),
        # By then it was past midnight there, so the first waits for the morning.
        ({"timezone": "Asia/Kathmandu"}, ["2026-03-04T03:15", "2026-03-10T12:45"]),
    ],
)
def test_an_earlier_hour_chosen_after_enrolling_holds_from_the_next_step_on_and_none_is_sent_twice(
    change: dict[str, object], sent_at: list[str]
) -> None:
    world = World(talk(weeks=(1, 2)))
    world.join("x", person("Ana", send_at=time(18, 30)))
    world.enroll()
    world.alter("Ana", **change)
    world.live()
    assert [row.sent_at.isoformat()[:16] for row in world.rows()] == sent_at
    assert len(world.inbox.messages) == 2


def test_two_planners_who_read_the_same_places_plan_each_occurrence_once() -> None:
    world = World()
    world.join("x", person("Ana"), person("Ben"))
    world.enroll()
    before = world.rows(schema.places)
    now = at("2026-03-03T09:00")
    first = Planner(world.database, Definitions()).plan_due(now)
    planned = world.rows()
    with world.database.begin() as connection:
        # The other has read the places before the first moved them on.
        for place in before:
            connection.execute(
                schema.places.update()
                .where(schema.places.c.partner_id == place.partner_id)
                .values(next_due_at=place.next_due_at, next_step=place.next_step, next_occurrence=place.next_occurrence)
            )
    second = Planner(world.database, Definitions()).plan_due(now)
    assert first == second == Planned(planned=2, places=2)
    assert len(planned) == 2
    assert world.rows() == planned


def test_a_place_moves_on_only_from_the_instant_it_was_read_at() -> None:
    world = World()
    world.join("x", person("Ana"))
    world.enroll()
    (place,) = world.rows(schema.places)
    read_at, later = places.millis(place.next_due_at), places.millis(at("2026-04-01T09:00"))
    move = [(place.enrollment_id, place.partner_id, read_at, later, "talk", 30)]
    with world.database.begin() as connection:
        assert places.advance(connection, move) == 1
        assert places.advance(connection, move) == 0


def test_a_second_engine_on_the_same_file_finds_nothing_left_to_do(tmp_path: Path) -> None:
    world = World(database=tmp_path / "both.sqlite3")
    world.join("x", person("Ana"), person("Ben"))
    world.enroll()
    other = World(database=opened(tmp_path / "both.sqlite3"), transport=world.inbox)
    first, second = world.go_to("2026-03-03T09:00"), other.go_to("2026-03-03T09:00")
    assert (first.planned.planned, first.delivered.sent) == (2, 2)
    assert (second.planned.places, second.delivered.sent) == (0, 0)
    assert len(world.inbox.messages) == 2


def test_an_idle_tick_plans_nothing_and_changes_nothing() -> None:
    world = World()
    world.join("x", person("Ana"))
    world.enroll()
    before = world.rows(schema.places)
    idle = world.go_to("2026-03-02T12:00")
    assert idle.planned == Planned()
    assert not any(vars(idle.reconciled).values())
    assert world.rows(schema.places) == before
    assert world.rows() == []


def test_an_enrollment_is_completed_when_the_last_step_of_the_last_partner_has_fallen_due() -> None:
    world = World()
    world.join("x", person("Ana", "Pacific/Auckland"), person("Ben", "Pacific/Honolulu"))
    world.enroll()
    standing = []
    for moment in ("2026-03-02T19:59", "2026-03-02T20:00", "2026-03-03T18:59", "2026-03-03T19:00"):
        world.go_to(moment)
        standing.append(world.rows(schema.enrollments)[0].status)
    assert standing == ["active", "active", "active", "completed"]


def test_stopping_withdraws_what_is_planned_and_nothing_goes_after() -> None:
    world = World(talk("a", at=time(10)), talk("b", at=time(15)), talk("c", days=(3,), at=time(10)))
    world.join("x", person("Ana"), person("Ben"))
    world.join("y", person("Cem"))
    world.enroll()
    world.go_to("2026-03-03T15:00")  # one a day: `b` now waits for tomorrow
    assert world.stop("x") == 1
    assert world.stop("x") == 0
    world.live()
    ends = [(line.partner, line.step, line.status, line.reason) for line in world.lines()]
    assert [end for end in ends if end[0] != "Cem"] == [
        ("Ana", "a", *SENT),
        ("Ben", "a", *SENT),
        ("Ana", "b", "cancelled", "stopped"),
        ("Ben", "b", "cancelled", "stopped"),
    ]
    assert [end for end in ends if end[0] == "Cem"] == [("Cem", step, *SENT) for step in "abc"]
    stopped = world.rows(schema.enrollments)[0]
    assert (stopped.status, stopped.stopped_reason) == ("stopped", "operator")


def test_a_couple_that_stops_while_only_its_last_message_is_still_to_go_does_not_get_it() -> None:
    world = World(talk("a", at=time(10)), talk("b", at=time(15)))
    world.join("x", person("Ana"))
    world.enroll()
    world.go_to("2026-03-03T15:00")  # all has fallen due, so the enrollment is completed; `b` waits for tomorrow
    assert world.stop("x") == 1
    world.live()
    assert world.ends() == [SENT, ("cancelled", "stopped")]
    assert world.stop("x") == 0


def test_a_couple_that_was_stopped_can_begin_again() -> None:
    world = World()
    world.join("x", person("Ana"))
    world.enroll()
    world.stop("x")
    assert vars(world.enroll(date(2026, 3, 9), "x")) == {"enrolled": 1, "already": 0}
    world.live()
    assert world.became() == [("Ana", "2026-03-10T09:00", *SENT)]
    assert [row.status for row in world.rows(schema.enrollments)] == ["stopped", "completed"]


def test_enrolling_twice_changes_nothing() -> None:
    world = World()
    world.join("x", person("Ana"), person("Ben"))
    assert vars(world.enroll()) == {"enrolled": 1, "already": 0}
    before = world.rows(schema.enrollments), world.rows(schema.places)
    assert vars(world.enroll(date(2026, 4, 6))) == {"enrolled": 0, "already": 1}
    assert (world.rows(schema.enrollments), world.rows(schema.places)) == before


def test_a_couple_that_joins_later_is_enrolled_by_the_same_command_and_the_others_are_left_alone() -> None:
    world = World()
    world.join("x", person("Ana"))
    world.enroll()
    world.join("y", person("Ben"))
    assert vars(world.enroll()) == {"enrolled": 1, "already": 1}


def test_a_trial_run_says_how_many_would_be_enrolled_and_enrolls_nobody() -> None:
    world = World()
    world.join("x", person("Ana"))
    done = world.engine.enroll(world.campaign, date(2026, 3, 2), dry_run=True)
    assert vars(done) == {"enrolled": 1, "already": 0}
    assert world.rows(schema.enrollments) == world.rows(schema.definitions) == []


def test_resuming_lets_the_next_step_go() -> None:
    world = World(talk(weeks=(1, 2)))
    world.join("x", person("Ana"))
    world.enroll()
    with world.database.begin() as connection:
        couples.pause(connection, couples.id_of(connection, "x"), None)
    world.live("2026-03-04T00:00")
    with world.database.begin() as connection:
        couples.resume(connection, couples.id_of(connection, "x"))
    world.live()
    assert world.ends() == [("skipped", "paused"), SENT]
