"""SQLite as Rekindle opens it: one file, one writer at a time.

A write transaction takes the lock at its first statement (BEGIN IMMEDIATE), because a deferred one that upgrades fails
under contention whatever the busy time-out. WAL only where the linked SQLite is 3.51.3 or newer: older ones can corrupt
a database when a WAL is reset; they get a rollback journal with synchronous=FULL.
"""

import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, QueuePool, StaticPool, event, make_url
from sqlalchemy.exc import DatabaseError, DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from engine.errors import Away, StoreError
from engine.store.moved import refusal

BUSY_MS = 5_000
WAL_SAFE_SINCE = (3, 51, 3)
_FILE = "rekindle file"


def options(url: str) -> dict[str, Any]:
    """What SQLAlchemy opens it with."""
    how: dict[str, Any] = {"timeout": BUSY_MS / 1000, "check_same_thread": False}
    file = make_url(url).database
    if not file or file == ":memory:":
        return {"connect_args": how, **({} if file else {"poolclass": StaticPool})}
    # A file that was taken away is not made anew: an empty one would stand where the backup is to go.
    where = f"file:{quote(str(Path(file).absolute()))}?mode=rw"
    return {"creator": lambda: sqlite3.connect(where, uri=True, **how), "poolclass": QueuePool}


def prepare(engine: Engine) -> None:
    """Have each connection set up."""
    event.listen(engine, "connect", _connected)
    name = engine.url.database
    if not name or name == ":memory:":
        return
    file = Path(name).absolute()
    if not file.exists():
        # It begins as its owner's alone; SQLite gives its journals the same mode.
        with suppress(OSError):  # SQLite will say it
            file.touch(mode=0o600)

    def connected(_connection: sqlite3.Connection, entry: ConnectionPoolEntry) -> None:
        entry.info[_FILE] = file, _identity(file)

    event.listen(engine, "connect", connected)


def begin(connection: Connection, *, writing: bool, shared: bool = False) -> None:
    """Begin a transaction; StoreError on a file that was moved or deleted: what is written there nobody finds again.

    By the driver itself: there is nothing in these statements for SQLAlchemy to do.
    """
    _must_be_there(connection)
    driver: Any = connection.connection.driver_connection
    try:
        driver.execute("BEGIN IMMEDIATE" if writing else "BEGIN")
        mark = driver.execute("PRAGMA user_version").fetchone()[0] if writing else 0
    except sqlite3.Error as error:
        dialect = connection.dialect
        said: Any = DBAPIError.instance("BEGIN", None, error, sqlite3.Error, hide_parameters=True, dialect=dialect)
        raise said from error
    refused = refusal(mark)
    if refused is not None:
        raise refused


def _must_be_there(connection: Connection) -> None:
    file, was = connection.info.get(_FILE, (None, None))
    if file is None or (now := _identity(file)) == was:
        return
    connection.invalidate()
    if now is None:
        raise Away(f"The database file {file} is not there any more.", fix="Put it back, or restore it from a backup.")
    raise Away(f"The database file {file} is another one than before.", fix="Try again: it is opened anew.")


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


_STATES: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (
        ("locked", "locking protocol"),
        f"The database is busy: another process held it for over {BUSY_MS // 1000} seconds.",
        "Wait for the other command to end, or stop it, then try again.",
    ),
    (
        ("unable to open",),
        "The database file cannot be opened.",
        "Check that it and its folder exist and that you may write there.",
    ),
    (("is full",), "The disk of the database is full.", "Free some disk space; nothing that was stored is lost."),
    (
        ("readonly",),
        "The database file may not be written.",
        "Give yourself write permission for it and its folder, or mount the disk for writing.",
    ),
    (
        ("disk I/O error",),
        "The disk of the database fails: it could not be read or written.",
        "Look at the disk, its quota and the system's log; `rekindle db check` then says whether the file is whole.",
    ),
)
"""What SQLite says, by its words, and what it means. All of them may pass by themselves."""


def plain(error: DatabaseError) -> StoreError | None:
    """What a newcomer would otherwise read off the driver's error; None where it tells of no state of the database."""
    said = str(error.orig)
    for words, what, fix in _STATES:
        if any(each in said for each in words):
            return Away(what, fix=fix)
    if "no such table" in said or "no such column" in said:
        return StoreError("The database has not been set up for this version.", fix="Run `rekindle db upgrade`.")
    if "not a database" in said or "malformed" in said:
        return StoreError(f"The database is damaged: {said}.", fix="Restore it from a backup; keep the damaged file.")
    return None


def is_other(error: DatabaseError) -> bool:
    """Whether the connections that there are may lead to another database than new ones would; they do not here."""
    return False


def _connected(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    # The driver must not begin transactions of its own: `begin` says which kind.
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
