"""What a partner says of themselves and of how they are reached, as it is stored."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from engine.errors import NotFound
from engine.store.schema import couples, partners

_of = select(partners).where(partners.c.id == bindparam("partner_id"))


def of(connection: Connection, partner_id: int) -> Row[*tuple[Any, ...]]:
    """All that is stored of a partner, addresses sealed. NotFound when there is no such partner (any more)."""
    row = connection.execute(_of, {"partner_id": partner_id}).one_or_none()
    if row is None:
        raise NotFound("There is no such partner.", fix="`rekindle couples show` names a couple's partners.")
    return row


def partner_at(connection: Connection, ref: str, position: int) -> int:
    """The id of the partner at `position` (1 or 2) of the couple called `ref`. NotFound when there is none."""
    partner_id: int | None = connection.execute(
        select(partners.c.id)
        .join(couples, couples.c.id == partners.c.couple_id)
        .where(couples.c.ref == ref, partners.c.position == position)
    ).scalar()
    if partner_id is None:
        raise NotFound(
            f"There is no partner {position} of a couple {ref!r}.", fix="`rekindle couples list` shows every couple."
        )
    return partner_id


def change(connection: Connection, partner_id: int, values: Mapping[str, object]) -> None:
    """Store what is new of a partner, by column."""
    connection.execute(update(partners).where(partners.c.id == partner_id).values(dict(values)))
