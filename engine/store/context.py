"""What a claimed batch is read with, one query a question: for rendering, for the gates, for the caps."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection, Integer, and_, case, exists, func, literal_column, select

from engine.store.facts import OTHER_NAME, STANDING, VERSION, Facts, joined, other, quick, reach
from engine.store.portable import up_to
from engine.store.rowset import rows, rowset
from engine.store.schema import couples, deliveries, enrollments, partners

_ids = rowset("ids", id=Integer)
_earlier = deliveries.alias("earlier")
# The first message on a channel says how to end them. One that only may have arrived has not said it for certain.
_first = ~exists(
    select(1).where(
        _earlier.c.enrollment_id == deliveries.c.enrollment_id,
        _earlier.c.partner_id == deliveries.c.partner_id,
        _earlier.c.channel == deliveries.c.channel,
        _earlier.c.sent_on.is_not(None),  # so that an index answers
        _earlier.c.status == "sent",
        _earlier.c.id != deliveries.c.id,
    )
)
_by_email = deliveries.c.channel == literal_column("'email'")
_context = (
    select(
        deliveries.c.id,
        deliveries.c.fence,
        deliveries.c.attempts,
        deliveries.c.step,
        deliveries.c.week,
        deliveries.c.activity,
        deliveries.c.variant,
        deliveries.c.channel,
        deliveries.c.due_at,
        deliveries.c.expires_at,
        enrollments.c.seed,
        partners.c.given_name,
        func.coalesce(deliveries.c.to_locale, partners.c.locale).label("locale"),
        func.coalesce(
            deliveries.c.to_cipher, case((_by_email, partners.c.email_cipher), else_=partners.c.phone_cipher)
        ).label("address_cipher"),
        func.coalesce(
            deliveries.c.to_index, case((_by_email, partners.c.email_index), else_=partners.c.phone_index)
        ).label("address_index"),
        deliveries.c.to_index,
        deliveries.c.about,
        partners.c.epoch,
        partners.c.timezone,
        partners.c.reach_days,
        partners.c.reach_from,
        partners.c.reach_until,
        partners.c.id.label("partner_id"),
        OTHER_NAME,
        _first.label("first"),
        VERSION,
    )
    .join_from(deliveries, partners, partners.c.id == deliveries.c.partner_id)
    .join(enrollments, enrollments.c.id == deliveries.c.enrollment_id)
    .outerjoin(other, and_(other.c.couple_id == partners.c.couple_id, other.c.id != partners.c.id))
    .where(deliveries.c.id.in_(select(_ids.c.id)))
    .order_by(deliveries.c.id)
)


def context(connection: Connection, ids: Sequence[int]) -> Sequence[Facts]:
    """All that rendering needs of each delivery, in id order."""
    return quick(connection.execute(_context, {"ids": rows([[i] for i in ids])}))


Unread = tuple[int, int, str, str]
"""(delivery, fence, channel, kind of error)"""
_names = select(deliveries.c.id, deliveries.c.fence, deliveries.c.channel).where(deliveries.c.id.in_(select(_ids.c.id)))


def readable(connection: Connection, ids: Sequence[int]) -> tuple[Sequence[Facts], list[Unread]]:
    """The same for those whose rows can be read, and what is wrong with each of the others."""
    try:
        return context(connection, ids), []
    except (ValueError, TypeError, LookupError, ArithmeticError) as error:
        if len(ids) == 1:
            number, fence, channel = connection.execute(_names, {"ids": rows([ids])}).one()
            return [], [(number, fence, channel, type(error).__name__)]
    half = len(ids) // 2
    (left, wrong), (right, more) = readable(connection, ids[:half]), readable(connection, ids[half:])
    return [*left, *right], wrong + more


_latest = select(deliveries.c.id).order_by(deliveries.c.id.desc()).limit(up_to())


def latest(connection: Connection, limit: int) -> Sequence[int]:
    """The deliveries that were planned last, up to `limit`."""
    return connection.execute(_latest, {"limit": limit}).scalars().all()


_lock = (
    select(couples.c.id)
    .where(
        couples.c.id.in_(
            select(enrollments.c.couple_id)
            .join(deliveries, deliveries.c.enrollment_id == enrollments.c.id)
            .where(deliveries.c.id.in_(select(_ids.c.id)))
        )
    )
    .order_by(couples.c.id)
    .with_for_update(key_share=True)
)


def lock_couples(connection: Connection, ids: Sequence[int]) -> None:
    """Have the couples of these deliveries to oneself until the transaction ends: what two processes are to send to one
    of them counts towards the same caps, and may go to one address.
    """
    if ids and connection.dialect.name != "sqlite":  # there whoever writes has everything to itself
        connection.execute(_lock, {"ids": rows([[i] for i in ids])})


_twin = deliveries.alias("twin")
_facts = (
    select(
        deliveries.c.id,
        deliveries.c.fence,
        _twin.c.id.label("twin_id"),
        _twin.c.status.label("twin_status"),
        _twin.c.sent_on.is_not(None).label("twin_gone"),
        *STANDING,
        *reach(deliveries.c.channel, deliveries.c.to_index),
    )
    .select_from(
        joined(deliveries).outerjoin(
            _twin,
            and_(
                _twin.c.enrollment_id == deliveries.c.enrollment_id,
                _twin.c.partner_id == other.c.id,
                _twin.c.step == deliveries.c.step,
                _twin.c.occurrence == deliveries.c.occurrence,
                # A text and a WhatsApp message reach the same phone.
                (_twin.c.channel == literal_column("'email'")) == _by_email,
            ),
        )
    )
    .where(deliveries.c.id.in_(select(_ids.c.id)))
)


def facts(connection: Connection, ids: Sequence[int]) -> dict[int, Facts]:
    """What the gates need, read again in the transaction that commits the intent to send; by delivery id.

    `twin` is the other partner's delivery of the same occurrence to the same kind of address, where there is one;
    it is `gone` when it went or may have: before a restore, too, or where a doubt was given up.
    """
    return {row.id: row for row in quick(connection.execute(_facts, {"ids": rows([[i] for i in ids])}))}


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
