"""A backup is a whole copy, taken in use; what is restored is looked at first, and sends nothing until told to."""

import sqlite3
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from world import World, at, opened, person

from engine.errors import Refused, StoreError
from engine.store import schema
from engine.store.backup import back_up, faults_of, restore

NOW = at("2026-03-04T00:00")
pytestmark = pytest.mark.store("sqlite")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Ana and Ben are to get Tuesday's message; they live in a file."""
    made = World(database=tmp_path / "rekindle.sqlite3")
    made.join("x", person("Ana"), person("Ben"))
    made.enroll()
    return made


def reopened(tmp_path: Path, world: World) -> World:
    found = World(database=tmp_path / "rekindle.sqlite3")
    found.clock.move_to(world.clock.now())
    return found


def test_a_backup_is_whole_private_and_taken_while_another_writes(world: World, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite3"
    with world.database.begin():
        back_up(world.database, copy, NOW)
    assert faults_of(copy) == []
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert {path.name for path in tmp_path.glob("copy*")} == {"copy.sqlite3"}
    assert len(World(database=copy).rows(schema.partners)) == 2


def test_no_file_is_written_over(world: World, tmp_path: Path) -> None:
    (tmp_path / "copy.sqlite3").write_text("precious")
    with pytest.raises(Refused, match="there already"):
        back_up(world.database, tmp_path / "copy.sqlite3", world.clock.now())
    assert (tmp_path / "copy.sqlite3").read_text() == "precious"


def test_a_restored_database_sends_nothing_until_it_is_confirmed(world: World, tmp_path: Path) -> None:
    """Tuesday's messages went out after the backup was made: the backup does not know."""
    back_up(world.database, tmp_path / "copy.sqlite3", world.clock.now())
    world.go_to("2026-03-03T09:00")
    assert len(world.inbox.messages) == 2
    done = restore(world.database, tmp_path / "copy.sqlite3", NOW)
    after = reopened(tmp_path, world)
    after.tick()
    assert after.inbox.messages == []
    assert [row.status for row in after.rows()] == ["planned"] * 2
    assert [row.status for row in World(database=done.aside).rows()] == ["sent"] * 2


def test_looking_changes_nothing(world: World, tmp_path: Path) -> None:
    back_up(world.database, tmp_path / "copy.sqlite3", world.clock.now())
    before = (tmp_path / "rekindle.sqlite3").read_bytes()
    restore(world.database, tmp_path / "copy.sqlite3", NOW, dry_run=True)
    assert (tmp_path / "rekindle.sqlite3").read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"rekindle.sqlite3", "copy.sqlite3"}


def damaged(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096 * 3 : 4096 * 4] = b"\xff" * 4096
    path.write_bytes(content)


def newer(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()


def another(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE alembic (a)")
    connection.close()


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (damaged, "damaged"),
        (lambda path: path.write_text("no database at all, though it is long enough to look like one"), "damaged"),
        (newer, "newer Rekindle|does not know"),
        (another, "no database of Rekindle"),
        (Path.unlink, "no file"),
    ],
)
def test_what_is_no_good_backup_is_refused_and_nothing_has_changed(
    world: World, tmp_path: Path, harm: object, said: str
) -> None:
    back_up(world.database, tmp_path / "copy.sqlite3", world.clock.now())
    harm(tmp_path / "copy.sqlite3")  # type: ignore[operator]
    before = (tmp_path / "rekindle.sqlite3").read_bytes()
    with pytest.raises((Refused, StoreError), match=said):
        restore(world.database, tmp_path / "copy.sqlite3", NOW + timedelta(days=1))
    assert (tmp_path / "rekindle.sqlite3").read_bytes() == before


def test_rows_that_belong_nowhere_are_a_fault(tmp_path: Path) -> None:
    database = opened(tmp_path / "x.sqlite3")
    database.close()
    with sqlite3.connect(tmp_path / "x.sqlite3") as connection:
        connection.execute("INSERT INTO heard (delivery_id) VALUES (7)")
    connection.close()
    (fault,) = faults_of(tmp_path / "x.sqlite3")
    assert "row 7 of heard" in fault
