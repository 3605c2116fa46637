"""What people wrote back, sealed, beside the delivery it replies to; and whose number it came from."""

from datetime import timedelta

from sqlalchemy import Column, Connection, and_, func, literal, or_, select
from sqlalchemy.dialects.sqlite import insert

from engine.model.campaign import Channel
from engine.model.event import Inbound
from engine.store.events import Found
from engine.store.schema import deliveries, partners, replies
from engine.store.vault import Vault

SEALED_TEXT = "reply.text"
"""What a reply's words are sealed for."""

AT_MOST = timedelta(days=30)
"""A text is about the last message before it, unless that is older than this."""


def whose(connection: Connection, channel: Channel, index: bytes) -> Found | None:
    """The first partner (id, locale) with this address; None for an address that is nobody's."""
    return connection.execute(
        select(partners.c.id, partners.c.locale)
        .where(_index(channel) == index)
        .order_by(partners.c.couple_id, partners.c.position)
        .limit(1)
    ).one_or_none()


_GONE = ("sent", "sending", "in_doubt")
_went_at = func.coalesce(deliveries.c.sent_at, deliveries.c.intended_at, deliveries.c.send_at)


def answered(connection: Connection, inbound: Inbound, index: bytes) -> Found | None:
    """The delivery (id, partner_id) to this address that a message replies to.

    That is the one whose receipt the provider quotes; else the latest that had gone when it was written, on whichever
    channel has that address. None when there is none, or it is older than AT_MOST.
    """
    quoted = (
        and_(deliveries.c.receipt == inbound.in_reply_to, deliveries.c.transport == inbound.source)
        if inbound.in_reply_to
        else literal(False)
    )
    channels = [channel.value for channel in Channel if channel.address == inbound.channel.address]
    latest = and_(deliveries.c.status.in_(_GONE), _went_at <= inbound.at, _went_at >= inbound.at - AT_MOST)
    return connection.execute(
        select(deliveries.c.id, deliveries.c.partner_id)
        .join(partners, partners.c.id == deliveries.c.partner_id)
        .where(_index(inbound.channel) == index, deliveries.c.channel.in_(channels), or_(quoted, latest))
        .order_by(quoted.desc(), _went_at.desc(), deliveries.c.id.desc())
        .limit(1)
    ).one_or_none()


def keep(
    connection: Connection,
    vault: Vault,
    inbound: Inbound,
    partner_id: int | None,
    delivery_id: int | None,
    flagged: bool,
) -> None:
    """Store a reply once; `flagged` when it may have been meant to end the messages."""
    connection.execute(
        insert(replies)
        .values(
            source=inbound.source,
            key=inbound.key,
            partner_id=partner_id,
            delivery_id=delivery_id,
            channel=inbound.channel.value,
            at=inbound.at,
            flagged=flagged,
            text_cipher=vault.seal(inbound.text, SEALED_TEXT),
        )
        .on_conflict_do_nothing(index_elements=["source", "key"])
    )


def _index(channel: Channel) -> Column[bytes | None]:
    column: Column[bytes | None] = partners.c[f"{channel.address}_index"]
    return column
