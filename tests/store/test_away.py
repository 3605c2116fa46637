"""A database that cannot be used for now is said in one sentence with the way out, and used again when it is back."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DatabaseError
from world import World, opened, person

from engine.errors import Away, StoreError, Unreadable
from engine.store import embedded, server
from engine.store.database import Database, open_database

SQLITE_SAYS = [
    ("database is locked", Away, "busy", "Wait for the other command"),
    ("locking protocol", Away, "busy", "Wait for the other command"),
    ("unable to open database file", Away, "cannot be opened", "folder exist"),
    ("database or disk is full", Away, "disk of the database is full", "Free some disk space"),
    ("attempt to write a readonly database", Away, "may not be written", "write permission"),
    ("disk I/O error", Away, "disk of the database fails", "rekindle db check"),
    ("no such table: couples", StoreError, "not been set up", "rekindle db upgrade"),
    ("file is not a database", StoreError, "damaged", "backup"),
    ("database disk image is malformed", StoreError, "damaged", "backup"),
]


@pytest.mark.store("sqlite")
@pytest.mark.parametrize(("said", "kind", "what", "fix"), SQLITE_SAYS, ids=[row[0] for row in SQLITE_SAYS])
def test_what_sqlite_says_is_said_plainly_with_the_mend(said: str, kind: type[StoreError], what: str, fix: str) -> None:
    plain = embedded.plain(DatabaseError("", None, sqlite3.OperationalError(said)))
    assert type(plain) is kind
    assert what in str(plain)
    assert fix in plain.fix


E = psycopg.errors
SERVER_SAYS: list[tuple[Exception, type[StoreError], str, str]] = [
    (psycopg.OperationalError("FATAL: sorry, too many clients already"), Away, "no connection free", "max_connections"),
    (psycopg.OperationalError("FATAL: remaining connection slots are reserved"), Away, "no connection free", "fewer"),
    (psycopg.OperationalError("connection refused"), Away, "cannot be reached", "Check that it runs"),
    (psycopg.OperationalError("FATAL: the database system is starting up"), Away, "cannot be reached", "runs"),
    (psycopg.OperationalError("server closed the connection unexpectedly"), Away, "cannot be reached", "runs"),
    (psycopg.InterfaceError("the connection is closed"), Away, "cannot be reached", "Check that it runs"),
    (E.DiskFull("could not extend file"), Away, "no room left", "Free some disk space"),
    (E.OutOfMemory("out of memory"), Away, "no room left", "memory"),
    (E.ReadOnlySqlTransaction("cannot execute INSERT"), Away, "takes no writes", "target_session_attrs"),
    (E.TooManyConnections("too many"), Away, "no connection free", "max_connections"),
    (E.AdminShutdown("terminating connection"), Away, "cannot be reached", "Check that it runs"),
    (E.LockNotAvailable("lock"), Away, "busy", "pg_stat_activity"),
    (E.DeadlockDetected("deadlock"), Away, "busy", "pg_stat_activity"),
    (E.InsufficientPrivilege("denied"), StoreError, "cannot be written", "Grant"),
    (psycopg.OperationalError('FATAL: database "x" does not exist'), StoreError, "no such database", "createdb"),
    (psycopg.OperationalError("password authentication failed"), StoreError, "refuses", "database_url"),
]


@pytest.mark.store("sqlite")
@pytest.mark.parametrize(("error", "kind", "what", "fix"), SERVER_SAYS, ids=[str(row[0]) for row in SERVER_SAYS])
def test_what_a_server_says_is_said_plainly_with_the_mend(
    error: Exception, kind: type[StoreError], what: str, fix: str
) -> None:
    plain = server.plain(DatabaseError("", None, error))
    assert type(plain) is kind
    assert what in str(plain)
    assert fix in plain.fix


def test_what_can_never_be_read_is_no_absence() -> None:
    """Who waits for a database to come back must not wait for that."""
    assert not issubclass(Unreadable, Away)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "r.sqlite3"


@pytest.fixture
def world(file: Path) -> World:
    made = World(database=file)
    made.join("x", person("Ana"))
    return made


def count(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(text("SELECT count(*) FROM couples")).scalar_one())


def write(database: Database, times: int = 1, between: Callable[[Connection], None] = lambda connection: None) -> None:
    with database.begin() as connection:
        for number in range(times):
            connection.execute(text(f"INSERT INTO couples (ref, created_at) VALUES ('new {number}', 0)"))
            between(connection)


@pytest.mark.store("sqlite")
@pytest.mark.parametrize("work", [count, write], ids=["read", "write"])
def test_a_file_that_is_taken_away_is_never_written_or_made_anew_and_is_used_again_when_it_is_put_back(
    world: World, file: Path, work: Callable[[Database], Any]
) -> None:
    aside = file.with_name("aside")
    file.rename(aside)
    for _ in range(2):
        with pytest.raises(Away, match=r"not there any more|cannot be opened"):
            work(world.database)
    assert not file.exists()
    aside.rename(file)
    work(world.database)
    assert count(world.database) in (1, 2)


@pytest.mark.store("sqlite")
def test_another_file_in_its_place_is_opened_anew_before_anything_is_written(world: World, file: Path) -> None:
    other = World(database=file.with_name("other.sqlite3"))
    other.database.close()
    world.join("y", person("Eve"))
    file.with_name("other.sqlite3").replace(file)
    with pytest.raises(Away, match="another one than before"):
        count(world.database)
    assert count(world.database) == 0


@pytest.mark.store("sqlite")
def test_a_full_disk_takes_back_the_whole_transaction_and_nothing_before_it(world: World) -> None:
    with world.database.begin() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(Away, match="full"):
        write(world.database, times=2_000)
    assert count(world.database) == 1
    with world.database.read() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    world.join("y", person("Eve"))
    assert count(world.database) == 2


@pytest.mark.store("postgresql")
def test_a_server_that_takes_no_writes_is_left_and_asked_anew() -> None:
    """After a fail-over the connections lead to what was the primary."""
    database = opened(None)
    read_only = True

    def connected(connection: psycopg.Connection, _entry: Any) -> None:
        connection.execute(f"SET default_transaction_read_only = {read_only}")  # type: ignore[arg-type]
        connection.commit()

    event.listen(database.engine, "connect", connected)
    database.engine.dispose()
    with pytest.raises(Away, match="takes no writes"):
        write(database)
    read_only = False
    write(database)
    assert count(database) == 1


@pytest.mark.store("postgresql")
def test_a_session_that_the_server_ends_fails_once_and_what_it_began_is_taken_back() -> None:
    database = opened(None)
    with pytest.raises(Away, match="cannot be reached"):
        write(database, 2, lambda connection: _end_session_of(connection, database))
    assert count(database) == 0


@pytest.mark.store("postgresql")
def test_sessions_that_ended_between_two_pieces_of_work_are_not_noticed() -> None:
    """As after a server was restarted."""
    database = opened(None)
    for work in (database.begin, database.read):
        with work() as connection:
            pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        other = open_database(database.engine.url.render_as_string(hide_password=False))
        with other.begin() as connection:
            connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
        other.close()
        assert count(database) == 0


def _end_session_of(connection: Connection, database: Database) -> None:
    pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    other = open_database(database.engine.url.render_as_string(hide_password=False))
    with other.read() as looking:
        looking.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    other.close()
