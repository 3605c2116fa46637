"""What people wrote back, sealed, beside the message it is about; and what of it the operator has to look at."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, Integer, String, bindparam, delete, select, update

from engine.model.delivery import LATER
from engine.model.event import Inbound
from engine.model.reply import ReadAs
from engine.store.portable import insert
from engine.store.questions import Question
from engine.store.schema import FOR_THE_OPERATOR, UNSEEN, couples, deliveries, partners, replies
from engine.store.vault import Vault

SEALED_TEXT = "reply.text"
"""What a reply's words are sealed for."""


def keep(
    connection: Connection,
    vault: Vault,
    inbound: Inbound,
    partner_id: int | None,
    delivery_id: int | None,
    read_as: ReadAs,
    *,
    flagged: bool = False,
) -> int:
    """Store a reply once; its id. `flagged` when it may have been meant to end the messages."""
    statement = insert(replies).values(
        source=inbound.source,
        key=inbound.key,
        partner_id=partner_id,
        delivery_id=delivery_id,
        channel=inbound.channel.value,
        at=inbound.at,
        flagged=flagged,
        text_cipher=vault.seal(inbound.text, SEALED_TEXT),
        read_as=read_as.value,
        media=inbound.media,
    )
    # Setting a column to what it is gives the id of a reply that is there already.
    statement = statement.on_conflict_do_update(index_elements=["source", "key"], set_={"source": replies.c.source})
    kept: int = connection.execute(statement.returning(replies.c.id)).scalar_one()
    return kept


def reread(connection: Connection, reply_id: int, read_as: ReadAs) -> None:
    """Say that a reply was taken for something else after all."""
    connection.execute(update(replies).where(replies.c.id == reply_id).values(read_as=read_as.value))


@dataclass(frozen=True, slots=True)
class Text:
    """One of the texts that a partner wrote about a question."""

    id: int
    read_as: str
    at: datetime
    text: str = field(repr=False)
    media: int


_about = (
    select(replies.c.id, replies.c.read_as, replies.c.at, replies.c.text_cipher, replies.c.media)
    .join(deliveries, deliveries.c.id == replies.c.delivery_id)
    .where(
        deliveries.c.enrollment_id == bindparam("enrollment_id", type_=Integer),
        deliveries.c.partner_id == bindparam("partner_id", type_=Integer),
        deliveries.c.step == bindparam("step", type_=String),
        deliveries.c.occurrence % LATER == bindparam("occurrence", type_=Integer),
        replies.c.partner_id == deliveries.c.partner_id,
    )
    .order_by(replies.c.at, replies.c.id)
)


def about(connection: Connection, vault: Vault, question: Question) -> Sequence[Text]:
    """Every text of the question's own partner about it, whichever copy of it they answered, in order of time."""
    return [
        Text(row.id, row.read_as, row.at, vault.open(row.text_cipher, SEALED_TEXT), row.media)
        for row in connection.execute(_about, _wanted(question))
    ]


def _wanted(question: Question) -> dict[str, object]:
    return {
        "enrollment_id": question.enrollment_id,
        "partner_id": question.partner_id,
        "step": question.step,
        "occurrence": question.occurrence,
    }


_FOR_AN_ANSWER = replies.c.read_as.in_([ReadAs.ANSWER.value, ReadAs.UNASKED.value])


def forget(connection: Connection, question: Question) -> None:
    """Delete what a question's own partner texted as an answer to it."""
    texts = [row.id for row in connection.execute(_about, _wanted(question))]
    connection.execute(delete(replies).where(replies.c.id.in_(texts), _FOR_AN_ANSWER))


def forget_answers(connection: Connection, partner_id: int) -> None:
    """Delete all that a partner texted as answers; what was revealed of it is kept with the answers."""
    connection.execute(delete(replies).where(replies.c.partner_id == partner_id, _FOR_AN_ANSWER))


@dataclass(frozen=True, slots=True)
class Kept:
    """A reply as a list may show it: whose, and what it was taken for; never its words."""

    id: int
    couple: str | None
    position: int | None
    channel: str
    at: datetime
    read_as: str
    flagged: bool
    media: int
    seen_at: datetime | None


_kept = (
    select(
        replies.c.id,
        couples.c.ref,
        partners.c.position,
        replies.c.channel,
        replies.c.at,
        replies.c.read_as,
        replies.c.flagged,
        replies.c.media,
        replies.c.seen_at,
    )
    .outerjoin(partners, partners.c.id == replies.c.partner_id)
    .outerjoin(couples, couples.c.id == partners.c.couple_id)
    .order_by(replies.c.id)
)


def list_kept(connection: Connection, *, every: bool = False, after: int = 0, limit: int = 100) -> Sequence[Kept]:
    """What the operator has to look at, oldest first: what belongs to no question, may be a STOP, or speaks of danger.

    Those that nobody has looked at, or `every` one; those whose id is above `after`.
    """
    page = _kept.where(FOR_THE_OPERATOR if every else UNSEEN, replies.c.id > after).limit(limit)
    return [Kept(*row) for row in connection.execute(page)]


def find(connection: Connection, reply_id: int) -> Kept | None:
    """One of those that the operator has to look at; None for any other."""
    row = connection.execute(_kept.where(FOR_THE_OPERATOR, replies.c.id == reply_id)).one_or_none()
    return None if row is None else Kept(*row)


def words(connection: Connection, vault: Vault, reply_id: int) -> str:
    """What a reply says, opened."""
    cipher: bytes = connection.execute(select(replies.c.text_cipher).where(replies.c.id == reply_id)).scalar_one()
    return vault.open(cipher, SEALED_TEXT)


def mark_seen(connection: Connection, reply_id: int, at: datetime) -> bool:
    """Somebody has looked at it; whether that is news."""
    seen = update(replies).where(replies.c.id == reply_id, replies.c.seen_at.is_(None)).values(seen_at=at)
    return connection.execute(seen).rowcount == 1
