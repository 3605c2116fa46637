"""Erasing a partner: all that is theirs goes, and nothing changes for the one who stays."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from engine.model.campaign import Channel
from engine.model.suppression import SuppressReason
from engine.store import suppressions
from engine.store.leaving import leave
from engine.store.schema import couples, partners

SOURCE = "erased"
"""What a suppression that is left of somebody says of where it comes from."""


def erase(connection: Connection, partner_id: int, now: datetime) -> bool:
    """Delete the partner and all that is theirs, in the caller's transaction; whether there was such a partner.

    Their deliveries, answers and replies go with their row; calls that were taken in are sealed, name nobody, and are
    forgotten after a month. What is left is a keyed hash of each address, so that nobody signs it up again unasked, and
    the name by which the other knew them, as long as there is another. The last of a couple takes the couple along.
    """
    leave(connection, partner_id, now)
    person = connection.execute(select(partners).where(partners.c.id == partner_id)).one_or_none()
    if person is None:
        return False
    others = connection.execute(
        select(partners).where(partners.c.couple_id == person.couple_id, partners.c.id != partner_id)
    ).all()
    _suppress(connection, person, others, now)
    if not others:
        connection.execute(delete(couples).where(couples.c.id == person.couple_id))
        return True
    connection.execute(update(partners).where(partners.c.id == others[0].id).values(calls_other=person.given_name))
    connection.execute(delete(partners).where(partners.c.id == partner_id))
    return True


def _suppress(connection: Connection, person: Row[Any], others: Sequence[Row[Any]], now: datetime) -> None:
    """Never write to their addresses again, but for one that the other partner has as well: that is theirs too."""
    for channel in (Channel.EMAIL, Channel.SMS):
        column = f"{channel.address}_index"
        index = person._mapping[column]
        if index is not None and all(other._mapping[column] != index for other in others):
            suppressions.add_index(connection, index, channel, SuppressReason.UNSUBSCRIBED, SOURCE, now)
