"""Erasing a partner: all that is theirs goes, and nothing changes for the one who stays."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update

from engine.model.campaign import Channel
from engine.model.delivery import DeliveryStatus, SkipReason
from engine.model.suppression import SuppressReason
from engine.store import leftovers, suppressions
from engine.store.couples_schema import alerts, answers, confirmations, feedback, invitations, pulses
from engine.store.leaving import leave
from engine.store.leftovers import Kind
from engine.store.schema import consents, couples, deliveries, events, partners, replies
from engine.store.vault import SEALED_EMAIL, SEALED_PHONE, Vault

SOURCE = "erased"
"""What a suppression that is left of somebody says of where it comes from."""


ERASED = {Channel.EMAIL: "erased@erased.invalid", Channel.SMS: "+0", Channel.WHATSAPP: "+0"}
"""What stands in place of their address where somebody else's message went to it (RFC 2606): it reaches nobody."""
BY_HAND = "operator"
"""The receipt of what an operator counted as sent: no provider's."""

_OF_THEM = (deliveries, answers, replies, pulses, feedback, consents, confirmations, invitations, alerts)


def erase(connection: Connection, vault: Vault, partner_id: int, now: datetime) -> bool:
    """Delete the partner and all that is theirs, in the caller's transaction; whether there was such a partner.

    Their deliveries, answers and replies go with their row, and so does what was heard of them. Providers' copies of
    their messages, and webhook calls that hold an address of theirs, are noted as leftovers, for `deliver.leftovers` to
    delete. What is left is a keyed hash of each address, so that nobody signs it up again unasked, and the name by
    which the other knew them, as long as there is another. The last of a couple takes the couple along.
    """
    leave(connection, partner_id, now)
    person = connection.execute(select(partners).where(partners.c.id == partner_id)).one_or_none()
    if person is None:
        return False
    others = connection.execute(
        select(partners).where(partners.c.couple_id == person.couple_id, partners.c.id != partner_id)
    ).all()
    _leave_to_be_found(connection, vault, person, others, now)
    for channel, index in _own(person, others):
        suppressions.add_index(connection, index, channel, SuppressReason.UNSUBSCRIBED, SOURCE, now)
        _forget_address(connection, vault, index)
    if not others:
        connection.execute(delete(couples).where(couples.c.id == person.couple_id))
        return True
    connection.execute(update(partners).where(partners.c.id == others[0].id).values(calls_other=person.given_name))
    connection.execute(delete(partners).where(partners.c.id == partner_id))
    return True


def would_go(connection: Connection, partner_id: int) -> dict[str, int]:
    """How many rows of each kind are theirs."""
    return {
        table.name: connection.execute(
            select(func.count()).select_from(table).where(table.c.partner_id == partner_id)
        ).scalar_one()
        for table in _OF_THEM
    }


def _own(person: Row[Any], others: Sequence[Row[Any]]) -> Iterator[tuple[Channel, bytes]]:
    """Their addresses by their hashes, but for one that the other partner has as well: that is theirs too."""
    for channel in (Channel.EMAIL, Channel.SMS):
        index = person._mapping[f"{channel.address}_index"]
        if index is not None and all(other._mapping[f"{channel.address}_index"] != index for other in others):
            yield channel, index


def _leave_to_be_found(
    connection: Connection, vault: Vault, person: Row[Any], others: Sequence[Row[Any]], now: datetime
) -> None:
    """Note down what no row leads to once theirs are gone."""
    sent = select(deliveries.c.transport, deliveries.c.receipt).where(
        deliveries.c.partner_id == person.id,
        deliveries.c.receipt.is_not(None),
        deliveries.c.receipt != BY_HAND,
        deliveries.c.transport.is_not(None),
    )
    wrote = select(replies.c.source, replies.c.key).where(replies.c.partner_id == person.id)
    found = [(Kind.COPY, source, key) for each in (sent, wrote) for source, key in connection.execute(each)]
    own = {channel for channel, _ in _own(person, others)}
    if Channel.EMAIL in own:
        found.append((Kind.CALL, "", vault.open(person.email_cipher, SEALED_EMAIL)))
    if Channel.SMS in own:
        found.append((Kind.CALL, "", vault.open(person.phone_cipher, SEALED_PHONE)))
    leftovers.add(connection, vault, found, now)


def _forget_address(connection: Connection, vault: Vault, index: bytes) -> None:
    """What others' rows hold of it: events that belong to no delivery, and messages that went to it for somebody."""
    connection.execute(delete(events).where(events.c.address_index == index, events.c.delivery_id.is_(None)))
    theirs = deliveries.c.to_index == index
    connection.execute(
        update(deliveries)
        .where(theirs, deliveries.c.status == DeliveryStatus.PLANNED.value)
        .values(status=DeliveryStatus.CANCELLED.value, reason=SkipReason.LEFT.value)
    )
    for channel, nobody in ERASED.items():
        sealed = vault.seal(nobody, SEALED_EMAIL if channel is Channel.EMAIL else SEALED_PHONE)
        connection.execute(
            update(deliveries).where(theirs, deliveries.c.channel == channel.value).values(to_cipher=sealed)
        )
