"""Whose a pass is: the partner behind a row that a link may be about, and the epoch that their links are good for."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Integer, Select, bindparam, select

from engine.store.couples_schema import confirmations, invitations
from engine.store.facts import OTHER_NAME, other
from engine.store.schema import deliveries, partners


@dataclass(frozen=True, slots=True)
class Holder:
    """A partner, as far as opening a page goes, and what they call the other, if they ever had one with us.

    `left`: they have ended everything; only stopping us is still theirs.
    """

    partner_id: int
    couple_id: int
    given_name: str
    locale: str
    timezone: str
    epoch: int
    left: bool
    other_name: str | None


_holder = (
    select(
        partners.c.id,
        partners.c.couple_id,
        partners.c.given_name,
        partners.c.locale,
        partners.c.timezone,
        partners.c.epoch,
        partners.c.left_at.is_not(None),
        OTHER_NAME,
    )
    .select_from(partners)
    .outerjoin(other, (other.c.couple_id == partners.c.couple_id) & (other.c.id != partners.c.id))
)
_row = bindparam("row_id", type_=Integer)
_of_partner = _holder.where(partners.c.id == _row)
_of_delivery = _holder.join(deliveries, deliveries.c.partner_id == partners.c.id).where(deliveries.c.id == _row)
_of_confirmation = _holder.join(confirmations, confirmations.c.partner_id == partners.c.id).where(
    confirmations.c.id == _row
)
_of_invitation = _holder.join(invitations, invitations.c.partner_id == partners.c.id).where(invitations.c.id == _row)


def of_partner(connection: Connection, partner_id: int) -> Holder | None:
    """The partner with this id; None when they are gone."""
    return _found(connection, _of_partner, partner_id)


def of_delivery(connection: Connection, delivery_id: int) -> Holder | None:
    """Whom a delivery is for: of a notice to another address, whoever it speaks for."""
    return _found(connection, _of_delivery, delivery_id)


def of_confirmation(connection: Connection, confirmation_id: int) -> Holder | None:
    """Whose address is to be confirmed."""
    return _found(connection, _of_confirmation, confirmation_id)


def of_invitation(connection: Connection, invitation_id: int) -> Holder | None:
    """Who invites."""
    return _found(connection, _of_invitation, invitation_id)


def _found(connection: Connection, wanted: Select[Any], row_id: int) -> Holder | None:
    row = connection.execute(wanted, {"row_id": row_id}).one_or_none()
    return None if row is None else Holder(*row)
