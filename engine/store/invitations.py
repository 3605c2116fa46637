"""Invitations: one by each partner whose other has not joined. Nothing here tells whoever invites what was answered."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from engine.model.campaign import Channel
from engine.model.notice import NOTICES, Notice
from engine.store.couples_schema import invitations
from engine.store.notices import To
from engine.store.schema import deliveries, enrollments, partners


@dataclass(frozen=True, slots=True)
class Invitation:
    """`messaged`: our one message for it has been asked for. `declined` and `accepted` are for us to act on."""

    id: int
    partner_id: int
    couple_id: int
    given_name: str  # of whoever invites
    messaged: bool
    declined: bool
    accepted: bool


_joined = select(
    invitations.c.id,
    invitations.c.partner_id,
    partners.c.couple_id,
    partners.c.given_name,
    invitations.c.messaged_at.is_not(None),
    invitations.c.declined_at.is_not(None),
    invitations.c.accepted_at.is_not(None),
).join(partners, partners.c.id == invitations.c.partner_id)


def find(connection: Connection, invitation_id: int) -> Invitation | None:
    """The invitation with this id; None when it is gone, with whoever sent it."""
    row = connection.execute(_joined.where(invitations.c.id == invitation_id)).one_or_none()
    return None if row is None else Invitation(*row)


def by(connection: Connection, partner_id: int) -> Invitation | None:
    """The invitation that a partner has made."""
    row = connection.execute(_joined.where(invitations.c.partner_id == partner_id)).one_or_none()
    return None if row is None else Invitation(*row)


def make(connection: Connection, partner_id: int, now: datetime) -> Invitation:
    """The partner's invitation, made when there is none."""
    found = by(connection, partner_id)
    if found is None:
        connection.execute(insert(invitations).values(partner_id=partner_id, made_at=now))
        found = by(connection, partner_id)
    assert found is not None  # noqa: S101 - it was just put there
    return found


def mark(connection: Connection, invitation_id: int, what: str, now: datetime) -> None:
    """Note that it was `messaged`, `declined` or `accepted`; the first time counts."""
    column = invitations.c[f"{what}_at"]
    connection.execute(
        update(invitations).where(invitations.c.id == invitation_id, column.is_(None)).values({column: now})
    )


def went_to(connection: Connection, invitation: Invitation) -> To | None:
    """Where our message for it went, or is to go."""
    row = connection.execute(
        select(deliveries.c.channel, deliveries.c.to_cipher, deliveries.c.to_index)
        .join(enrollments, enrollments.c.id == deliveries.c.enrollment_id)
        .where(
            enrollments.c.couple_id == invitation.couple_id,
            enrollments.c.campaign == NOTICES,
            deliveries.c.partner_id == invitation.partner_id,
            deliveries.c.step == Notice.INVITE.value,
            deliveries.c.occurrence == invitation.id,
            deliveries.c.to_index.is_not(None),
        )
    ).one_or_none()
    return None if row is None else To(Channel(row.channel), row.to_cipher, row.to_index)
