"""Token buckets and daily counts, one row a name: what every process draws from, in its own write transaction."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from engine.store.schema import paces


@dataclass(frozen=True, slots=True)
class Bucket:
    """`tokens` at an instant (below 0: owed), and how many messages have been `used` on a UTC `day`."""

    tokens: float
    at: datetime
    day: date
    used: int


def load(connection: Connection, names: Collection[str]) -> dict[str, Bucket]:
    """The buckets of those names that have been drawn from."""
    found = connection.execute(select(paces).where(paces.c.name.in_(names)))
    return {name: Bucket(tokens, at, day, used) for name, tokens, at, day, used in found}


def save(connection: Connection, buckets: Mapping[str, Bucket]) -> None:
    """Store the buckets; only right in the transaction that loaded them."""
    if not buckets:
        return
    statement = insert(paces).values(
        [
            {"name": name, "tokens": each.tokens, "at": each.at, "day": each.day, "used": each.used}
            for name, each in buckets.items()
        ]
    )
    fresh = {name: statement.excluded[name] for name in ("tokens", "at", "day", "used")}
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=fresh))
