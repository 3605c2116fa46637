"""What is left of somebody who was erased where no row of theirs leads to it any more: it is looked for and deleted by
and by, whatever befalls the process that erased them. What it is known by is sealed, and goes with it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from engine.model.words import Described
from engine.store.keeping_schema import leftovers
from engine.store.portable import up_to
from engine.store.vault import Vault

SEALED_LEFTOVER = "leftover"


class Kind(Described):
    """Where something is left."""

    COPY = "copy", "A provider's copy of a message, by the provider's own id."
    CALL = "call", "Webhook calls as they came, which hold this."


@dataclass(frozen=True, slots=True)
class Leftover:
    """One of them, of a transport (`source`) where it is a provider's; since and due at aware instants in UTC."""

    id: int
    kind: Kind
    source: str
    what: str
    since: datetime
    tries: int


def add(connection: Connection, vault: Vault, found: Iterable[tuple[Kind, str, str]], now: datetime) -> None:
    """Have these (kind, source, what) looked for, from now on."""
    values = [
        {"kind": kind.value, "source": source, "cipher": vault.seal(what, SEALED_LEFTOVER)}
        for kind, source, what in found
    ]
    if values:
        connection.execute(insert(leftovers), [{**each, "since": now, "due_at": now, "tries": 0} for each in values])


_due = (
    select(leftovers)
    .where(leftovers.c.due_at <= bindparam("now"))
    .order_by(leftovers.c.due_at, leftovers.c.id)
    .limit(up_to())
)


def due(connection: Connection, vault: Vault, now: datetime, limit: int) -> Sequence[Leftover]:
    """Up to `limit` that are due, the longest first."""
    return [
        Leftover(
            row.id,
            Kind(row.kind),
            row.source,
            vault.open(bytes(row.cipher), SEALED_LEFTOVER),
            row.since,
            row.tries,
        )
        for row in connection.execute(_due, {"now": now, "limit": limit})
    ]


def done(connection: Connection, ids: Sequence[int]) -> None:
    """They are gone, or given up."""
    connection.execute(delete(leftovers).where(leftovers.c.id.in_(ids)))


def later(connection: Connection, ids: Sequence[int], at: datetime) -> None:
    """Try these again then."""
    statement = update(leftovers).where(leftovers.c.id.in_(ids))
    connection.execute(statement.values(due_at=at, tries=leftovers.c.tries + 1))


def number(connection: Connection) -> int:
    """How many there are."""
    found: int = connection.execute(select(func.count()).select_from(leftovers)).scalar_one()
    return found
