"""Addresses never to send to, and why. Kept as keyed hashes: the list names nobody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, exists, insert, literal, select

from engine.model.campaign import Channel
from engine.store.schema import suppressions
from engine.store.types import Instant
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
    """Never send to this address (in normal form) again; whether that is news. The first reason given stays."""
    return add_index(connection, address_index(vault, channel, address), channel, reason, source, at)


def add_index(connection: Connection, index: bytes, channel: Channel, reason: str, source: str, at: datetime) -> bool:
    """As `add`, for an address known only by its hash, such as a partner's own."""
    known = exists().where(suppressions.c.address_index == index)
    new = select(literal(index), literal(channel.value), literal(reason), literal(source), literal(at, Instant)).where(
        ~known
    )
    columns = ["address_index", "channel", "reason", "source", "at"]
    return connection.execute(insert(suppressions).from_select(columns, new)).rowcount > 0


def remove(connection: Connection, vault: Vault, channel: Channel, address: str) -> bool:
    """Take the address off the list; whether it was on it. Consent is another matter, and stays as it was."""
    index = address_index(vault, channel, address)
    return connection.execute(delete(suppressions).where(suppressions.c.address_index == index)).rowcount > 0


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
