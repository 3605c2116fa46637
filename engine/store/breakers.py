"""Transports that are left alone, by every process: a row is there from the first failure to the next success."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select

from engine.store.portable import insert
from engine.store.schema import breakers


@dataclass(frozen=True, slots=True)
class Breaker:
    """A transport that failed `failures` times in a row; closed to all until `open_until` (aware, UTC)."""

    failures: int
    open_until: datetime
    because: str


_all = select(breakers)


def load(connection: Connection) -> dict[str, Breaker]:
    """Every transport that has failed since it last worked, by name."""
    return {name: Breaker(failures, until, why) for name, failures, until, why in connection.execute(_all)}


def trip(connection: Connection, transport: str, breaker: Breaker) -> None:
    """Leave the transport alone as `breaker` says."""
    values = {"failures": breaker.failures, "open_until": breaker.open_until, "because": breaker.because[:500]}
    statement = insert(breakers).values(transport=transport, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["transport"], set_=values))


def reset(connection: Connection, transport: str) -> bool:
    """The transport works again; whether it had been failing."""
    return connection.execute(delete(breakers).where(breakers.c.transport == transport)).rowcount > 0
