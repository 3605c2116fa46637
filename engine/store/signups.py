"""Sign-ups before and after their address is confirmed: a couple of one, which may then join the couple of another.

Until then nobody in it has an address, so that nothing but the asking can be sent.
"""

import secrets
from base64 import b32encode
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from engine.model.notice import NOTICES
from engine.model.signup import SignUp
from engine.store.schema import couples, enrollments, partners

_LETTERS = 10
SEATS = (1, 2)


def begin(connection: Connection, signup: SignUp, now: datetime) -> int:
    """Store a couple of one, who has no address yet; the partner's id."""
    couple_id = connection.execute(
        insert(couples).values(ref=_fresh_ref(), created_at=now).returning(couples.c.id)
    ).scalar_one()
    partner_id: int = connection.execute(
        insert(partners)
        .values(
            couple_id=couple_id,
            position=SEATS[0],
            given_name=signup.given_name,
            timezone=signup.timezone,
            locale=signup.locale,
            channel=signup.channel.value,
            send_at=signup.send_at,
            causes=signup.causes,
            share_texts=signup.share_texts,
        )
        .returning(partners.c.id)
    ).scalar_one()
    return partner_id


def _fresh_ref() -> str:
    """A couple's name that tells nothing of it: fifty random bits, so that no two ever meet."""
    return "j-" + b32encode(secrets.token_bytes(7)).decode("ascii")[:_LETTERS].lower()


def ref_of(connection: Connection, couple_id: int) -> str:
    """What the couple is called."""
    return str(connection.execute(select(couples.c.ref).where(couples.c.id == couple_id)).scalar_one())


def free_seat(connection: Connection, couple_id: int) -> int | None:
    """The position that a second partner would have; None when there are two."""
    taken = connection.execute(select(partners.c.position).where(partners.c.couple_id == couple_id)).scalars().all()
    return next((seat for seat in SEATS if seat not in taken), None)


def move_in(connection: Connection, partner_id: int, couple_id: int, seat: int) -> None:
    """Let somebody who signed up by invitation take the free seat in the couple of whoever invited them.

    The notices they have had so far come along as they are: providers may still speak of them.
    """
    old = connection.execute(select(partners.c.couple_id).where(partners.c.id == partner_id)).scalar_one()
    connection.execute(update(partners).where(partners.c.id == partner_id).values(couple_id=couple_id, position=seat))
    connection.execute(
        update(enrollments)
        .where(enrollments.c.couple_id == old, enrollments.c.campaign == NOTICES)
        .values(couple_id=couple_id, status="completed")  # a couple has one that goes on
    )
    connection.execute(delete(couples).where(couples.c.id == old))


def share_phone(connection: Connection, couple_id: int) -> None:
    """Note that a text may be either's where both partners have one phone."""
    same = (
        select(partners.c.phone_index)
        .where(partners.c.couple_id == couple_id, partners.c.phone_index.is_not(None))
        .group_by(partners.c.phone_index)
        .having(func.count() > 1)
    )
    connection.execute(
        update(partners)
        .where(partners.c.couple_id == couple_id, partners.c.phone_index.in_(same))
        .values(shared_phone=True)
    )


def raise_epoch(connection: Connection, partner_id: int) -> None:
    """Make every link that the partner was ever sent worthless."""
    connection.execute(update(partners).where(partners.c.id == partner_id).values(epoch=partners.c.epoch + 1))
