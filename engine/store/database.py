"""Opens the database and hands out transactions: `begin()` to write, `read()` to look.

SQLite: a write transaction takes the lock at its first statement (BEGIN IMMEDIATE), because a deferred one that
upgrades fails under contention whatever the busy time-out. WAL only where the linked SQLite is 3.51.3 or newer: older
ones can corrupt a database when a WAL is reset; they get a rollback journal with synchronous=FULL.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import sleep
from typing import Any, TypeAlias

from sqlalchemy import Connection, Engine, StaticPool, create_engine, event, make_url
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import ConnectionPoolEntry

from engine.errors import StoreError
from engine.store import couples_schema, operating_schema, schema  # noqa: F401 - so that their tables are known
from engine.store.metadata import metadata

BUSY_MS = 5_000
WAL_SAFE_SINCE = (3, 51, 3)
IN_MEMORY = "sqlite://"

Transaction: TypeAlias = Connection
"""What `begin` and `read` hand out, as rooms call it that know no SQL and pass it on."""


class Database:
    """One database; safe to share in a process."""

    def __init__(self, engine: Engine, path: Path | None) -> None:
        self.engine = engine
        self.path = path  # None for a database in memory
        self._reader = engine.execution_options(reading=True)

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A write transaction: committed when the block ends, rolled back when it raises."""
        with _plainly(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent look that never blocks a writer for longer than its own statements."""
        with _plainly(), self._reader.connect() as connection:
            yield connection

    def let_others_write(self) -> None:
        """Between the batches of a long job: those who wait for SQLite's write lock look ten times a second."""
        if self.path is not None:
            sleep(0.11)

    def create_all(self) -> None:
        """Make every table at once, for a database that lives no longer than the process."""
        with self.begin() as connection:
            metadata.create_all(connection)

    def close(self) -> None:
        self.engine.dispose()


def open_database(url: str) -> Database:
    """Open (and for SQLite create) the database at a SQLAlchemy URL such as `sqlite:///rekindle.sqlite3`."""
    if not url.startswith("sqlite"):
        raise StoreError(
            f"This version speaks to SQLite only, not {url.partition(':')[0]}.",
            fix='Set database_url = "sqlite:///rekindle.sqlite3".',
        )
    arguments: dict[str, Any] = {"connect_args": {"timeout": BUSY_MS / 1000, "check_same_thread": False}}
    if url == IN_MEMORY:
        arguments["poolclass"] = StaticPool
    _make_private(url)
    engine = create_engine(url, hide_parameters=True, **arguments)  # they are people's names
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    name = engine.url.database
    return Database(engine, Path(name) if name and name != ":memory:" else None)


def _make_private(url: str) -> None:
    """A database that is not there yet begins as its owner's alone; SQLite gives its journals the same mode."""
    name = make_url(url).database
    if name and name != ":memory:" and not Path(name).exists():
        with suppress(OSError):  # SQLite will say it
            Path(name).touch(mode=0o600)


def _prepare(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    # The driver must not begin transactions of its own: _begin says which kind.
    connection.isolation_level = None
    journal = "WAL" if sqlite3.sqlite_version_info >= WAL_SAFE_SINCE else "DELETE"
    for pragma in (
        f"busy_timeout={BUSY_MS}",
        "foreign_keys=ON",
        f"journal_mode={journal}",
        "synchronous=FULL",
        "cache_size=-4096",
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


@contextmanager
def _plainly() -> Iterator[None]:
    """Say what a newcomer would otherwise read off a driver's error."""
    try:
        yield
    except DatabaseError as error:
        said = str(error.orig)
        if "locked" in said:
            raise StoreError(
                f"The database is busy: another process held it for over {BUSY_MS // 1000} seconds.",
                fix="Wait for the other command to end, or stop it, then try again.",
            ) from error
        if "no such table" in said or "no such column" in said:
            raise StoreError(
                "The database has not been set up for this version.", fix="Run `rekindle db upgrade`."
            ) from error
        if "unable to open" in said:
            raise StoreError(
                "The database file cannot be opened.", fix="Check that its folder exists and that you may write there."
            ) from error
        if "not a database" in said or "malformed" in said:
            raise StoreError(
                f"The database is damaged: {said}.", fix="Restore it from a backup; keep the damaged file."
            ) from error
        if "full" in said or "readonly" in said:
            raise StoreError(
                f"The database cannot be written: {said}.", fix="Free some disk space or give write permission."
            ) from error
        raise
