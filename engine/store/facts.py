"""What the gates need to know of a partner in an enrollment: the same columns when planning and just before sending."""

from collections import namedtuple
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, FromClause, and_, case, exists, func, literal_column, select

from engine.store.schema import couples, deliveries, enrollments, partners, suppressions

other = partners.alias("other")

OTHER_NAME = func.coalesce(other.c.given_name, partners.c.calls_other).label("other_name")
"""What the partner calls the other: also one who has erased themselves. Null for who never had another."""

VERSION = func.coalesce(deliveries.c.digest, enrollments.c.digest).label("digest")
"""The version of its campaign that a delivery's words are from: what it was begun by, though its couple moved on."""


def _suppressed(index: ColumnElement[bytes], to: ColumnElement[bytes] | None = None) -> ColumnElement[bool]:
    found = select(1).where(suppressions.c.address_index == index)
    if to is not None:
        found = found.where(to.is_(None) | (suppressions.c.reason != literal_column("'unsubscribed'")))
    return exists(found.correlate_except(suppressions))


Facts = Any
"""A row with at least the columns of FACTS, by name: a named tuple, or SQLAlchemy's own Row."""

STANDING: tuple[ColumnElement[Any], ...] = (
    partners.c.id.label("partner_id"),
    partners.c.position,
    partners.c.timezone,
    partners.c.reach_days,
    partners.c.reach_from,
    partners.c.reach_until,
    partners.c.left_at,
    partners.c.paused_until.label("partner_paused_until"),
    couples.c.paused_until.label("couple_paused_until"),
    couples.c.life_event_at,
    enrollments.c.status.label("enrollment_status"),
)
"""What is so whichever channel a message takes."""

FACTS: tuple[ColumnElement[Any], ...] = (
    *STANDING,
    partners.c.channel.label("preferred"),
    partners.c.email_index.is_not(None).label("has_email"),
    partners.c.phone_index.is_not(None).label("has_phone"),
    partners.c.email_consent,
    partners.c.sms_consent,
    partners.c.whatsapp_consent,
    _suppressed(partners.c.email_index).label("email_suppressed"),
    _suppressed(partners.c.phone_index).label("phone_suppressed"),
    enrollments.c.digest,
    OTHER_NAME,
    (other.c.email_index == partners.c.email_index).label("same_email"),
    (other.c.phone_index == partners.c.phone_index).label("same_phone"),
)


def reach(channel: ColumnElement[str], to: ColumnElement[bytes]) -> tuple[ColumnElement[Any], ...]:
    """What is so on one channel, where a row has one: has_address, consented, suppressed, same_address.

    A notice `to` an address of its own asks whoever reads it for consent, and so needs none; but who told us never to
    write again is left in peace. Somebody who once unsubscribed by email and signs up anew may confirm.
    """
    by_email = channel == literal_column("'email'")
    own = case((by_email, partners.c.email_index), else_=partners.c.phone_index)
    index = func.coalesce(to, own)
    texted = case((channel == literal_column("'sms'"), partners.c.sms_consent), else_=partners.c.whatsapp_consent)
    return (
        index.is_not(None).label("has_address"),
        (to.is_not(None) | case((by_email, partners.c.email_consent), else_=texted)).label("consented"),
        _suppressed(index, to).label("suppressed"),
        (to.is_(None) & (case((by_email, other.c.email_index), else_=other.c.phone_index) == own)).label(
            "same_address"
        ),
    )


def joined(base: FromClause) -> FromClause:
    """`base` (places or deliveries) with its partner, enrollment, couple and, where there is one, the other partner."""
    return (
        base.join(partners, partners.c.id == base.c.partner_id)
        .join(enrollments, enrollments.c.id == base.c.enrollment_id)
        .join(couples, couples.c.id == partners.c.couple_id)
        .outerjoin(other, and_(other.c.couple_id == partners.c.couple_id, other.c.id != partners.c.id))
    )


def quick(result: CursorResult[*tuple[Any, ...]]) -> list[Facts]:
    """The rows as named tuples: SQLAlchemy's Row looks a name up each time, and every column here is read."""
    return [*map(_named_tuple(tuple(result.keys()))._make, result.all())]


@cache
def _named_tuple(columns: tuple[str, ...]) -> Any:
    return namedtuple("Row", columns)
