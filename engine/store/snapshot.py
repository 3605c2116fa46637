"""A whole database in memory as bytes, for another process to go on with; and which part of it that one lives."""

import sqlite3

from sqlalchemy import select, update

from engine.store.database import IN_MEMORY, Database, open_database
from engine.store.schema import enrollments, places


def snapshot(database: Database) -> bytes:
    """All that is in a SQLite database."""
    with database.read() as connection:
        return _driver(connection).serialize()


def restored(content: bytes) -> Database:
    """A new database in memory that begins with what `snapshot` gave."""
    database = open_database(IN_MEMORY)
    with database.engine.connect() as connection:
        _driver(connection).deserialize(content)
    return database


def live_only(database: Database, part: int, parts: int) -> None:
    """Of `parts` parts of the couples, by id, only number `part` has anything to come; the others stand still."""
    others = select(enrollments.c.id).where(enrollments.c.couple_id % parts != part)
    with database.begin() as connection:
        connection.execute(update(places).where(places.c.enrollment_id.in_(others)).values(next_due_at=None))


def _driver(connection: object) -> sqlite3.Connection:
    found: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[attr-defined]
    return found
