"""What an operator decides about deliveries: doubts are settled by hand, and failures tried again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Integer, bindparam, select, update

from engine.store.rowset import rows, rowset
from engine.store.schema import IN_DOUBT, deliveries
from engine.store.types import Instant


@dataclass(frozen=True, slots=True)
class Standing:
    """How a delivery stands."""

    id: int
    fence: int
    status: str
    expires_at: datetime


_columns = deliveries.c.id, deliveries.c.fence, deliveries.c.status, deliveries.c.expires_at
_ids = rowset("ids", id=Integer)
_standing = select(*_columns).where(deliveries.c.id.in_(select(_ids.c.id))).order_by(deliveries.c.id)
_doubtful = select(*_columns).where(IN_DOUBT).order_by(deliveries.c.id)


def standing(connection: Connection, ids: Sequence[int]) -> list[Standing]:
    """Those of the deliveries that there are."""
    return [Standing(*row) for row in connection.execute(_standing, {"ids": rows([[i] for i in ids])})]


def doubtful(connection: Connection) -> list[Standing]:
    """Every delivery in doubt, however old."""
    return [Standing(*row) for row in connection.execute(_doubtful)]


_reopen = (
    update(deliveries)
    .where(deliveries.c.id.in_(select(_ids.c.id)), deliveries.c.status == "failed")
    .values(status="planned", reason=None, sent_on=None, send_at=bindparam("now", type_=Instant), moved_because="retry")
)


def reopen(connection: Connection, ids: Sequence[int], now: datetime) -> int:
    """Plan failed deliveries again, for now; how many."""
    return connection.execute(_reopen, {"ids": rows([[i] for i in ids]), "now": now}).rowcount
