"""What the operator holds back, for every process: a row is in force from the commit that put it there.

Whoever sends asks `load` when a batch is claimed, and again in the transaction that commits the intent to send.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, literal_column, select, update

from engine.model.hold import NO_HOLDS, Hold, HoldKind, Holds
from engine.store.operating_schema import holds
from engine.store.portable import insert, one_of, up_to
from engine.store.schema import PLANNED, deliveries
from engine.store.types import Instant

ALL = select(holds.c.kind, holds.c.name)


def load(connection: Connection) -> Holds:
    """All that is held back now; one look into a table of a few rows."""
    return of(connection.execute(ALL).all())


def of(rows: Sequence[tuple[str, str]]) -> Holds:
    """What rows of (kind, name) hold back."""
    if not rows:
        return NO_HOLDS
    return Holds(
        any(kind == HoldKind.EVERYTHING for kind, _ in rows),
        frozenset(name for kind, name in rows if kind == HoldKind.CAMPAIGN),
        frozenset(name for kind, name in rows if kind == HoldKind.TRANSPORT),
    )


def standing(connection: Connection) -> Sequence[Hold]:
    """The same, with since when and by whom; everything first, the rest by kind and name."""
    rows = connection.execute(select(holds.c.kind, holds.c.name, holds.c.since, holds.c.actor))
    found = [Hold(HoldKind(kind), name, since, actor) for kind, name, since, actor in rows]
    return sorted(found, key=lambda each: (each.kind is not HoldKind.EVERYTHING, each.kind, each.name))


def hold(connection: Connection, kind: HoldKind, name: str, *, actor: str, now: datetime) -> bool:
    """Hold it back from this transaction's commit on; whether that is news. `name` is "" for everything."""
    statement = insert(holds).values(kind=kind.value, name=name, since=now, actor=actor[:100])
    return connection.execute(statement.on_conflict_do_nothing(index_elements=["kind", "name"])).rowcount > 0


def release(connection: Connection, kind: HoldKind, name: str) -> bool:
    """Let it go on; whether it was held back. What was set aside for it comes back by `bring_back`."""
    return connection.execute(delete(holds).where(holds.c.kind == kind.value, holds.c.name == name)).rowcount > 0


_set_aside = (
    select(deliveries.c.id)
    .where(
        PLANNED,
        deliveries.c.moved_because == literal_column("'held'"),
        deliveries.c.send_at > bindparam("now", type_=Instant),
        deliveries.c.send_at <= bindparam("until", type_=Instant),
    )
    .order_by(deliveries.c.send_at, deliveries.c.id)
    .limit(up_to())
)
_bring_back = (
    update(deliveries)
    .where(one_of(deliveries.c.id, _set_aside.scalar_subquery()))
    .values(send_at=bindparam("now", type_=Instant))
)


def bring_back(connection: Connection, now: datetime, until: datetime, limit: int) -> int:
    """Up to `limit` of what waits, `until` then at the latest, for a transport or a campaign may go at once; how many.

    What is still held, or over a limit, goes back to wait when its turn comes.
    """
    return connection.execute(_bring_back, {"now": now, "until": until, "limit": limit}).rowcount
