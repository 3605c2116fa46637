"""Who may have written a text, and what it may be about: the partners with its address, and what was sent to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    LargeBinary,
    Select,
    String,
    and_,
    bindparam,
    false,
    func,
    or_,
    select,
)

from engine.model.campaign import Channel
from engine.model.event import Inbound
from engine.store.facts import OTHER_NAME, other
from engine.store.questions import Question, asked, made
from engine.store.schema import deliveries, enrollments, partners
from engine.store.types import Instant

AT_MOST = timedelta(days=30)
"""A text is about a message that came before it, unless that is older than this."""


@dataclass(frozen=True, slots=True)
class Writer:
    """A partner with the address. `consented`: to messages at it, on one channel or another."""

    id: int
    couple_id: int
    locale: str
    timezone: str
    epoch: int
    channel: str
    paused_until: datetime | None
    reach_days: frozenset[int] | None
    reach_from: time | None
    reach_until: time | None
    left: bool
    shared_phone: bool
    consented: bool


def writers(connection: Connection, channel: Channel, index: bytes) -> Sequence[Writer]:
    """The partners with this address, first partner first: two when they share it, none for one that is nobody's."""
    return [_writer(row) for row in connection.execute(_writers(channel), {"index": index})]


@cache
def _writers(channel: Channel) -> Select[Any]:
    return (
        select(
            partners.c.id,
            partners.c.couple_id,
            partners.c.locale,
            partners.c.timezone,
            partners.c.epoch,
            partners.c.channel,
            partners.c.paused_until,
            partners.c.reach_days,
            partners.c.reach_from,
            partners.c.reach_until,
            partners.c.left_at.is_not(None),
            partners.c.shared_phone,
            or_(*(partners.c[f"{each}_consent"] for each in _alike(channel))),
        )
        .where(_index(channel) == bindparam("index", type_=LargeBinary))
        .order_by(partners.c.couple_id, partners.c.position)
    )


def _writer(row: Any) -> Writer:
    return Writer(*row)


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that had gone to the address, or the one that a text quotes."""

    question: Question
    at: datetime
    quoted: bool


def sent_to(connection: Connection, inbound: Inbound, index: bytes) -> Sequence[Sent]:
    """What a text may be about: the message whose receipt the provider quotes, then those that had gone to its address
    when it was written and were not older than AT_MOST, newest first, on whichever channel has that address.
    """
    given = {
        "index": index,
        "receipt": inbound.in_reply_to or None,
        "source": inbound.source,
        "at": inbound.at,
        "since": inbound.at - AT_MOST,
    }
    found = connection.execute(_sent_to(inbound.channel), given)
    return [Sent(made(row[:-2]), row.went_at, bool(row.quoted)) for row in found]


@cache
def _sent_to(channel: Channel) -> Select[Any]:
    went_at = func.coalesce(deliveries.c.sent_at, deliveries.c.intended_at, deliveries.c.send_at)
    at, since = (bindparam(name, type_=Instant) for name in ("at", "since"))
    gone = and_(deliveries.c.status.in_(("sent", "sending", "in_doubt")), went_at <= at, went_at >= since)
    receipt, source = bindparam("receipt", type_=String), bindparam("source", type_=String)
    # Of a message without a receipt it is not known, which PostgreSQL would put before what is true.
    quoted = func.coalesce(and_(deliveries.c.receipt == receipt, deliveries.c.transport == source), false())
    whose = _index(channel) == bindparam("index", type_=LargeBinary)
    theirs = select(enrollments.c.id).join(partners, partners.c.couple_id == enrollments.c.couple_id).where(whose)
    return (
        asked.add_columns(went_at.label("went_at"), quoted.label("quoted"))
        .where(
            # By the index of deliveries, which begins with these two: it is asked about each text.
            deliveries.c.enrollment_id.in_(theirs),
            deliveries.c.partner_id.in_(select(partners.c.id).where(whose)),
            deliveries.c.channel.in_([each.value for each in _alike(channel)]),
            deliveries.c.to_index.is_(None),  # else it went to somebody else's address
            or_(quoted, gone),
        )
        .order_by(quoted.desc(), went_at.desc(), deliveries.c.id.desc())
    )


def other_name(connection: Connection, partner_id: int) -> str | None:
    """What a partner calls the other; None for who never had one."""
    found: str | None = connection.execute(
        select(OTHER_NAME)
        .select_from(partners)
        .outerjoin(other, and_(other.c.couple_id == partners.c.couple_id, other.c.id != partners.c.id))
        .where(partners.c.id == partner_id)
    ).scalar()
    return found


def _alike(channel: Channel) -> list[Channel]:
    """The channels that reach the same address: a text and a WhatsApp message come to one phone."""
    return [each for each in Channel if each.address == channel.address]


def _index(channel: Channel) -> Column[bytes | None]:
    column: Column[bytes | None] = partners.c[f"{channel.address}_index"]
    return column
