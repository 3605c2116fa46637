"""After a restore nothing goes out that may have been sent since the backup was made, and no id is given twice."""

import shutil
import sqlite3
from contextlib import closing
from datetime import date, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update
from world import World, at, person, talk

from engine.deliver import restoring
from engine.deliver.halting import EVERYTHING
from engine.errors import Refused
from engine.operating import Operator
from engine.store import holds, places, restores, schema
from engine.store.backup import back_up, restore
from engine.store.operating_schema import incidents

WEEKS = (1, 2, 3)
HOLDING = pytest.mark.store("sqlite")


def begun(database: Path | None = None) -> World:
    """Ana and Ben get a message on each of three Tuesdays at nine."""
    world = World(talk(weeks=WEEKS, late_after=timedelta(days=2)), database=database)
    world.join("x", person("Ana"), person("Ben"))
    world.enroll()
    return world


def confirm(world: World, **given: bool) -> restoring.Released:
    return Operator(world.engine).confirm_restore(lambda: world.engine._planner.plan_due(world.clock.now()), **given)


def look(world: World) -> restoring.Look | None:
    with world.database.read() as connection:
        return restoring.look(connection, world.clock.now(), 100)


def quarantined(world: World, moment: str) -> None:
    world.clock.move_to(at(moment))
    Operator(world.engine).quarantine()


def test_nothing_waits_to_be_confirmed_where_nothing_was_put_back() -> None:
    world = begun()
    assert look(world) is None
    with pytest.raises(Refused, match="No backup"):
        confirm(world)


@pytest.mark.parametrize(
    ("put_back", "latest"),
    [("2026-03-03T12:00", "2026-03-03"), ("2026-03-04T02:00", "2026-03-04"), ("2026-03-06T12:00", "2026-03-05")],
)
@pytest.mark.parametrize("planned", [False, True], ids=["not planned in the copy", "planned in the copy"])
def test_what_was_due_before_the_restore_is_skipped_and_counts_as_if_it_had_gone(
    planned: bool, put_back: str, latest: str
) -> None:
    """So it is whenever that is: within the hour, by night, or when it would be too late to send. A message may have
    waited for a cap, so it counts on the last day on which it may have gone: no later than the restore, and not too
    late.
    """
    world = begun()
    if planned:
        world.clock.move_to(at("2026-03-03T09:00"))
        world.engine._planner.plan_due(world.clock.now())
    quarantined(world, put_back)
    world.tick()
    assert world.inbox.messages == []
    assert confirm(world) == restoring.Released(2, still_paused=False)
    world.tick()
    assert world.inbox.messages == []
    assert [(row.status, row.reason, row.sent_on) for row in world.rows()] == [
        ("skipped", "restored", date.fromisoformat(latest))
    ] * 2
    world.live()
    assert [each.status for each in world.lines()] == ["skipped"] * 2 + ["sent"] * 4


def test_what_fell_due_after_the_restore_goes_once_it_is_confirmed() -> None:
    world = begun()
    quarantined(world, "2026-03-03T08:00")
    world.go_to("2026-03-03T10:00")
    assert confirm(world).skipped == 0
    world.tick()
    assert [each.status for each in world.lines()] == ["sent"] * 2


def test_what_waited_for_answers_may_have_been_let_go_since() -> None:
    world = begun()
    world.clock.move_to(at("2026-03-03T09:00"))
    world.engine._planner.plan_due(world.clock.now())
    with world.database.begin() as connection:
        later = {"waits_for": "talk/1", "send_at": at("2026-03-04T18:00")}
        connection.execute(update(schema.deliveries).where(schema.deliveries.c.id == 1).values(later))
    quarantined(world, "2026-03-03T12:00")
    assert confirm(world).skipped == 2


def test_what_may_have_reached_an_address_does_not_go_to_it_again_for_the_other_who_has_it() -> None:
    world = World(talk(late_after=timedelta(days=2)))
    world.join(
        "x", *(person(name, send_at=time(hour), email="both@example.com") for name, hour in (("Ana", 9), ("Ben", 18)))
    )
    world.enroll()
    quarantined(world, "2026-03-03T12:00")
    confirm(world)
    world.live()
    assert world.ends() == [("skipped", "restored"), ("skipped", "shared_address")]


def test_who_knows_that_nothing_was_sent_since_skips_nothing() -> None:
    world = begun()
    quarantined(world, "2026-03-03T12:00")
    assert confirm(world, nothing_sent_since=True).skipped == 0
    world.tick()
    assert [each.status for each in world.lines()] == ["sent"] * 2


def test_the_look_shows_what_would_go_and_what_is_in_doubt_and_changes_nothing() -> None:
    world = begun()
    quarantined(world, "2026-03-03T12:00")
    world.join("y", person("Cem"), person("Dora"))
    world.enroll(at("2026-03-02T00:00").date(), "y")
    with world.database.begin() as connection:
        moved = schema.places.c.enrollment_id > 1
        connection.execute(update(schema.places).where(moved).values(next_due_at=at("2026-03-03T13:00")))
    world.clock.move_to(at("2026-03-03T14:00"))
    before = world.rows(schema.places), world.rows()
    found = look(world)
    assert found is not None
    assert [(line.couple, line.partner, line.in_doubt, line.late_seconds) for line in found.lines] == [
        ("x", 1, True, 5 * 3600),
        ("x", 2, True, 5 * 3600),
        ("y", 1, False, 3600),
        ("y", 2, False, 3600),
    ]
    assert (found.in_doubt, found.unplanned) == (0, 2)
    assert (world.rows(schema.places), world.rows()) == before


def test_everything_is_not_resumed_before_it_is_confirmed() -> None:
    world = begun()
    quarantined(world, "2026-03-03T12:00")
    operator = Operator(world.engine)
    with pytest.raises(Refused, match="put back"):
        operator.resume(EVERYTHING)
    confirm(world)
    operator.pause(EVERYTHING)
    assert operator.resume(EVERYTHING)


def test_what_the_operator_had_paused_stays_paused() -> None:
    world = begun()
    Operator(world.engine).pause(EVERYTHING)
    quarantined(world, "2026-03-03T12:00")
    assert confirm(world) == restoring.Released(2, still_paused=True)
    with world.database.read() as connection:
        assert holds.load(connection).everything


def test_leases_of_the_copy_are_nobodys_and_what_was_being_sent_is_in_doubt() -> None:
    world = begun()
    world.clock.move_to(at("2026-03-03T09:00"))
    world.engine._planner.plan_due(world.clock.now())
    with world.database.begin() as connection:
        for number, status in ((1, "claimed"), (2, "sending")):
            leased = {"status": status, "lease_owner": "gone", "lease_until": at("2026-03-03T13:00")}
            connection.execute(update(schema.deliveries).where(schema.deliveries.c.id == number).values(leased))
    quarantined(world, "2026-03-03T12:00")
    confirm(world)
    assert [row.status for row in world.rows()] == ["skipped", "in_doubt"]


def test_it_can_be_killed_between_two_batches_and_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    world = begun()
    quarantined(world, "2026-03-03T12:00")
    monkeypatch.setattr(restoring, "BATCH", 1)
    monkeypatch.setattr(world.database, "let_others_write", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        confirm(world)
    assert sorted(row.status for row in world.rows()) == ["planned", "skipped"]
    monkeypatch.undo()
    world.tick()
    assert world.inbox.messages == []
    assert confirm(world).skipped == 1
    assert [row.reason for row in world.rows()] == ["restored"] * 2


def test_no_id_is_given_again_after_a_restore() -> None:
    world = begun()
    world.go_to("2026-03-03T09:00")
    quarantined(world, "2026-03-04T00:00")
    confirm(world)
    world.go_to("2026-03-10T09:00")
    assert [row.id > restores.UNUSED for row in world.rows()] == [False, False, True, True]
    world.join("y", person("Cem"), person("Dora"))
    assert [row.id > restores.UNUSED for row in world.rows(schema.partners)] == [False, False, True, True]


@HOLDING
def test_ids_that_the_lost_database_gave_are_passed_over_as_well(tmp_path: Path) -> None:
    world = begun(tmp_path / "rekindle.sqlite3")
    back_up(world.database, tmp_path / "copy.sqlite3", world.clock.now())
    with world.database.begin() as connection:
        values = {"kind": "x", "about": "", "since": world.clock.now(), "number": 1, "id": 77}
        connection.execute(insert(incidents).values(values))
    restore(world.database, tmp_path / "copy.sqlite3", at("2026-03-04T00:00"))
    with closing(sqlite3.connect(tmp_path / "rekindle.sqlite3")) as file:
        (given,) = file.execute("SELECT seq FROM sqlite_sequence WHERE name = 'incidents'").fetchone()
    assert given == 77 + restores.UNUSED


@HOLDING
def test_a_copy_that_somebody_just_put_in_place_holds_everything_too(tmp_path: Path) -> None:
    world = begun(tmp_path / "rekindle.sqlite3")
    back_up(world.database, tmp_path / "copy.sqlite3", world.clock.now())
    world.go_to("2026-03-03T09:00")
    world.database.close()
    shutil.copyfile(tmp_path / "copy.sqlite3", tmp_path / "rekindle.sqlite3")
    after = World(talk(weeks=WEEKS), database=tmp_path / "rekindle.sqlite3")
    after.go_to("2026-03-03T12:00")
    assert after.inbox.messages == []
    assert confirm(after).skipped == 2
    after.tick()
    assert after.inbox.messages == []


@HOLDING
def test_the_original_is_not_held_by_being_copied(tmp_path: Path) -> None:
    world = begun(tmp_path / "rekindle.sqlite3")
    back_up(world.database, tmp_path / "copy.sqlite3", world.clock.now())
    with world.database.read() as connection:
        assert restores.pending(connection) is None
        assert not holds.load(connection)
        assert connection.execute(select(schema.places)).all()
        assert places.any_due(connection, at("2026-03-03T09:00"))
