"""Suppressions that follow from what we heard. What is stored depends on what was told, not on the order of telling.

Of several reasons for one address the list keeps one: a firm one (bounce, complaint) before what its owner may take
back (STOP), of these "never write to me again" before "no more of these" (UNSUBSCRIBED, after which one may sign up
anew), that before a count of soft bounces; of two alike the earlier. What the operator put there stays. START takes
back only what was asked before it; a delivery that arrives takes back only the count of soft bounces.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Insert,
    LargeBinary,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    or_,
    select,
    tuple_,
)

from engine.model.campaign import Channel
from engine.model.event import Command, EventType
from engine.model.suppression import REVOCABLE, SuppressReason
from engine.store.events import ids_of, numbered
from engine.store.portable import insert
from engine.store.schema import events, partners, suppressions
from engine.store.types import Instant

SOFT_BOUNCES = 5
"""So many different deliveries that came back, and none that arrived in between, end it."""
SOFT_WITHIN = timedelta(days=30)

_revocable = sorted(reason.value for reason in REVOCABLE)
_COLUMNS = ("address_index", "channel", "reason", "source", "at")


def _rank(reason: ColumnElement[str]) -> ColumnElement[int]:
    return case(
        (reason == SuppressReason.SOFT_BOUNCES.value, 3),
        (reason == SuppressReason.UNSUBSCRIBED.value, 2),
        (reason.in_(_revocable), 1),
        else_=0,
    )


def _merged(statement: Any) -> Insert:
    new, old = statement.excluded, suppressions.c
    merged: Insert = statement.on_conflict_do_update(
        index_elements=["address_index"],
        set_={name: new[name] for name in _COLUMNS[1:]},
        where=and_(
            old.reason != SuppressReason.OPERATOR.value,
            tuple_(_rank(new.reason), new.at, new.reason, new.source)
            < tuple_(_rank(old.reason), old.at, old.reason, old.source),
        ),
    )
    return merged


_began = events.alias("began")
_taken_back = exists(
    select(1).where(
        _began.c.address_index == events.c.address_index,
        _began.c.type == EventType.REPLIED.value,
        _began.c.code == Command.START.value,
        tuple_(_began.c.at, _began.c.id) > tuple_(events.c.at, events.c.id),
    )
)
_reasons = (
    select(
        events.c.address_index,
        events.c.channel,
        events.c.suppress,
        events.c.source,
        events.c.at,
        func.row_number()
        .over(
            partition_by=events.c.address_index,
            order_by=(_rank(events.c.suppress), events.c.at, events.c.suppress, events.c.source),
        )
        .label("place"),
    )
    .where(
        events.c.id.in_(select(ids_of.c.id)),
        events.c.suppress.is_not(None),
        events.c.address_index.is_not(None),
        or_(events.c.suppress.not_in(_revocable), ~_taken_back),
    )
    .subquery()
)
_suppress = _merged(
    insert(suppressions).from_select(
        _COLUMNS,
        select(*(_reasons.c[name] for name in ("address_index", "channel", "suppress", "source", "at"))).where(
            _reasons.c.place == 1
        ),
    )
)


def suppress(connection: Connection, ids: Sequence[int]) -> None:
    """Never send again to the addresses of those of these events that say why."""
    connection.execute(_suppress, numbered(ids))


def reason(connection: Connection, index: bytes) -> SuppressReason | None:
    """Why the address is suppressed now."""
    found = connection.execute(select(suppressions.c.reason).where(suppressions.c.address_index == index)).scalar()
    return None if found is None else SuppressReason(found)


_later = select(events.c.id).where(
    events.c.address_index == bindparam("index", type_=LargeBinary),
    events.c.at >= bindparam("at", type_=Instant),
    events.c.suppress.in_(_revocable),
)


def lift(connection: Connection, index: bytes, event_id: int, at: datetime) -> bool:
    """React to a START, stored as event `event_id`: take back what its owner asked before; whether that freed it."""
    lifted = connection.execute(
        delete(suppressions).where(
            suppressions.c.address_index == index, suppressions.c.reason.in_(_revocable), suppressions.c.at <= at
        )
    ).rowcount
    suppress(connection, connection.execute(_later, {"index": index, "at": at}).scalars().all())
    count_soft(connection, [event_id])
    return lifted > 0 and reason(connection, index) is None


def unsubscribe(connection: Connection, partner_id: int, channel: Channel, source: str, at: datetime) -> bool:
    """Suppress the partner's current address on a channel, as they wish; whether that is news (no address: False)."""
    column = partners.c[f"{channel.address}_index"]
    index: bytes | None = connection.execute(select(column).where(partners.c.id == partner_id)).scalar()
    if index is None:
        return False
    before = reason(connection, index)
    _suppress_one(connection, index, channel, SuppressReason.UNSUBSCRIBED, source, at)
    return before is None or (before not in REVOCABLE and reason(connection, index) in REVOCABLE)


def decline(connection: Connection, index: bytes, channel: Channel, source: str, at: datetime) -> None:
    """Never write to this address again, not even to ask whose it is: its reader was asked, and said no."""
    _suppress_one(connection, index, channel, SuppressReason.DECLINED, source, at)


def welcome_back(connection: Connection, index: bytes) -> None:
    """Take back the unsubscribing of an address whose reader has signed up with it anew; nothing else is taken back."""
    connection.execute(
        delete(suppressions).where(
            suppressions.c.address_index == index, suppressions.c.reason == SuppressReason.UNSUBSCRIBED.value
        )
    )


def _suppress_one(
    connection: Connection, index: bytes, channel: Channel, why: SuppressReason, source: str, at: datetime
) -> None:
    row = (index, channel.value, why.value, source, at)
    connection.execute(_merged(insert(suppressions)), dict(zip(_COLUMNS, row, strict=True)))


_soft = and_(events.c.type == EventType.BOUNCED.value, events.c.suppress.is_(None), events.c.delivery_id.is_not(None))
_counted = exists(
    select(1).where(
        suppressions.c.address_index == events.c.address_index,
        suppressions.c.reason == SuppressReason.SOFT_BOUNCES.value,
    )
)
_touched = (
    select(events.c.address_index)
    .where(
        events.c.id.in_(select(ids_of.c.id)),
        events.c.address_index.is_not(None),
        or_(
            _soft,
            and_(events.c.type == EventType.DELIVERED.value, _counted),
            and_(events.c.type == EventType.REPLIED.value, events.c.code == Command.START.value),
        ),
    )
    .distinct()
)
_arrived = events.alias("arrived")
_arrived_since = exists(
    select(1)
    .where(
        _arrived.c.address_index == events.c.address_index,
        _arrived.c.type == EventType.DELIVERED.value,
        _arrived.c.at >= events.c.at,
    )
    .correlate(events)
)
_looked_at = _touched.subquery("looked_at")
_came_back = (
    select(
        _looked_at.c.address_index,
        func.max(events.c.at).label("at"),
        func.max(events.c.channel).label("channel"),
        func.max(events.c.source).label("source"),
    )
    .select_from(
        _looked_at.outerjoin(events, and_(events.c.address_index == _looked_at.c.address_index, _soft, ~_arrived_since))
    )
    .group_by(_looked_at.c.address_index, events.c.delivery_id)
    .order_by(_looked_at.c.address_index, func.max(events.c.at).desc())
)
"""Each address whose count may have changed, with the deliveries that came back; a row of nulls where none did."""
_keep_count = insert(suppressions)
_keep_count = _keep_count.on_conflict_do_update(
    index_elements=["address_index"],
    set_={name: _keep_count.excluded[name] for name in _COLUMNS[1:]},
    where=suppressions.c.reason == SuppressReason.SOFT_BOUNCES.value,
)


def count_soft(connection: Connection, ids: Sequence[int]) -> None:
    """Count anew, for the addresses of these events, the deliveries that came back since the last one that arrived."""
    rows = connection.execute(_came_back, numbered(ids)).all()
    if not rows:
        return
    due = []
    for index, group in groupby((row for row in rows if row.at is not None), key=itemgetter(0)):
        recent = list(group)
        newest = recent[0]
        if sum(each.at > newest.at - SOFT_WITHIN for each in recent) >= SOFT_BOUNCES:
            due.append((index, newest.channel, SuppressReason.SOFT_BOUNCES.value, newest.source, newest.at))
    connection.execute(
        delete(suppressions).where(
            suppressions.c.reason == SuppressReason.SOFT_BOUNCES.value, suppressions.c.address_index.in_(_touched)
        ),
        numbered(ids),
    )
    if due:
        connection.execute(_keep_count, [dict(zip(_COLUMNS, row, strict=True)) for row in due])
