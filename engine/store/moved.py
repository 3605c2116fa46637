"""A SQLite workspace that moves elsewhere is closed to writers first, and for good once it has moved.

The mark is in the file's own header (user_version) and is looked at whenever a write transaction begins: it holds at
once for every process that has the file open, also a `rekindle web` that would take in a STOP nobody would hear of.
"""

import secrets
import sqlite3
from contextlib import closing
from enum import IntEnum
from pathlib import Path

from engine.errors import StoreError


class Mark(IntEnum):
    """How a file stands."""

    HERE = 0
    MOVING = 0x6D6F7631
    MOVED = 0x6D6F7632


def refusal(mark: int) -> StoreError | None:
    """Why nothing may be written to a file with this mark; None when it may."""
    if mark == Mark.MOVING:
        return StoreError(
            "This database is being moved to another one by `rekindle db copy`, and takes nothing in meanwhile.",
            fix="Let it end, or run it again to go on where it was; `rekindle db copy --take-back` calls it off.",
        )
    if mark == Mark.MOVED:
        return StoreError(
            "This database has been moved to another one by `rekindle db copy`: what is sent from both is sent twice.",
            fix="Set database_url to the other one.",
        )
    return None


def stands(file: Path) -> tuple[Mark, int]:
    """The mark of a file, and the number of its move (0 for none)."""
    with _opened(file) as connection:
        (mark,) = connection.execute("PRAGMA user_version").fetchone()
        (number,) = connection.execute("PRAGMA application_id").fetchone()
    return Mark(mark), number


def mark(file: Path, mark: Mark) -> int:
    """Mark a file, waiting for who is writing; the number of its move, which is made up when it begins."""
    _, number = stands(file)
    with _opened(file) as connection:
        connection.execute("BEGIN IMMEDIATE")
        if not number:
            number = secrets.randbelow(2**31 - 1) + 1
            connection.execute(f"PRAGMA application_id = {number}")
        connection.execute(f"PRAGMA user_version = {int(mark)}")
        connection.execute("COMMIT")
    return number


def _opened(file: Path) -> "closing[sqlite3.Connection]":
    return closing(sqlite3.connect(file, isolation_level=None, timeout=30))
