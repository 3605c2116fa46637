"""Addresses that somebody says are theirs, from the asking until whoever reads them confirms."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, exists, func, insert, or_, select, update

from engine.model.campaign import Channel
from engine.store.couples_schema import confirmations
from engine.store.notices import To
from engine.store.schema import couples, partners


@dataclass(frozen=True, slots=True)
class Confirmation:
    """One asking. Confirming it begins `campaign`, or joins whoever sent the invitation, or else changes an address.

    `new` says that the partner has no address yet: without a campaign or invitation, what they were invited to is gone.
    """

    id: int
    partner_id: int
    couple_id: int
    to: To = field(repr=False)
    campaign: str | None
    invitation_id: int | None
    confirmed: bool
    new: bool


def ask(
    connection: Connection,
    partner_id: int,
    to: To,
    now: datetime,
    *,
    campaign: str | None = None,
    invitation_id: int | None = None,
) -> int:
    """Keep that this address is to be confirmed for the partner; its id."""
    asked: int = connection.execute(
        insert(confirmations)
        .values(
            partner_id=partner_id,
            channel=to.channel.value,
            address_cipher=to.cipher,
            address_index=to.index,
            campaign=campaign,
            invitation_id=invitation_id,
            asked_at=now,
        )
        .returning(confirmations.c.id)
    ).scalar_one()
    return asked


_NEW = partners.c.email_index.is_(None) & partners.c.phone_index.is_(None)


def find(connection: Connection, confirmation_id: int) -> Confirmation | None:
    """The asking with this id; None when it was never there or is forgotten."""
    row = connection.execute(
        select(confirmations, partners.c.couple_id, _NEW.label("new"))
        .join(partners, partners.c.id == confirmations.c.partner_id)
        .where(confirmations.c.id == confirmation_id)
    ).one_or_none()
    if row is None:
        return None
    return Confirmation(
        row.id,
        row.partner_id,
        row.couple_id,
        To(Channel(row.channel), row.address_cipher, row.address_index),
        row.campaign,
        row.invitation_id,
        row.confirmed_at is not None,
        row.new,
    )


def settle(connection: Connection, confirmation: Confirmation, now: datetime) -> None:
    """Make the address the partner's own, on the channel that they now prefer, and this asking one that is answered.

    It replaces an address of the same kind. Any other partner who has left lets go of it.
    """
    channel, to = confirmation.to.channel, confirmation.to
    index, cipher = f"{channel.address}_index", f"{channel.address}_cipher"
    connection.execute(
        update(partners)
        .where(partners.c[index] == to.index, partners.c.id != confirmation.partner_id, partners.c.left_at.is_not(None))
        .values({index: None, cipher: None})
    )
    connection.execute(
        update(partners)
        .where(partners.c.id == confirmation.partner_id)
        .values({index: to.index, cipher: to.cipher, "channel": channel.value})
    )
    connection.execute(update(confirmations).where(confirmations.c.id == confirmation.id).values(confirmed_at=now))


def owners(connection: Connection, channel: Channel, index: bytes) -> list[tuple[int, int]]:
    """Whose address it is: (partner, couple) of each who has it and has not left, first partner first."""
    column = partners.c[f"{channel.address}_index"]
    found = connection.execute(
        select(partners.c.id, partners.c.couple_id)
        .where(column == index, partners.c.left_at.is_(None))
        .order_by(partners.c.couple_id, partners.c.position)
    ).all()
    return [(partner_id, couple_id) for partner_id, couple_id in found]


def has_left(connection: Connection, channel: Channel, index: bytes) -> bool:
    """Whether somebody with this address was here and left."""
    column = partners.c[f"{channel.address}_index"]
    left = exists(select(1).where(column == index, partners.c.left_at.is_not(None)))
    return bool(connection.execute(select(left)).scalar_one())


_here = partners.alias("here")
_waiting = confirmations.c.confirmed_at.is_(None)
_unconfirmed = (
    select(partners.c.couple_id)
    .join(confirmations, confirmations.c.partner_id == partners.c.id)
    # Nobody in the couple has an address, or ever had one.
    .where(
        _waiting,
        ~exists(
            select(1).where(
                _here.c.couple_id == partners.c.couple_id,
                or_(_here.c.email_index.is_not(None), _here.c.phone_index.is_not(None), _here.c.left_at.is_not(None)),
            )
        ),
    )
)


_older = confirmations.c.asked_at < bindparam("before")
_forget_couples = delete(couples).where(couples.c.id.in_(_unconfirmed.where(_older)))
_forget_older = delete(confirmations).where(_older)


def forget_older(connection: Connection, before: datetime) -> int:
    """Forget what was asked before an instant, and with it sign-ups that nobody has confirmed; how many of these."""
    gone = connection.execute(_forget_couples, {"before": before}).rowcount
    connection.execute(_forget_older, {"before": before})
    return gone


def forget_others(connection: Connection, index: bytes) -> None:
    """Forget what else was signed up with an address that has just been confirmed: its owner has chosen."""
    same = _unconfirmed.where(confirmations.c.address_index == index)
    connection.execute(delete(couples).where(couples.c.id.in_(same)))


def waiting(connection: Connection, partner_id: int) -> datetime | None:
    """Since when the partner's latest change of address has been waiting to be confirmed; None when none does."""
    newest = select(func.max(confirmations.c.asked_at, type_=confirmations.c.asked_at.type)).where(
        confirmations.c.partner_id == partner_id, _waiting
    )
    found: datetime | None = connection.execute(newest).scalar()
    return found
