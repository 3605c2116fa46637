"""A workspace moves from its file to another database: whole, once; killed at any moment it goes on where it was."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import stores
from shell import Shell
from sqlalchemy import insert, select, text, update
from world import World, opened, person, talk

from engine.errors import Refused, StoreError
from engine.store import moved, raw, schema, transfer
from engine.store.database import Database, open_database
from engine.store.metadata import metadata
from engine.store.migrate import upgrade
from engine.store.moved import Mark
from engine.store.version import is_current


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Three couples in a file, after their first message; one partner has been erased."""
    store = stores.current()
    stores.use(stores.SQLITE)
    made = World(talk(weeks=(1, 2)), database=tmp_path / "rekindle.sqlite3")
    stores.use(store)
    for number in range(3):
        made.join(f"c{number}", person(f"A{number}"), person(f"B{number}"))
    made.enroll()
    made.go_to("2026-03-03T10:00")
    with made.database.begin() as connection:
        connection.execute(text("DELETE FROM partners WHERE id = 6"))
        connection.execute(
            insert(schema.paces).values(name="smtp", tokens=1, at=made.clock.now(), day=made.clock.now(), used=3)
        )
    return made


@pytest.fixture
def target(tmp_path: Path) -> Database:
    """A database with nothing in it."""
    if stores.current() == stores.POSTGRESQL:
        return open_database(stores.fresh())
    return open_database(f"sqlite:///{tmp_path / 'other.sqlite3'}")


def copied_rows(database: Database) -> dict[str, Any]:
    with database.read() as connection:
        return {each.name: sorted(map(repr, connection.execute(select(each)).all())) for each in metadata.sorted_tables}


def test_everything_arrives_and_life_goes_on_there(world: World, target: Database) -> None:
    before = copied_rows(world.database)
    done = transfer.copy(world.database, target)
    assert copied_rows(target) == before
    assert done.copied == sum(done.rows.values()) > 20
    assert is_current(target)
    there = world.another_engine(target)
    world.clock.move_to(datetime(2026, 3, 10, 10, tzinfo=UTC))
    world.engine = there
    world.database = target
    assert world.tick().delivered.sent == 5
    assert len(world.inbox.messages) == 6 + 5


def test_from_then_on_the_old_one_takes_nothing_in(world: World, target: Database) -> None:
    transfer.copy(world.database, target)
    with pytest.raises(StoreError, match="has been moved") as refused, world.database.begin():
        pass
    assert "database_url" in refused.value.fix
    with pytest.raises(Refused, match="moved already"):
        transfer.copy(world.database, target)


def test_while_it_moves_nothing_is_taken_in_by_whoever_has_it_open(world: World, target: Database) -> None:
    said: list[str] = []

    def meanwhile(_table: str, _rows: int) -> None:
        with pytest.raises(StoreError, match="being moved") as refused, world.database.begin():
            pass
        said.append(refused.value.fix)

    transfer.copy(world.database, target, meanwhile)
    assert said


@pytest.mark.parametrize("turn", range(1, 9))
def test_killed_in_the_middle_it_goes_on_where_it_was_and_meanwhile_is_no_engines(
    world: World, target: Database, turn: int
) -> None:
    before, turns = copied_rows(world.database), iter(range(1, 100))

    def die(_table: str, _rows: int) -> None:
        if next(turns) == turn:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        transfer.copy(world.database, target, die)
    with pytest.raises(StoreError, match="not come to its end"):
        is_current(target)
    transfer.copy(world.database, target)
    assert copied_rows(target) == before


def test_ids_that_were_given_once_are_not_given_again(world: World, target: Database) -> None:
    """Partner 6 is gone, and links to them are still about."""
    transfer.copy(world.database, target)
    with target.begin() as connection:
        row = {"couple_id": 3, "position": 2, "given_name": "New", "timezone": "UTC", "locale": "en"}
        row |= {"channel": "email", "send_at": datetime(2026, 1, 1, 9).time(), "causes": frozenset()}
        assert connection.execute(insert(schema.partners).returning(schema.partners.c.id), row).scalar_one() == 7


@pytest.mark.parametrize(
    "fill",
    [
        lambda database: upgrade(database) and _fill(database),
        lambda database: _version(database, "9999"),
        lambda database: _version(database, "copying-1"),
    ],
    ids=["couples of others", "a newer version", "another copy"],
)
def test_a_target_that_holds_something_else_is_refused_and_left_alone(
    world: World, target: Database, fill: Callable[[Database], Any]
) -> None:
    fill(target)
    for act in (transfer.look, transfer.copy):
        with pytest.raises(Refused, match="holds something already"):
            act(world.database, target)
    with world.database.begin():
        pass  # nothing has happened to the source


def _fill(database: Database) -> None:
    with database.begin() as connection:
        connection.execute(text("INSERT INTO couples (id, ref, created_at) VALUES (1, 'x', 0)"))


def _version(database: Database, version: str) -> None:
    upgrade(database)
    with database.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": version})


def test_a_row_that_differs_keeps_both_from_being_used(world: World, target: Database) -> None:
    def meddle(table: str, _rows: int) -> None:
        if table == "enrollments":
            with target.begin() as connection:
                connection.execute(update(schema.couples).where(schema.couples.c.id == 2).values(ref="other"))

    with pytest.raises(StoreError, match="couples is not the same in both"):
        transfer.copy(world.database, target, meddle)
    with pytest.raises(StoreError, match="not come to its end"):
        is_current(target)


def test_a_copy_is_called_off_as_long_as_the_other_one_is_as_it_was(world: World, target: Database) -> None:
    transfer.copy(world.database, target)
    with pytest.raises(Refused, match="moved already"):
        transfer.take_back(world.database, None)
    transfer.take_back(world.database, target)
    with world.database.begin():
        pass
    with pytest.raises(StoreError, match="not come to its end"):
        is_current(target)
    with pytest.raises(Refused, match="has not been moved"):
        transfer.take_back(world.database, target)


def test_once_the_other_one_was_used_there_is_no_way_back(world: World, target: Database) -> None:
    transfer.copy(world.database, target)
    with target.begin() as connection:
        connection.execute(update(schema.couples).where(schema.couples.c.id == 2).values(ref="other"))
    with pytest.raises(StoreError, match="not the same"):
        transfer.take_back(world.database, target)
    assert moved.stands(world.database.path)[0] is Mark.MOVED  # type: ignore[arg-type]


def test_the_digest_of_a_table_is_of_its_rows_and_not_of_their_order() -> None:
    def digest(*names: str) -> int:
        database = opened(None)
        with database.begin() as connection:
            for name in names:
                connection.execute(insert(schema.couples).values(id=int(name), ref=name, created_at=NOW))
            (table,) = [each for each in raw.tables() if each.name == "couples"]
            return raw.digest(connection, table, 2)

    assert digest("1", "2", "3") == digest("3", "1", "2") != digest("1", "2")


NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.store("postgresql")
def test_by_the_command_line_as_an_operator_does_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shell, url = Shell(tmp_path, capsys, monkeypatch), stores.fresh()
    shell.run("init")
    shell.run(
        "couples", "import", os.fspath(Path(__file__).parents[2] / "examples" / "couples.csv"), "--consent", "yes"
    )
    assert "--to URL" in shell.run("db", "copy", code=2)
    assert "rows would be copied" in shell.run("db", "copy", "--to", url, "--dry-run")
    said = shell.run("db", "copy", "--to", url)
    assert "are the same in both" in said
    assert "has been moved" in shell.run("couples", "pause", "noor-and-eli", code=1)
    monkeypatch.setenv("REKINDLE_DATABASE_URL", url)
    assert "noor-and-eli" in shell.run("couples", "list")
