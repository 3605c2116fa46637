"""Token buckets and daily counts, one row a name: what every process draws from, in its own write transaction."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, select

from engine.store.portable import insert
from engine.store.schema import paces


@dataclass(frozen=True, slots=True)
class Bucket:
    """`tokens` at an instant (below 0: owed), and how many messages have been `used` on a UTC `day`."""

    tokens: float
    at: datetime
    day: date
    used: int


def begin(connection: Connection, full: Mapping[str, Bucket]) -> None:
    """Store the buckets that were never drawn from, so that who draws first can have one to itself."""
    connection.execute(insert(paces).on_conflict_do_nothing(), _rows(full))


def load(connection: Connection, names: Collection[str], *, to_draw: bool = False) -> dict[str, Bucket]:
    """The buckets of those names that have been drawn from; `to_draw`: nobody else may until the transaction ends."""
    found = select(paces).where(paces.c.name.in_(names)).order_by(paces.c.name)
    found = found.with_for_update() if to_draw else found
    return {name: Bucket(tokens, at, day, used) for name, tokens, at, day, used in connection.execute(found)}


def save(connection: Connection, buckets: Mapping[str, Bucket]) -> None:
    """Store the buckets; only right in the transaction that loaded them."""
    if not buckets:
        return
    statement = insert(paces).values(_rows(buckets))
    fresh = {name: statement.excluded[name] for name in ("tokens", "at", "day", "used")}
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=fresh))


def _rows(buckets: Mapping[str, Bucket]) -> list[dict[str, object]]:
    return [
        {"name": name, "tokens": each.tokens, "at": each.at, "day": each.day, "used": each.used}
        for name, each in sorted(buckets.items())
    ]
