"""Seals anew, with the current key, what other keys have sealed: a batch to a transaction, while everything goes on.

A value is replaced only where it is still the one that was read, so whoever changes it meanwhile is not overwritten. It
can be killed at any moment and run again: what is done is not looked at twice.
"""

from collections.abc import Callable

from sqlalchemy import Connection, bindparam, func, select, update

from engine.store.database import Database
from engine.store.sealed import COLUMNS, PAGE, Sealed
from engine.store.vault import Vault

Progress = Callable[[str, int], None]


def reseal(database: Database, vault: Vault, progress: Progress = lambda column, values: None) -> int:
    """How many values were sealed anew. StoreError for one that does not open; what came before it is done."""
    total = 0
    while True:
        done = sum(_column(database, vault, each, progress) for each in COLUMNS)
        total += done
        if not done:  # others may have sealed with the key before, in the second before they noticed
            return total


def sealed_with(connection: Connection, key_id: str) -> int:
    """How many values this key has sealed."""
    found = 0
    for each in COLUMNS:
        header = Vault.header_of(key_id)
        begins = func.substr(each.column, 1, len(header)) == header
        found += connection.execute(select(func.count()).select_from(each.column.table).where(begins)).scalar_one()
    return found


def _column(database: Database, vault: Vault, sealed: Sealed, progress: Progress) -> int:
    after, done, header = 0, 0, Vault.header_of(vault.current)
    others = func.substr(sealed.column, 1, len(header)) != header
    column = sealed.column
    replace = (
        update(column.table)
        .where(column.table.c.id == bindparam("row"), column == bindparam("old"))
        .values({column.name: bindparam("new")})
    )
    while True:
        with database.begin() as connection:
            page = sealed.page(connection, after, PAGE, others)
            for row in page:
                old = bytes(row.cipher)
                purpose = sealed.purpose(row.channel)
                given = {"row": row.id, "old": old, "new": vault.seal_bytes(vault.open_bytes(old, purpose), purpose)}
                done += connection.execute(replace, given).rowcount
        if not page:
            return done
        after = page[-1].id
        progress(str(sealed), done)
        database.let_others_write()
