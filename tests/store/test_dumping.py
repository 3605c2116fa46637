"""On a server a backup is the server's own dump, proved by restoring it; and put back it is told that it was."""

import os
import subprocess
from pathlib import Path

import psycopg
import pytest
import stores
from world import VAULT, World, opened, person

from engine.errors import Refused, StoreError
from engine.operating import Operator
from engine.store import dumping, schema
from engine.store.database import open_database
from engine.store.soundness import faults_of

pytestmark = pytest.mark.store("postgresql")


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """pg_dump and pg_restore of the server's own version are found first."""
    opened(None)
    found = stores._programs(Path(os.environ[stores.FOLDER]))
    monkeypatch.setenv("PATH", f"{found}{os.pathsep}{os.environ['PATH']}")


def peopled() -> World:
    world = World()
    world.join("x", person("Ana"), person("Ben"))
    world.enroll()
    return world


@pytest.mark.usefixtures("programs")
def test_a_dump_is_proved_and_private_and_put_back_it_sends_nothing_until_confirmed(tmp_path: Path) -> None:
    world = peopled()
    proof = dumping.dump(world.database, tmp_path / "copy.dump")
    assert proof.rows > 0
    assert (tmp_path / "copy.dump").stat().st_mode & 0o077 == 0
    assert [each.name for each in tmp_path.iterdir()] == ["copy.dump"]
    fresh = open_database(stores.fresh())
    url = dumping.conninfo(fresh.engine.url)
    restoring = ["pg_restore", "--exit-on-error", "--no-owner", f"--dbname={url}", str(tmp_path / "copy.dump")]
    subprocess.run(restoring, check=True)
    after = World(database=fresh)
    assert [*faults_of(fresh, VAULT, None)] == []
    assert len(after.rows(schema.partners)) == 2
    Operator(after.engine).quarantine()
    after.go_to("2026-03-03T09:00")
    assert after.inbox.messages == []


@pytest.mark.usefixtures("programs")
def test_the_trial_leaves_no_database_behind(tmp_path: Path) -> None:
    world = peopled()
    dumping.dump(world.database, tmp_path / "copy.dump")
    with psycopg.connect(world.database.conninfo) as connection:
        found = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'rekindle_trial%'").fetchall()
    assert found == []


def test_without_its_programs_it_says_what_to_do_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Refused, match="pg_dump is not on this machine") as refused:
        dumping.dump(peopled().database, tmp_path / "copy.dump")
    assert "rekindle db quarantine" in refused.value.fix
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    ("script", "kind", "said"),
    [
        ("echo 'pg_dump: error: aborting because of server version mismatch' >&2; exit 1", Refused, "older than"),
        ("echo 'pg_dump: error: no space left' >&2; exit 1", StoreError, "no space left"),
    ],
)
def test_a_dump_that_fails_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, kind: type[Exception], said: str
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "pg_dump").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "bin" / "pg_dump").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(kind, match=said):
        dumping.dump(peopled().database, tmp_path / "copy.dump")
    assert [each.name for each in tmp_path.iterdir()] == ["bin"]
