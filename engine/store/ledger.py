"""The delivery row's way through the send protocol: claim, intend, settle. One statement a batch, never one a row.

Every change names the fence the worker claimed with: a worker that lost its lease changes nothing.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    String,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal_column,
    select,
    update,
)

from engine.store.facts import FACTS, Facts, joined, other
from engine.store.rowset import rows, rowset
from engine.store.schema import attempts, deliveries, enrollments, partners
from engine.store.types import Instant

# Written out, not bound: SQLite uses a partial index only where the statement's own text implies its condition.
PLANNED = deliveries.c.status == literal_column("'planned'")
LEASED = deliveries.c.status.in_([literal_column("'claimed'"), literal_column("'sending'")])
IN_DOUBT = deliveries.c.status == literal_column("'in_doubt'")

_channels = rowset("channels", channel=String)
_next = (
    select(deliveries.c.id)
    .where(
        PLANNED,
        deliveries.c.send_at <= bindparam("now", type_=Instant),
        deliveries.c.channel.in_(select(_channels.c.channel)),
    )
    .order_by(deliveries.c.send_at, deliveries.c.id)
    .limit(bindparam("limit", type_=Integer))
)
_claim = (
    update(deliveries)
    .where(deliveries.c.id.in_(_next))
    .values(
        status="claimed",
        lease_owner=bindparam("owner"),
        lease_until=bindparam("until", type_=Instant),
        fence=deliveries.c.fence + 1,
    )
    .returning(deliveries.c.id)
)


def claim(
    connection: Connection, now: datetime, owner: str, until: datetime, limit: int, channels: Collection[str]
) -> list[int]:
    """Take up to `limit` deliveries on `channels` whose instant has come, under a lease until `until`; their ids."""
    wanted = {"now": now, "owner": owner, "until": until, "limit": limit}
    wanted["channels"] = rows([[channel] for channel in channels])
    return sorted(connection.execute(_claim, wanted).scalars().all())


_ids = rowset("ids", id=Integer)
_earlier = deliveries.alias("earlier")
_first = ~exists(
    select(1).where(
        _earlier.c.enrollment_id == deliveries.c.enrollment_id,
        _earlier.c.partner_id == deliveries.c.partner_id,
        _earlier.c.channel == deliveries.c.channel,
        _earlier.c.sent_on.is_not(None),
        _earlier.c.id != deliveries.c.id,
    )
)
_context = (
    select(
        deliveries.c.id,
        deliveries.c.fence,
        deliveries.c.attempts,
        deliveries.c.step,
        deliveries.c.occurrence,
        deliveries.c.week,
        deliveries.c.activity,
        deliveries.c.variant,
        deliveries.c.channel,
        deliveries.c.due_at,
        deliveries.c.expires_at,
        enrollments.c.seed,
        partners.c.given_name,
        partners.c.locale,
        partners.c.email_cipher,
        partners.c.email_index,
        partners.c.phone_cipher,
        partners.c.phone_index,
        case((deliveries.c.channel == "email", partners.c.email_cipher), else_=partners.c.phone_cipher)
        .is_not(None)
        .label("has_address"),
        partners.c.timezone,
        partners.c.id.label("partner_id"),
        partners.c.position,
        other.c.given_name.label("other_name"),
        _first.label("first"),
        enrollments.c.digest,
    )
    .select_from(joined(deliveries))
    .where(deliveries.c.id.in_(select(_ids.c.id)))
    .order_by(deliveries.c.id)
)


def context(connection: Connection, ids: Sequence[int]) -> Sequence[Facts]:
    """All that rendering needs of each delivery, in id order."""
    return connection.execute(_context, {"ids": rows([[i] for i in ids])}).all()


_facts = (
    select(deliveries.c.id, deliveries.c.fence, *FACTS)
    .select_from(joined(deliveries))
    .where(deliveries.c.id.in_(select(_ids.c.id)))
)


def facts(connection: Connection, ids: Sequence[int]) -> dict[int, Facts]:
    """What the gates need, read again in the transaction that commits the intent to send; by delivery id."""
    return {row.id: row for row in connection.execute(_facts, {"ids": rows([[i] for i in ids])}).all()}


_asked = rowset("asked", partner_id=Integer, day=Integer, monday=Integer)
_counts = (
    select(
        _asked.c.partner_id,
        func.sum((deliveries.c.sent_on == _asked.c.day).cast(Integer)),
        func.count(),
    )
    .select_from(
        _asked.join(
            deliveries,
            and_(
                deliveries.c.partner_id == _asked.c.partner_id,
                deliveries.c.sent_on.is_not(None),
                deliveries.c.sent_on.between(_asked.c.monday, _asked.c.monday + 6),
            ),
        )
    )
    .group_by(_asked.c.partner_id)
)


def sent_counts(connection: Connection, asked: Sequence[tuple[int, date, date]]) -> dict[int, tuple[int, int]]:
    """How many messages each partner had on a day and in the week from a Monday, as (day, week) by partner."""
    batch = rows([(partner, day.toordinal(), monday.toordinal()) for partner, day, monday in asked])
    return {partner: (today, week) for partner, today, week in connection.execute(_counts, {"asked": batch}).all()}


_intended = rowset("intended", id=Integer, fence=Integer, sent_on=Integer, transport=String)
_intend = (
    update(deliveries)
    .where(deliveries.c.id == _intended.c.id, deliveries.c.fence == _intended.c.fence, deliveries.c.status == "claimed")
    .values(
        status="sending",
        attempts=deliveries.c.attempts + 1,
        sent_on=_intended.c.sent_on,
        transport=_intended.c.transport,
    )
    .returning(deliveries.c.id)
)


def intend(connection: Connection, intended: Sequence[tuple[int, int, int, str]]) -> set[int]:
    """Commit the intent to send: (id, fence, local day ordinal, transport). The ids that are still ours."""
    return set(connection.execute(_intend, {"intended": rows(intended)}).scalars().all())


_MAY_HAVE_GONE: list[ColumnElement[str]] = [literal_column("'sending'"), literal_column("'in_doubt'")]
_OPEN = [literal_column("'claimed'"), *_MAY_HAVE_GONE]
_accepted = rowset("accepted", id=Integer, fence=Integer, receipt=String)
_accept = (
    update(deliveries)
    .where(
        deliveries.c.id == _accepted.c.id,
        deliveries.c.fence == _accepted.c.fence,
        deliveries.c.status.in_(_MAY_HAVE_GONE),
    )
    .values(
        status="sent",
        receipt=_accepted.c.receipt,
        sent_at=bindparam("sent_at", type_=Instant),
        lease_owner=None,
        lease_until=None,
    )
)


def accept(connection: Connection, accepted: Sequence[tuple[int, int, str]], sent_at: datetime) -> int:
    """Record acceptances: (id, fence, receipt). How many were recorded."""
    return connection.execute(_accept, {"accepted": rows(accepted), "sent_at": sent_at}).rowcount


_settled = rowset(
    "settled",
    id=Integer,
    fence=Integer,
    status=String,
    reason=String,
    detail=String,
    send_at=BigInteger,
    moved_because=String,
)
_settle = (
    update(deliveries)
    .where(
        deliveries.c.id == _settled.c.id,
        deliveries.c.fence == _settled.c.fence,
        deliveries.c.status.in_(_OPEN),
    )
    .values(
        status=_settled.c.status,
        reason=_settled.c.reason,
        detail=_settled.c.detail,
        send_at=func.coalesce(_settled.c.send_at, deliveries.c.send_at),
        moved_because=func.coalesce(_settled.c.moved_because, deliveries.c.moved_because),
        # Only what may have reached the partner counts towards their caps, and only a doubt remembers its lease.
        sent_on=case((_settled.c.status == "in_doubt", deliveries.c.sent_on)),
        lease_owner=None,
        lease_until=case((_settled.c.status == "in_doubt", deliveries.c.lease_until)),
    )
)


def settle(connection: Connection, settled: Sequence[Sequence[object]]) -> int:
    """Record what became of deliveries that were not accepted, columns as in `_settled`. How many were recorded."""
    return connection.execute(_settle, {"settled": rows(settled)}).rowcount


def log_attempts(connection: Connection, tried: Sequence[tuple[int, str, str, str]], at: datetime) -> None:
    """Keep what was not accepted, and why: (delivery, transport, outcome, detail)."""
    if tried:
        names = ("delivery_id", "transport", "outcome", "detail")
        connection.execute(insert(attempts), [{**dict(zip(names, row, strict=True)), "at": at} for row in tried])


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


_unsettled = select(exists(select(1).where(_expired)) | exists(select(1).where(IN_DOUBT)))


def unsettled(connection: Connection, now: datetime) -> bool:
    """Whether a lease has run out or anything is in doubt: a look that takes no lock, for every tick."""
    return bool(connection.execute(_unsettled, {"now": now}).scalar_one())


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


_doubts = (
    select(
        deliveries.c.id,
        deliveries.c.fence,
        deliveries.c.channel,
        deliveries.c.transport,
        deliveries.c.lease_until,
    )
    .where(IN_DOUBT, deliveries.c.id > bindparam("after"))
    .order_by(deliveries.c.id)
    .limit(bindparam("limit", type_=Integer))
)


def in_doubt(connection: Connection, after: int, limit: int) -> list[Doubt]:
    """The next `limit` deliveries in doubt whose id is above `after`."""
    return [Doubt(*row) for row in connection.execute(_doubts, {"after": after, "limit": limit})]
