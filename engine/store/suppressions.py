"""Addresses never to send to, and why. Kept as keyed hashes: the list names nobody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, exists, select

from engine.model.campaign import Channel
from engine.model.suppression import REVOCABLE, SuppressReason
from engine.store.portable import insert
from engine.store.schema import suppressions
from engine.store.vault import Vault, address_index


@dataclass(frozen=True, slots=True)
class Suppression:
    """One address never to send to: `address_index` is what it is looked up by."""

    address_index: bytes
    channel: Channel
    reason: str
    source: str
    at: datetime


def add(
    connection: Connection, vault: Vault, channel: Channel, address: str, reason: str, source: str, at: datetime
) -> bool:
    """Never send to this address (in normal form) again; whether that is news.

    The first reason given stays, but for the operator's: that replaces one that its owner or a delivery could lift.
    """
    return add_index(connection, address_index(vault, channel, address), channel, reason, source, at)


def add_index(connection: Connection, index: bytes, channel: Channel, reason: str, source: str, at: datetime) -> bool:
    """As `add`, for an address known only by its hash, such as a partner's own."""
    statement = insert(suppressions).values(
        address_index=index, channel=channel.value, reason=reason, source=source, at=at
    )
    keys = ["address_index"]
    if reason == SuppressReason.OPERATOR:
        new = {name: statement.excluded[name] for name in ("channel", "reason", "source", "at")}
        weaker = suppressions.c.reason.in_([*REVOCABLE, SuppressReason.SOFT_BOUNCES])
        statement = statement.on_conflict_do_update(index_elements=keys, set_=new, where=weaker)
    else:
        statement = statement.on_conflict_do_nothing(index_elements=keys)
    return connection.execute(statement).rowcount > 0


def remove(connection: Connection, vault: Vault, channel: Channel, address: str) -> bool:
    """Take the address off the list; whether it was on it. Consent is another matter, and stays as it was."""
    return remove_index(connection, index_of(vault, channel, address))


def remove_index(connection: Connection, index: bytes) -> bool:
    """As `remove`, for an address known only by its hash."""
    return connection.execute(delete(suppressions).where(suppressions.c.address_index == index)).rowcount > 0


def index_of(vault: Vault, channel: Channel, address: str) -> bytes:
    """What an address (in normal form) is looked up by."""
    return address_index(vault, channel, address)


def is_suppressed(connection: Connection, vault: Vault, channel: Channel, address: str) -> bool:
    """Whether the address is on the list."""
    index = address_index(vault, channel, address)
    return connection.execute(select(exists().where(suppressions.c.address_index == index))).scalar_one()


def list_suppressions(
    connection: Connection, after: tuple[datetime, bytes] | None = None, limit: int = 100
) -> Sequence[Suppression]:
    """A page, oldest first: the `limit` entries that follow `after`, the (at, address_index) of the last one seen."""
    table = suppressions.c
    page = select(table.address_index, table.channel, table.reason, table.source, table.at)
    if after is not None:
        at, index = after
        page = page.where((table.at > at) | ((table.at == at) & (table.address_index > index)))
    return [
        Suppression(index, Channel(channel), reason, source, at)
        for index, channel, reason, source, at in connection.execute(
            page.order_by(table.at, table.address_index).limit(limit)
        )
    ]
