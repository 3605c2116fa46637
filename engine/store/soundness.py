"""Whether a database is whole: its pages and rows, what is sealed in it, and the audit."""

from collections.abc import Iterator

from engine.store import backup, chain, sealed
from engine.store.database import Database
from engine.store.vault import Vault
from engine.store.version import is_current


def faults_of(database: Database, vault: Vault, newest: int | None) -> Iterator[str]:
    """What is wrong, in words; sealed values are opened all, or the `newest` of each column.

    StoreError for a database that is not ours to look into: a newer one, or one being copied. Of an older version only
    pages and rows are looked at.
    """
    if database.server:
        from engine.store import serving  # its driver: not for who keeps to a file

        current = is_current(database)
        found = serving.faults_of(database)
    else:
        found = [] if database.path is None else backup.faults_of(database.path)
        current = not found and is_current(database)
    yield from found
    if found or not current:
        return
    with database.read() as connection:
        yield from sealed.faults_of(connection, vault, newest)
        audit = chain.check(connection, vault.subkey(chain.PURPOSE))
    if audit.broken:
        yield f"the audit was altered: {audit.broken}"
