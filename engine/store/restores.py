"""Backups that were put back. A copy knows that it is one: it holds everything until somebody has confirmed it.

What the copy has yet to send may have been sent after it was made, by the database that it takes the place of. So
everything that was due before it was put back is in doubt, however it stands in the copy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Integer, bindparam, func, insert, or_, select, update

from engine.model.delivery import DeliveryStatus, SkipReason
from engine.model.hold import HoldKind
from engine.store import doubts, holds, numbering
from engine.store.keeping_schema import restores
from engine.store.operating_schema import audit
from engine.store.operating_schema import holds as held
from engine.store.rowset import rows, rowset
from engine.store.schema import PLANNED, couples, deliveries, enrollments, events, partners, places
from engine.store.types import Instant

BY = "restore"
"""The actor of the hold that a copy has."""
UNUSED = 10_000_000
"""Ids that are passed over: more than were given, in any table, after the copy was made. One that was is in a link or a
provider's log, and must never be another row's."""


@dataclass(frozen=True, slots=True)
class Restore:
    """One that waits to be confirmed: when the copy was made, as far as it is known, and when it was put in place.

    Instants are aware, in UTC.
    """

    id: int
    backed_up_at: datetime | None
    restored_at: datetime | None


_pending = (
    select(restores.c.id, restores.c.backed_up_at, restores.c.restored_at)
    .where(restores.c.confirmed_at.is_(None))
    .order_by(restores.c.id.desc())
    .limit(1)
)


def pending(connection: Connection) -> Restore | None:
    """The one that waits; None where there is none."""
    row = connection.execute(_pending).one_or_none()
    return None if row is None else Restore(*row)


def made(connection: Connection, now: datetime) -> None:
    """Have a copy that was begun at `now` know that it is one, however it may be put in place."""
    connection.execute(insert(restores).values(backed_up_at=now))
    holds.hold(connection, HoldKind.EVERYTHING, "", actor=BY, now=now)


def put_back(connection: Connection, now: datetime, beyond: Mapping[str, int] | None = None) -> Restore:
    """Say that a copy has been put in place, and hold everything; whoever had leases in it is gone.

    `beyond`: the highest ids that are known to have been given since the copy was made.
    """
    doubts.expire_leases(connection, now + timedelta(days=365))
    found = pending(connection)
    if found is None:
        added = insert(restores).values(backed_up_at=last_known(connection)).returning(restores.c.id)
        found = Restore(connection.execute(added).scalar_one(), None, None)
    connection.execute(update(restores).where(restores.c.id == found.id).values(restored_at=now))
    holds.hold(connection, HoldKind.EVERYTHING, "", actor=BY, now=now)
    _pass_over(connection, beyond or {})
    return replace(found, restored_at=now)


def confirm(connection: Connection, restore: Restore, now: datetime) -> bool:
    """Let it go; whether an operator's own pause of everything still stands."""
    connection.execute(update(restores).where(restores.c.confirmed_at.is_(None)).values(confirmed_at=now))
    by = select(held.c.actor).where(held.c.kind == HoldKind.EVERYTHING.value)
    if connection.execute(by).scalar() != BY:
        return True
    holds.release(connection, HoldKind.EVERYTHING, "")
    return False


def last_known(connection: Connection) -> datetime | None:
    """The newest instant at which anything is known to have happened; reads every delivery."""
    newest = (deliveries.c.sent_at, deliveries.c.intended_at, events.c.received_at, audit.c.at, couples.c.created_at)
    found = [connection.execute(select(func.max(each, type_=Instant))).scalar() for each in newest]
    return max((each for each in found if each is not None), default=None)


_moment = bindparam("moment", type_=Instant)
_IN_DOUBT = PLANNED & or_(deliveries.c.due_at <= _moment, deliveries.c.send_at <= _moment)
_would_go = (
    select(
        deliveries.c.id,
        couples.c.ref,
        partners.c.position,
        enrollments.c.campaign,
        deliveries.c.step,
        deliveries.c.channel,
        deliveries.c.due_at,
        deliveries.c.send_at,
        deliveries.c.expires_at,
    )
    .join(enrollments, enrollments.c.id == deliveries.c.enrollment_id)
    .join(partners, partners.c.id == deliveries.c.partner_id)
    .join(couples, couples.c.id == partners.c.couple_id)
    .where(PLANNED, or_(deliveries.c.send_at <= bindparam("now", type_=Instant), _IN_DOUBT))
    .order_by(deliveries.c.send_at, deliveries.c.id)
    .limit(bindparam("limit", type_=Integer))
)
_would_be_planned = (
    select(
        couples.c.ref,
        partners.c.position,
        enrollments.c.campaign,
        places.c.next_step.label("step"),
        partners.c.channel,
        places.c.next_due_at.label("due_at"),
    )
    .join(enrollments, enrollments.c.id == places.c.enrollment_id)
    .join(partners, partners.c.id == places.c.partner_id)
    .join(couples, couples.c.id == partners.c.couple_id)
    .where(places.c.next_due_at <= bindparam("now", type_=Instant))
    .order_by(places.c.next_due_at, places.c.enrollment_id, places.c.partner_id)
    .limit(bindparam("limit", type_=Integer))
)


def would_go(connection: Connection, moment: datetime, now: datetime, limit: int) -> Sequence[Any]:
    """Planned deliveries that would go now, or may have gone by `moment`: the first of them, with whose they are."""
    return connection.execute(_would_go, {"moment": moment, "now": now, "limit": limit}).all()


def would_be_planned(connection: Connection, now: datetime, limit: int) -> Sequence[Any]:
    """Places that have fallen due and from which the next tick makes deliveries: the first of them."""
    return connection.execute(_would_be_planned, {"now": now, "limit": limit}).all()


def number_in_doubt(connection: Connection, moment: datetime) -> tuple[int, int]:
    """How many planned deliveries may have gone by `moment`, and from how many places others may have."""
    planned = select(func.count()).select_from(deliveries).where(_IN_DOUBT)
    due = select(func.count()).select_from(places).where(places.c.next_due_at <= _moment)
    first, second = (connection.execute(each, {"moment": moment}).scalar_one() for each in (planned, due))
    return first, second


def any_place_due(connection: Connection, moment: datetime) -> bool:
    """Whether something that was due by `moment` has not been planned."""
    found = select(places.c.partner_id).where(places.c.next_due_at <= _moment).limit(1)
    return connection.execute(found, {"moment": moment}).one_or_none() is not None


_doubtful = (
    select(deliveries.c.id, deliveries.c.send_at, deliveries.c.expires_at, deliveries.c.timezone)
    .where(_IN_DOUBT)
    .order_by(deliveries.c.id)
    .limit(bindparam("limit", type_=Integer))
)


def in_doubt(connection: Connection, moment: datetime, limit: int) -> Sequence[Any]:
    """Up to `limit` planned deliveries that may have gone by `moment`: id, send_at, expires_at, timezone."""
    return connection.execute(_doubtful, {"moment": moment, "limit": limit}).all()


_given = rowset("given", id=Integer, day=Integer)
_skip = (
    update(deliveries)
    .where(deliveries.c.id == _given.c.id, PLANNED)
    .values(status=DeliveryStatus.SKIPPED.value, reason=SkipReason.RESTORED.value, sent_on=_given.c.day)
)


def skip(connection: Connection, given: Sequence[tuple[int, int]]) -> int:
    """Never send these (id, the partner's day as an ordinal): it counts towards that day's cap as if it had gone."""
    return connection.execute(_skip, {"given": rows(given)}).rowcount


def _pass_over(connection: Connection, beyond: Mapping[str, int]) -> None:
    for name, highest in numbering.highest_ids(connection).items():
        numbering.go_on_from(connection, name, max(highest, beyond.get(name, 0)) + UNUSED)
