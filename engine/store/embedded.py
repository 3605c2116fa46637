"""SQLite as Rekindle opens it: one file, one writer at a time.

A write transaction takes the lock at its first statement (BEGIN IMMEDIATE), because a deferred one that upgrades fails
under contention whatever the busy time-out. WAL only where the linked SQLite is 3.51.3 or newer: older ones can corrupt
a database when a WAL is reset; they get a rollback journal with synchronous=FULL.
"""

import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, StaticPool, event
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import ConnectionPoolEntry

from engine.errors import StoreError
from engine.store.moved import refusal

BUSY_MS = 5_000
WAL_SAFE_SINCE = (3, 51, 3)
IN_MEMORY = "sqlite://"


def options(url: str) -> dict[str, Any]:
    """What SQLAlchemy opens it with."""
    found: dict[str, Any] = {"connect_args": {"timeout": BUSY_MS / 1000, "check_same_thread": False}}
    if url == IN_MEMORY:
        found["poolclass"] = StaticPool
    return found


def prepare(engine: Engine) -> None:
    """Have each connection set up, and each transaction begin as it should."""
    file = engine.url.database
    if file and file != ":memory:" and not Path(file).exists():
        # It begins as its owner's alone; SQLite gives its journals the same mode.
        with suppress(OSError):  # SQLite will say it
            Path(file).touch(mode=0o600)
    event.listen(engine, "connect", _connected)
    event.listen(engine, "begin", _begin)


def plain(error: DatabaseError) -> StoreError | None:
    """What a newcomer would otherwise read off the driver's error; None where it tells of no state of the database."""
    said = str(error.orig)
    if "locked" in said:
        return StoreError(
            f"The database is busy: another process held it for over {BUSY_MS // 1000} seconds.",
            fix="Wait for the other command to end, or stop it, then try again.",
        )
    if "no such table" in said or "no such column" in said:
        return StoreError("The database has not been set up for this version.", fix="Run `rekindle db upgrade`.")
    if "unable to open" in said:
        return StoreError(
            "The database file cannot be opened.", fix="Check that its folder exists and that you may write there."
        )
    if "not a database" in said or "malformed" in said:
        return StoreError(f"The database is damaged: {said}.", fix="Restore it from a backup; keep the damaged file.")
    if "full" in said or "readonly" in said:
        return StoreError(
            f"The database cannot be written: {said}.", fix="Free some disk space or give write permission."
        )
    return None


def _connected(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
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
    if reading:
        connection.exec_driver_sql("BEGIN")
        return
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    refused = refusal(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
    if refused is not None:
        connection.exec_driver_sql("ROLLBACK")
        raise refused
