"""Moves a SQLite workspace to another database: closed to writers first, copied in pages, looked at, then let go.

It can be killed at any moment and run again: it goes on where it was. Until every row has been compared the other one
has no version that an engine would work with; from then on this one takes nothing in any more.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Insert, Table, insert, text

from engine.errors import Refused, StoreError
from engine.store import moved, raw
from engine.store.database import Database
from engine.store.migrate import upgrade
from engine.store.moved import Mark
from engine.store.numbering import go_on_from
from engine.store.portable import insert as insert_or
from engine.store.version import COPYING, TABLE, is_current, known

PAGE = 2_000
Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Copied:
    """How many rows of each table there are, and how many of them were copied by this run."""

    rows: Mapping[str, int]
    copied: int


def look(source: Database, target: Database) -> Copied:
    """What there is to copy; Refused or StoreError when it cannot be, as `copy` would."""
    _refuse(source, target)
    with source.read() as connection:
        return Copied({table.name: raw.count(connection, table) for table in raw.tables()}, 0)


def copy(source: Database, target: Database, progress: Progress = lambda table, rows: None) -> Copied:
    """Move everything; the caller sees to it that no `rekindle run` works on the source.

    Refused when the target holds anything else. StoreError when what has arrived is not what there is: then the target
    is still no engine's, and the source still closed to writers.
    """
    file = _refuse(source, target)
    number = moved.mark(file, Mark.MOVING)
    _claim(target, number)
    copied = 0
    with source.read() as here:
        for table in raw.tables():
            copied += _copy_table(here, target, table, progress)
    rows = _compare(source, target)
    with source.read() as here:
        given = _given(here)
    with target.begin() as there:
        for name, highest in given.items():  # no id is ever given twice: go on from the highest that was
            go_on_from(there, name, highest)
        there.execute(text(f"UPDATE {TABLE} SET version_num = :version"), {"version": known()[-1]})  # noqa: S608
        # In this order: a crash in between leaves a source that is closed, and a target that is no engine's yet.
        moved.mark(file, Mark.MOVED)
    return Copied(rows, copied)


def take_back(source: Database, target: Database | None) -> None:
    """Open the source to writers again. Refused when it has moved and the target is not as it was, or not named."""
    file = _file(source)
    stands, number = moved.stands(file)
    if stands is Mark.HERE:
        raise Refused("This database has not been moved.", fix="There is nothing to take back.")
    if stands is Mark.MOVED:
        if target is None:
            raise Refused(
                "It has moved already.", fix="Name where to, with --to: the other one must be let go as well."
            )
        _compare(source, target)
        with target.begin() as connection:
            _say(connection, number)
    moved.mark(file, Mark.HERE)


def _refuse(source: Database, target: Database) -> Any:
    file = _file(source)
    stands, number = moved.stands(file)
    if not is_current(source):
        raise Refused("This database is of an older version.", fix="Run `rekindle db upgrade` first.")
    if target.path is not None and target.path.resolve() == file.resolve():
        raise Refused("It cannot be copied onto itself.", fix="Name another database.")
    with target.read() as connection:
        found = _version(connection)
        ours = found == f"{COPYING}{number}" and number != 0
        if stands is Mark.MOVED and not ours:
            raise Refused("This database has been moved already.", fix="Set database_url to the other one.")
        if found is not None and not ours:
            filled = found not in known() or any(raw.count(connection, table) for table in raw.tables())
            if filled:
                raise Refused(f"{target.where} holds something already.", fix="Name a new, empty database.")
    return file


def _file(source: Database) -> Any:
    if source.path is None or not source.path.exists():
        raise Refused(
            f"Only a SQLite file can be moved, and this workspace keeps {source.where}.",
            fix="pg_dump moves a server's.",
        )
    return source.path


def _version(connection: Connection) -> str | None:
    from sqlalchemy import inspect

    if not inspect(connection).has_table(TABLE):
        return None
    found: str | None = connection.execute(text(f"SELECT version_num FROM {TABLE}")).scalar()  # noqa: S608
    return found


def _claim(target: Database, number: int) -> None:
    """Have the target set up, and no engine's."""
    with target.read() as connection:
        found = _version(connection)
    if found != f"{COPYING}{number}":
        upgrade(target)
    with target.begin() as connection:
        _say(connection, number)


def _say(connection: Connection, number: int) -> None:
    connection.execute(text(f"UPDATE {TABLE} SET version_num = :version"), {"version": f"{COPYING}{number}"})  # noqa: S608


def _copy_table(here: Connection, target: Database, table: Table, progress: Progress) -> int:
    # What is there already came with a run before this one: it is passed by, or written over by itself.
    after: Any = None
    into: Insert = insert_or(table).on_conflict_do_nothing()
    if raw.counts_by_number(table):
        with target.read() as there:
            after, into = raw.newest(there, table), insert(table)
    copied = 0
    for page in raw.pages(here, table, after, PAGE):
        with target.begin() as there:
            there.execute(into, page)
        copied += len(page)
        progress(table.name, copied)
    return copied


def _compare(source: Database, target: Database) -> dict[str, int]:
    """How many rows of each table there are; StoreError when the two differ in one."""
    rows = {}
    with source.read() as here, target.read() as there:
        for table in raw.tables():
            rows[table.name] = raw.count(here, table)
            if raw.count(there, table) != rows[table.name] or raw.digest(here, table) != raw.digest(there, table):
                raise StoreError(
                    f"{table.name} is not the same in both.",
                    fix="Somebody wrote to one of them. Drop the other database, and copy again into a new one.",
                )
    return rows


def _given(here: Connection) -> dict[str, int]:
    """The highest id that was ever given, by table."""
    given = {row.name: row.seq for row in here.execute(text("SELECT name, seq FROM sqlite_sequence"))}
    for table in raw.tables():
        if [each.name for each in raw.key_of(table)] == ["id"] and (newest := raw.newest(here, table)):
            given[table.name] = max(given.get(table.name, 0), newest[0])
    return given
