"""Copies of a SQLite database: taken while it is in use, put back for a trial before they are believed, and put back.

A copy knows that it is one and holds everything (store.restores), also where somebody just copies it into place. A
backup holds no keys: without the key file beside it nobody can read an address in it. Whoever backs up keeps both,
in two places.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from engine.errors import Refused, StoreError
from engine.store import raw, restores
from engine.store.database import Database, open_database
from engine.store.migrate import upgrade
from engine.store.version import TABLE, known

PAGES = 2_000
"""Copied at a time: 8 MB, between which others may write."""
BESIDE = ("-journal", "-wal", "-shm")
"""What SQLite keeps beside a database that was not closed."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What a copy came to when it was put back for a trial: tables and rows, none of which was damaged or astray."""

    tables: int
    rows: int


def back_up(database: Database, to: Path, now: datetime) -> Proof:
    """Copy the database to a file that is not there yet, as it stands at one moment, and prove the copy.

    Others may go on writing. `now` is when it begins. Proved by restoring it beside the copy, as `restore` would, and
    looking at what comes of it; the disk must have room for both. Refused when the file exists; StoreError when the
    copy is not whole.
    """
    path = _path(database)
    if to.exists():
        raise Refused(f"{to} is there already.", fix="Name another file, or move that one away.")
    part = to.with_name(to.name + ".part")
    try:
        _take(path, part)
        if faults := faults_of(part):
            raise StoreError(
                f"The copy is not whole: {faults[0]}.", fix="Check the disk; look with `rekindle db check`."
            )
        if _version_of(part) == known()[-1]:
            _in(part, lambda connection: restores.made(connection, now))
        proof = _prove(part, now)
        _to_disk(part)
        part.rename(to)
    finally:
        part.unlink(missing_ok=True)
    return proof


def _take(path: Path, part: Path) -> None:
    _touch(part)
    try:
        with closing(sqlite3.connect(path)) as here, closing(sqlite3.connect(part)) as there:
            here.backup(there, pages=PAGES)
            # One file and nothing beside it, however the original is kept.
            there.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.DatabaseError as error:
        damaged = "not a database" in str(error) or "malformed" in str(error)
        raise StoreError(
            f"The database {'is damaged' if damaged else 'cannot be copied'}: {error}.",
            fix="Restore it from a backup; keep the damaged file." if damaged else "Mend that, then try again.",
        ) from error


def _prove(part: Path, now: datetime) -> Proof:
    trial = part.with_name(part.name + ".trial")
    try:
        _copy(part, trial)
        _quarantine(trial, now, {})
        if faults := faults_of(trial):
            raise StoreError(
                f"The copy cannot be restored: {faults[0]}.", fix="Check the disk; look with `rekindle db check`."
            )
        counts: list[int] = []
        _in(trial, lambda connection: counts.extend(raw.count(connection, table) for table in raw.tables()))
    finally:
        trial.unlink(missing_ok=True)
    return Proof(len(counts), sum(counts))


def faults_of(file: Path) -> list[str]:
    """What is wrong with a database file, in SQLite's words: its pages, its indexes, and rows that point nowhere."""
    try:
        with closing(_read_only(file)) as found:
            said = [str(row[0]) for row in found.execute("PRAGMA integrity_check(20)")]
            lost = found.execute("PRAGMA foreign_key_check").fetchmany(20)
    except sqlite3.DatabaseError as error:
        return [str(error)]
    return [each for each in said if each != "ok"] + [
        f"row {row} of {table} belongs to a row of {parent} that is not there" for table, row, parent, _ in lost
    ]


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did: the backup's own version, and where the database that was there is now."""

    version: str
    aside: Path


def restore(database: Database, backup: Path, now: datetime, *, dry_run: bool = False) -> Restored:
    """Put a backup in the database's place, brought up to this version, with everything on hold.

    What was there is moved aside. The caller sees to it that nothing else works on the database. Refused or StoreError
    when the backup is missing, damaged, no database of ours, or of a newer Rekindle; then nothing has changed.
    """
    path = _path(database)
    found = _looked_at(backup)
    done = Restored(found, path.with_name(f"{path.stem}-before-{now:%Y-%m-%dT%H%M%SZ}{path.suffix}"))
    if dry_run:
        return done
    fresh = path.with_name(path.name + ".part")
    _copy(backup, fresh)
    _quarantine(fresh, now, _given_by(path))
    _to_disk(fresh)
    database.close()
    for beside in ("", *BESIDE):  # a journal belongs to its database: apart, either is worthless
        with suppress(FileNotFoundError):
            path.with_name(path.name + beside).rename(done.aside.with_name(done.aside.name + beside))
    fresh.rename(path)
    return done


def _looked_at(backup: Path) -> str:
    if not backup.is_file():
        raise Refused(f"There is no file {backup}.", fix="Check the path.")
    if faults := faults_of(backup):
        raise StoreError(f"The backup is damaged: {faults[0]}.", fix="Take an older one.")
    found = _version_of(backup)
    if found is None:
        raise StoreError(f"{backup} is no database of Rekindle.", fix="Check the path.")
    if found not in known():
        raise StoreError(
            f"The backup is at version {found}, which this Rekindle does not know.",
            fix="It was made by a newer Rekindle: upgrade this installation, or take an older backup.",
        )
    return found


def _quarantine(file: Path, now: datetime, beyond: Mapping[str, int]) -> None:
    """Bring a copy up to this version and hold everything: what it has yet to send may have been sent since."""
    copied = open_database(f"sqlite:///{file.resolve()}")
    try:
        upgrade(copied)
    finally:
        copied.close()
    _in(file, lambda connection: restores.put_back(connection, now, beyond))


def _in(file: Path, work: Callable[[Connection], object]) -> None:
    """Do something in a write transaction of a file, and leave nothing beside it."""
    opened = open_database(f"sqlite:///{file.resolve()}")
    try:
        with opened.begin() as connection:
            work(connection)
        with opened.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=DELETE")
    finally:
        opened.close()


def _given_by(path: Path) -> dict[str, int]:
    """The highest ids that the database in its place has given; nothing where it cannot be read any more."""
    try:
        with closing(_read_only(path)) as found:
            return dict(found.execute("SELECT name, seq FROM sqlite_sequence").fetchall())
    except sqlite3.DatabaseError:
        return {}


def _copy(file: Path, to: Path) -> None:
    _touch(to)
    shutil.copyfile(file, to)


def _touch(file: Path) -> None:
    """A file of its owner's alone."""
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)


def _version_of(file: Path) -> str | None:
    """The version of a file's schema; None when it is not ours. Looks without opening it as a database of this process:
    that would set its journal.
    """
    with closing(_read_only(file)) as found:
        try:
            row = found.execute(f"SELECT version_num FROM {TABLE}").fetchone()  # noqa: S608 - a constant
        except sqlite3.OperationalError:
            return None
    return None if row is None else str(row[0])


def _read_only(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)


def _path(database: Database) -> Path:
    if database.path is None:
        raise Refused(
            f"Rekindle backs up SQLite files, and this workspace keeps {database.where}.",
            fix="Use the server's own tools: pg_dump and pg_restore, or a base backup; docs/go-live.md shows how.",
        )
    return database.path


def _to_disk(file: Path) -> None:
    """Nothing is called a backup that a power cut could still take away."""
    for path in (file, file.parent):
        number = os.open(path, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
