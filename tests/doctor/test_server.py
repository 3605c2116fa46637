"""The doctor asks a PostgreSQL server too, and `db check` reads its tables."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import stores
from shell import Shell
from sqlalchemy import text

from engine.clock import VirtualClock
from engine.doctor.finding import Severity
from engine.doctor.machine import check_disk, check_sqlite
from engine.doctor.patient import Patient
from engine.doctor.server import _wrong, check_server
from engine.settings import load
from engine.store import serving
from engine.store.database import open_database

pytestmark = pytest.mark.store("postgresql")
WELL = serving.Facts(18, durable=True, most_connections=100, connections=5, takers=3, oldest_seconds=0)


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A workspace on a server."""
    monkeypatch.setenv("REKINDLE_DATABASE_URL", stores.fresh())
    made = Shell(tmp_path, capsys, monkeypatch)
    assert "postgresql+psycopg:///" in made.run("init")
    return made


def patient(shell: Shell, ahead: timedelta = timedelta()) -> Patient:
    return Patient(load(shell.folder), VirtualClock(datetime.now(UTC) + ahead))


def test_a_server_that_forgets_is_a_problem_and_nobody_at_work_a_warning(shell: Shell) -> None:
    """Such as the one that tests run on."""
    found = {each.check: each for each in check_server(patient(shell))}
    assert found["server"].severity is Severity.PROBLEM
    assert "twice after a power cut" in found["server"].what
    assert "No `rekindle worker` lives" in found["workers"].what
    assert [*check_sqlite(patient(shell)), *check_disk(patient(shell))] == []


@pytest.mark.parametrize(
    ("facts", "ahead", "words"),
    [
        (WELL, 0.5, None),
        (replace(WELL, version=13), 0.0, "no longer maintained"),
        (replace(WELL, durable=False), 0.0, "forget"),
        (WELL, 3.0, "3.0 s ahead of"),
        (WELL, -3.0, "3.0 s behind"),
        (replace(WELL, connections=81), 0.0, "81 of 100 connections"),
        (replace(WELL, oldest_seconds=61), 0.0, "lasted for 61 seconds"),
    ],
)
def test_what_is_wrong_with_a_server_is_named(facts: serving.Facts, ahead: float, words: str | None) -> None:
    found = list(_wrong(facts, ahead))
    assert [words in each.what for each in found] == ([True] if words else [])  # type: ignore[operator]
    assert all(each.mend for each in found)


def test_a_database_whose_rows_belong_together_is_whole(shell: Shell) -> None:
    assert "whole" in shell.run("db", "check")


def test_rows_that_belong_nowhere_are_a_fault(shell: Shell) -> None:
    opened = open_database(load(shell.folder).resolved_database_url)
    with opened.begin() as connection:
        for statement in (
            "ALTER TABLE places DROP CONSTRAINT fk_places_partner_id",
            "ALTER TABLE places DROP CONSTRAINT fk_places_enrollment_id",
            "INSERT INTO places (enrollment_id, partner_id) VALUES (7, 7)",
        ):
            connection.execute(text(statement))
    opened.close()
    said = shell.run("db", "check", code=1)
    assert "1 rows of places belong to rows of partners that are not there" in said
    assert "docs/go-live.md" in said


@pytest.mark.parametrize("words", [("db", "backup"), ("db", "restore", "x.sqlite3")])
def test_backups_are_left_to_the_servers_own_tools(shell: Shell, words: tuple[str, ...]) -> None:
    assert "pg_dump" in shell.run(*words, code=2)


@pytest.mark.store("sqlite")
def test_workers_of_a_workspace_in_a_file_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Shell(tmp_path, capsys, monkeypatch)
    made.run("init")
    for words in (("worker",), ("worker", "--processes", "2")):
        said = made.run(*words, code=2)
        assert "Workers share a PostgreSQL database" in said
        assert "rekindle run" in said
        assert "Taking jobs" not in said
