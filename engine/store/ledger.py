"""The delivery row's way through the send protocol: claim, intend, settle. One statement a batch, never one a row.

Every change names the fence the worker claimed with: a worker that lost its lease changes nothing. One thing it may
still say: that the provider accepted. That is a fact, and it keeps what others took for lost from being sent again.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from engine.store.portable import one_of, up_to
from engine.store.rowset import rows, rowset
from engine.store.schema import PLANNED, attempts, deliveries, enrollments
from engine.store.types import Instant

_channels = rowset("channels", channel=String)
_next = (
    select(deliveries.c.id)
    .where(
        PLANNED,
        deliveries.c.send_at <= bindparam("now", type_=Instant),
        deliveries.c.channel.in_(select(_channels.c.channel)),
    )
    .order_by(deliveries.c.send_at, deliveries.c.id)
    .limit(up_to())
    # Those that another process is at are passed by. Events may be stored of a delivery that is claimed: KEY SHARE.
    .with_for_update(of=deliveries, key_share=True, skip_locked=True)
)


def _claiming(wanted: Select[int]) -> ReturningUpdate[int]:
    # As a CTE, which is read once: PostgreSQL may read a subquery again, and lock and take more than the limit.
    taken = wanted.cte("taken")
    return (
        update(deliveries)
        .where(one_of(deliveries.c.id, select(taken.c.id).scalar_subquery()))
        .values(
            status="claimed",
            lease_owner=bindparam("owner"),
            lease_until=bindparam("until", type_=Instant),
            fence=deliveries.c.fence + 1,
        )
        .returning(deliveries.c.id)
    )


_claim = _claiming(_next)


_campaigns = rowset("campaigns", campaign=String)
# As a value of each row that is looked at: a join would read every enrollment first.
_its_campaign = (
    select(enrollments.c.campaign)
    .where(enrollments.c.id == deliveries.c.enrollment_id)
    .correlate(deliveries)
    .scalar_subquery()
)
_claim_but_for = _claiming(_next.where(_its_campaign.not_in(select(_campaigns.c.campaign))))


def claim(
    connection: Connection,
    now: datetime,
    owner: str,
    until: datetime,
    limit: int,
    channels: Collection[str],
    but_for: Collection[str] = (),
) -> list[int]:
    """Take up to `limit` deliveries on `channels` whose instant has come, under a lease until `until`; their ids.

    Those of the campaigns `but_for` stay where they are; `set_aside` keeps them out of the way.
    """
    wanted = {"now": now, "owner": owner, "until": until, "limit": limit}
    wanted["channels"] = rows([[channel] for channel in channels])
    if but_for:
        wanted["campaigns"] = rows([[campaign] for campaign in but_for])
    return sorted(connection.execute(_claim_but_for if but_for else _claim, wanted).scalars().all())


_head = (
    select(deliveries.c.id, deliveries.c.enrollment_id, deliveries.c.channel)
    .where(PLANNED, deliveries.c.send_at <= bindparam("now", type_=Instant))
    .order_by(deliveries.c.send_at, deliveries.c.id)
    .limit(up_to())
    .subquery("head")
)
_set_aside = (
    update(deliveries)
    .where(
        one_of(
            deliveries.c.id,
            select(_head.c.id)
            .where(
                or_(
                    select(enrollments.c.campaign)
                    .where(enrollments.c.id == _head.c.enrollment_id)
                    .scalar_subquery()
                    .in_(select(_campaigns.c.campaign)),
                    _head.c.channel.in_(select(_channels.c.channel)),
                )
            )
            .scalar_subquery(),
        )
    )
    .values(send_at=bindparam("until", type_=Instant), moved_because="held")
)


def set_aside(
    connection: Connection,
    now: datetime,
    until: datetime,
    campaigns: Collection[str],
    channels: Collection[str],
    limit: int,
) -> int:
    """Of the `limit` deliveries that are due first, let those of these campaigns and channels wait; how many do.

    Otherwise each claim would have to pass by all that is held.
    """
    given = {"now": now, "until": until, "limit": limit}
    given["campaigns"] = rows([[campaign] for campaign in campaigns])
    given["channels"] = rows([[channel] for channel in channels])
    return connection.execute(_set_aside, given).rowcount


_waits = select(
    exists(
        select(1).where(
            PLANNED,
            deliveries.c.send_at <= bindparam("now", type_=Instant),
            deliveries.c.channel == bindparam("channel"),
        )
    )
)


def waits(connection: Connection, now: datetime, channel: str) -> bool:
    """Whether a delivery on the channel could be claimed."""
    return bool(connection.execute(_waits, {"now": now, "channel": channel}).scalar_one())


_intended = rowset(
    "intended", id=Integer, fence=Integer, sent_on=Integer, transport=String, parts=Integer, cost=Integer
)
_intend = (
    update(deliveries)
    .where(
        deliveries.c.id == _intended.c.id,
        deliveries.c.fence == _intended.c.fence,
        deliveries.c.status == literal_column("'claimed'"),
    )
    .values(
        status="sending",
        attempts=deliveries.c.attempts + 1,
        sent_on=_intended.c.sent_on,
        transport=_intended.c.transport,
        parts=_intended.c.parts,
        cost=_intended.c.cost,
        intended_at=bindparam("now", type_=Instant),
    )
    .returning(deliveries.c.id)
)


def intend(
    connection: Connection,
    intended: Sequence[tuple[int, int, int | None, str, int, int]],
    now: datetime,
) -> set[int]:
    """Commit the intent to send: (id, fence, local day ordinal, transport, parts, cost). The ids still ours.

    A message without a day counts towards no cap.
    """
    return set(connection.execute(_intend, {"intended": rows(intended), "now": now}).scalars().all())


_MAY_HAVE_GONE: list[ColumnElement[str]] = [literal_column("'sending'"), literal_column("'in_doubt'")]
_TAKEN_FOR_LOST: list[ColumnElement[str]] = [
    literal_column(f"'{status}'") for status in ("planned", "skipped", "failed", "cancelled")
]
_held = rowset("held", id=Integer, fence=Integer)
_renew = (
    update(deliveries)
    .where(
        deliveries.c.id == _held.c.id,
        deliveries.c.fence == _held.c.fence,
        deliveries.c.status.in_(_MAY_HAVE_GONE),
    )
    .values(lease_until=bindparam("until", type_=Instant))
)


def renew(connection: Connection, held: Sequence[tuple[int, int]], until: datetime) -> int:
    """Whoever is still sending these (id, fence) says so: their leases, run out or not, last until then.

    Returns how many are still theirs, and have no answer yet.
    """
    return connection.execute(_renew, {"held": rows(held), "until": until}).rowcount


_OPEN = [literal_column("'claimed'"), *_MAY_HAVE_GONE]
_accepted = rowset("accepted", id=Integer, fence=Integer, receipt=String)
_accept = (
    update(deliveries)
    .where(
        deliveries.c.id == _accepted.c.id,
        or_(
            and_(deliveries.c.fence == _accepted.c.fence, deliveries.c.status.in_(_MAY_HAVE_GONE)),
            and_(deliveries.c.fence >= _accepted.c.fence, deliveries.c.status.in_(_TAKEN_FOR_LOST)),
            # Claimed again, and nothing has left under that claim: the new worker finds it gone at the last look.
            and_(deliveries.c.fence > _accepted.c.fence, deliveries.c.status == literal_column("'claimed'")),
        ),
    )
    .values(
        status="sent",
        reason=None,
        receipt=_accepted.c.receipt,
        sent_at=bindparam("sent_at", type_=Instant),
        lease_owner=None,
        lease_until=None,
    )
)


def accept(connection: Connection, accepted: Sequence[tuple[int, int, str]], sent_at: datetime) -> int:
    """Record acceptances: (id, fence, receipt). How many were recorded."""
    return connection.execute(_accept, {"accepted": rows(accepted), "sent_at": sent_at}).rowcount


_told = rowset("told", id=Integer, receipt=String, at=BigInteger, transport=String, sent_on=Integer)
_heard_of = (
    update(deliveries)
    .where(
        deliveries.c.id == _told.c.id,
        or_(
            deliveries.c.status.in_(_MAY_HAVE_GONE),
            # Taken for lost, or claimed again; what was never handed over cannot have been accepted.
            and_(
                deliveries.c.attempts > 0,
                deliveries.c.status.in_([*_TAKEN_FOR_LOST, literal_column("'claimed'")]),
            ),
        ),
    )
    .values(
        status="sent",
        reason=None,
        receipt=func.coalesce(_told.c.receipt, deliveries.c.receipt),
        transport=_told.c.transport,
        sent_at=_told.c.at,
        sent_on=func.coalesce(deliveries.c.sent_on, _told.c.sent_on),
        lease_owner=None,
        lease_until=None,
    )
)


def heard_of(connection: Connection, told: Sequence[tuple[int, str | None, int, str, int | None]]) -> int:
    """Record acceptances that providers told us of: (id, receipt, instant in milliseconds, transport, local day
    ordinal). The day counts only where none is stored. How many were news; the answer to the send may come later.
    """
    return connection.execute(_heard_of, {"told": rows(told)}).rowcount


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
        sent_on=case((or_(_settled.c.status == "in_doubt", _settled.c.reason == "dropped"), deliveries.c.sent_on)),
        lease_owner=None,
        lease_until=case((_settled.c.status == "in_doubt", deliveries.c.lease_until)),
    )
)


def settle(connection: Connection, settled: Sequence[Sequence[object]]) -> int:
    """Record what became of deliveries that were not accepted, columns as in `_settled`. How many were recorded."""
    return connection.execute(_settle, {"settled": rows(settled)}).rowcount


_tried = rowset("tried", delivery_id=Integer, transport=String, outcome=String, detail=String)
_log = insert(attempts).from_select(
    [*_tried.c.keys(), "at"],
    # Without those whose partner was erased while they were on their way.
    select(*_tried.c, bindparam("at", type_=Instant)).join(deliveries, deliveries.c.id == _tried.c.delivery_id),
)


def log_attempts(connection: Connection, tried: Sequence[tuple[int, str, str, str]], at: datetime) -> None:
    """Keep what was not accepted, and why: (delivery, transport, outcome, detail)."""
    if tried:
        connection.execute(_log, {"tried": rows(tried), "at": at})
