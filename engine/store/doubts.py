"""Leases that ran out, and deliveries of which it is not known whether the provider accepted them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, exists, select, update

from engine.store.portable import up_to
from engine.store.schema import IN_DOUBT, LEASED, deliveries
from engine.store.types import Instant

_expired = and_(LEASED, deliveries.c.lease_until <= bindparam("now", type_=Instant))
_release = (
    update(deliveries)
    .where(deliveries.c.status == "claimed", _expired)
    .values(status="planned", lease_owner=None, lease_until=None)
)
_doubt = (
    update(deliveries)
    .where(deliveries.c.status == "sending", _expired)
    .values(
        status="in_doubt",
        detail="The worker stopped between the intent and the answer.",
        lease_owner=None,  # lease_until stays: it says since when the worker is silent
    )
)


_fresh = and_(IN_DOUBT, deliveries.c.lease_until > bindparam("since", type_=Instant))
_unsettled = select(exists(select(1).where(_expired)) | exists(select(1).where(_fresh)))


def unsettled(connection: Connection, now: datetime, since: datetime) -> bool:
    """Whether a lease has run out, or one of what is in doubt ran later than `since`: a look that takes no lock."""
    return bool(connection.execute(_unsettled, {"now": now, "since": since}).scalar_one())


def expire_leases(connection: Connection, now: datetime) -> tuple[int, int]:
    """Free what was only claimed; put in doubt what was being sent. How many of each."""
    doubted = connection.execute(_doubt, {"now": now}).rowcount
    return connection.execute(_release, {"now": now}).rowcount, doubted


@dataclass(frozen=True, slots=True)
class Doubt:
    """A delivery of which it is not known whether the provider accepted it; its lease ran to `lease_until`."""

    id: int
    fence: int
    channel: str
    transport: str | None
    lease_until: datetime
    intended_at: datetime | None


_doubts = (
    select(
        deliveries.c.id,
        deliveries.c.fence,
        deliveries.c.channel,
        deliveries.c.transport,
        deliveries.c.lease_until,
        deliveries.c.intended_at,
    )
    .where(_fresh, deliveries.c.id > bindparam("after"))
    .order_by(deliveries.c.id)
    .limit(up_to())
)


def in_doubt(connection: Connection, since: datetime, after: int, limit: int) -> list[Doubt]:
    """The next `limit` deliveries in doubt whose lease ran later than `since` and whose id is above `after`."""
    return [Doubt(*row) for row in connection.execute(_doubts, {"since": since, "after": after, "limit": limit})]
