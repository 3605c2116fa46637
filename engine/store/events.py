"""What providers told us: each event once, and the delivery it is about as soon as that can be known.

Statements take a batch. An event that names only the provider's receipt may come before that receipt is on our row: it
is parked until it can be attached.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Integer, Row, String, bindparam, case, exists, func, select, update

from engine.store.portable import insert, least, up_to
from engine.store.rowset import rows, rowset
from engine.store.schema import PARKED, deliveries, enrollments, events, heard, partners
from engine.store.types import Instant

Found = Row[*tuple[Any, ...]]
"""A row whose columns are named where it is returned."""

FUNNEL = tuple(column.name.removesuffix("_at") for column in heard.columns if column.name.endswith("_at"))
"""The types of event that the funnel keeps the first instant of."""

ids_of = rowset("ids", id=Integer)
"""For statements about events by id: bind `numbered(ids)` to `ids`."""


def numbered(ids: Iterable[int]) -> dict[str, str]:
    """What `ids_of` is bound to."""
    return {"ids": rows([[each] for each in ids])}


def store(connection: Connection, told: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Store events (columns of the table by name); the ids of those that are news, by key."""
    if not told:
        return {}
    statement = insert(events).on_conflict_do_nothing(index_elements=["source", "key"])
    return {key: number for number, key in connection.execute(statement.returning(events.c.id, events.c.key), told)}


# The delivery's own address, by its channel: what the event is about unless it names another.
own_index = case((deliveries.c.channel == "email", partners.c.email_index), else_=partners.c.phone_index)
_about = (
    select(deliveries.c.id, deliveries.c.receipt, enrollments.c.seed, own_index.label("address_index"))
    .join(enrollments, enrollments.c.id == deliveries.c.enrollment_id)
    .join(partners, partners.c.id == deliveries.c.partner_id)
)
_by_id = _about.where(deliveries.c.id.in_(select(ids_of.c.id)))
_receipts = rowset("receipts", receipt=String)
_by_receipt = _about.where(
    deliveries.c.receipt.in_(select(_receipts.c.receipt)), deliveries.c.transport == bindparam("source")
).order_by(deliveries.c.id.desc())


def deliveries_by_id(connection: Connection, ids: Iterable[int]) -> dict[int, Found]:
    """Deliveries with the seed that proves a reference and the hash of their partner's current address, by id."""
    return {row.id: row for row in connection.execute(_by_id, numbered(set(ids)))}


def deliveries_by_receipt(connection: Connection, source: str, receipts: Iterable[str]) -> dict[str, Found]:
    """The same, by what the transport called `source` got for them; the first delivery if a receipt came twice."""
    wanted = {"source": source, "receipts": rows([[each] for each in set(receipts)])}
    return {row.receipt: row for row in connection.execute(_by_receipt, wanted)}


# The delivery that got the receipt since; the first, should a provider have given it twice.
_since_known = (
    select(func.min(deliveries.c.id))
    .where(deliveries.c.receipt == events.c.receipt, deliveries.c.transport == events.c.source)
    .scalar_subquery()
)
_attachable = PARKED & (events.c.received_at > bindparam("since", type_=Instant)) & _since_known.is_not(None)
_any_parked = select(exists(select(1).where(_attachable)))
_parked = (
    select(
        events.c.id,
        events.c.type,
        events.c.address_index.is_not(None).label("addressed"),
        _since_known.label("delivery_id"),
    )
    .where(_attachable)
    .order_by(events.c.received_at, events.c.id)
    .limit(up_to())
)


def any_attachable(connection: Connection, since: datetime) -> bool:
    """Whether `attachable` would find anything: reads no more than the parked events themselves."""
    return bool(connection.execute(_any_parked, {"since": since}).scalar_one())


def attachable(connection: Connection, since: datetime, limit: int) -> Sequence[Found]:
    """Parked events that came after `since` and whose delivery is known now: (id, type, addressed, delivery_id)."""
    return connection.execute(_parked, {"since": since, "limit": limit}).all()


_attached = rowset("attached", id=Integer, delivery_id=Integer)
_attach = (
    update(events)
    .where(
        events.c.id == _attached.c.id,
        PARKED,
        deliveries.c.id == _attached.c.delivery_id,
        partners.c.id == deliveries.c.partner_id,
    )
    .values(delivery_id=_attached.c.delivery_id, address_index=func.coalesce(events.c.address_index, own_index))
)


def attach(connection: Connection, found: Sequence[tuple[int, int]]) -> None:
    """Say which delivery parked events are about: (event, delivery)."""
    connection.execute(_attach, {"attached": rows(found)})


_firsts = (
    select(
        events.c.delivery_id,
        *(func.min(case((events.c.type == kind, events.c.at))).label(f"{kind}_at") for kind in FUNNEL),
    )
    .where(events.c.id.in_(select(ids_of.c.id)), events.c.delivery_id.is_not(None), events.c.type.in_(FUNNEL))
    .group_by(events.c.delivery_id)
)
_news = insert(heard).from_select(["delivery_id", *(f"{kind}_at" for kind in FUNNEL)], _firsts)
_advance = _news.on_conflict_do_update(
    index_elements=["delivery_id"],
    set_={
        # The earlier of the two, or the one that there is.
        name: func.coalesce(least(heard.c[name], _news.excluded[name]), heard.c[name], _news.excluded[name])
        for name in (f"{kind}_at" for kind in FUNNEL)
    },
)


def advance(connection: Connection, ids: Sequence[int]) -> None:
    """Move the funnel of the deliveries that these events are about: each kind keeps its earliest instant."""
    connection.execute(_advance, numbered(ids))


_unsettled = (
    select(
        events.c.delivery_id,
        func.max(events.c.source).label("source"),
        func.max(events.c.receipt).label("receipt"),
        func.min(events.c.at).label("at"),
        deliveries.c.timezone,
    )
    .join(deliveries, deliveries.c.id == events.c.delivery_id)
    .where(events.c.id.in_(select(ids_of.c.id)), deliveries.c.status != "sent")
    .group_by(events.c.delivery_id, deliveries.c.timezone)
)


def unsettled(connection: Connection, ids: Sequence[int]) -> Sequence[Found]:
    """Deliveries that these events are about and that are not down as sent: (delivery_id, source, receipt, at,
    timezone), `at` being the earliest.
    """
    return connection.execute(_unsettled, numbered(ids)).all()
