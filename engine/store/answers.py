"""Answers, sealed, and their reveals. Nothing here says of an unrevealed answer to anyone but its author that it is.

Both partners' answers to a question have one key: enrollment, step and occurrence. They are revealed in one statement
when both are given, shared and not withheld; it can happen once, and then neither can be changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Integer, String, and_, bindparam, delete, exists, func, select, update

from engine.store import replies
from engine.store.couples_schema import answers, reveals
from engine.store.portable import insert
from engine.store.questions import Question
from engine.store.schema import partners
from engine.store.types import Instant
from engine.store.vault import Vault

SEALED_ANSWER = "answer.text"
"""What answers and drafts are sealed for."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One's own answer. `text` is None while there is only a draft; `withheld` ones are never shown to the partner."""

    id: int
    draft: str | None = field(repr=False)
    text: str | None = field(repr=False)
    shared: bool
    withheld: bool
    given_at: datetime | None


@dataclass(frozen=True, slots=True)
class Shown:
    """One of two answers side by side."""

    partner_id: int
    given_name: str
    text: str = field(repr=False)


_key = and_(
    answers.c.enrollment_id == bindparam("enrollment", type_=Integer),
    answers.c.step == bindparam("its_step", type_=String),
    answers.c.occurrence == bindparam("its_occurrence", type_=Integer),
)
_own = select(answers).where(_key, answers.c.partner_id == bindparam("partner", type_=Integer))


def find(connection: Connection, vault: Vault, question: Question) -> Answer | None:
    """The partner's own answer to a question, or draft of one."""
    row = connection.execute(_own, _named(question)).one_or_none()
    if row is None:
        return None
    return Answer(
        row.id,
        None if row.draft_cipher is None else vault.open(row.draft_cipher, SEALED_ANSWER),
        None if row.text_cipher is None else vault.open(row.text_cipher, SEALED_ANSWER),
        row.shared,
        row.withheld,
        row.given_at,
    )


def draft(connection: Connection, vault: Vault, question: Question, text: str) -> bool:
    """Keep what was typed so far; False when the question is closed by its reveal."""
    if is_revealed(connection, question):
        return False
    _put(connection, question, {"draft_cipher": vault.seal(text, SEALED_ANSWER) if text else None})
    return True


def give(
    connection: Connection,
    vault: Vault,
    question: Question,
    text: str,
    *,
    shared: bool,
    withheld: bool,
    now: datetime,
) -> int | None:
    """Keep an answer in the place of an earlier one, and drop its draft; its id. None when it has been revealed."""
    if is_revealed(connection, question):
        return None
    values = {
        "text_cipher": vault.seal(text, SEALED_ANSWER),
        "draft_cipher": None,
        "shared": shared and not withheld,
        "withheld": withheld,
        "given_at": now,
    }
    return _put(connection, question, values)


def share(connection: Connection, question: Question, *, shared: bool) -> bool:
    """Change whether one's answer is to be shared, while it is not revealed; whether there is an answer to share."""
    if is_revealed(connection, question):
        return False
    changed = update(answers).where(
        _key,
        answers.c.partner_id == bindparam("partner", type_=Integer),
        answers.c.text_cipher.is_not(None),
        answers.c.withheld.is_(False),
    )
    return connection.execute(changed.values(shared=shared), _named(question)).rowcount == 1


def withhold(connection: Connection, question: Question) -> None:
    """Never show one's own answer as it stands: what its author wrote since may speak of danger. Not once revealed."""
    if not is_revealed(connection, question):
        kept = update(answers).where(_key, answers.c.partner_id == bindparam("partner", type_=Integer))
        connection.execute(kept.values(withheld=True, shared=False), _named(question))


def remove(connection: Connection, question: Question) -> None:
    """Forget one's own answer and draft, while they are not revealed; and the texts that it was made of."""
    if not is_revealed(connection, question):
        gone = delete(answers).where(_key, answers.c.partner_id == bindparam("partner", type_=Integer))
        connection.execute(gone, _named(question))
        replies.forget(connection, question)


def forget_unseen(connection: Connection, partner_ids: Sequence[int]) -> None:
    """Forget all that these partners wrote and both of their couple have not seen, drafts of it too."""
    seen = exists(
        select(1).where(
            reveals.c.enrollment_id == answers.c.enrollment_id,
            reveals.c.step == answers.c.step,
            reveals.c.occurrence == answers.c.occurrence,
        )
    )
    theirs = answers.c.partner_id.in_(partner_ids)
    connection.execute(delete(answers).where(theirs, ~seen))
    connection.execute(update(answers).where(theirs).values(draft_cipher=None))


_both_shared = (
    select(func.count())
    .select_from(answers)
    .where(_key, answers.c.shared, ~answers.c.withheld, answers.c.text_cipher.is_not(None))
    .scalar_subquery()
)
_reveal = insert(reveals).from_select(
    ["enrollment_id", "step", "occurrence", "at"],
    select(
        bindparam("enrollment", type_=Integer),
        bindparam("its_step", type_=String),
        bindparam("its_occurrence", type_=Integer),
        bindparam("now", type_=Instant),
    ).where(_both_shared == 2),
)
_reveal_once = _reveal.on_conflict_do_nothing(index_elements=["enrollment_id", "step", "occurrence"])


def reveal(connection: Connection, question: Question, now: datetime) -> int | None:
    """Reveal both answers if both are shared and have not been revealed; the reveal's id when that is news."""
    revealed: int | None = connection.execute(
        _reveal_once.returning(reveals.c.id), {**_named(question), "now": now}
    ).scalar()
    return revealed


_revealed_at = select(reveals.c.at).where(
    reveals.c.enrollment_id == bindparam("enrollment", type_=Integer),
    reveals.c.step == bindparam("its_step", type_=String),
    reveals.c.occurrence == bindparam("its_occurrence", type_=Integer),
)
_revealed = select(exists(_revealed_at))


def is_revealed(connection: Connection, question: Question) -> bool:
    """Whether both answers have been shown to both."""
    return bool(connection.execute(_revealed, _named(question)).scalar_one())


def revealed_at(connection: Connection, question: Question) -> datetime | None:
    """Since when both have been shown both answers; None while they have not."""
    found: datetime | None = connection.execute(_revealed_at, _named(question)).scalar()
    return found


_side_by_side = (
    select(answers.c.partner_id, partners.c.given_name, answers.c.text_cipher)
    .join(partners, partners.c.id == answers.c.partner_id)
    .where(_key, answers.c.text_cipher.is_not(None))
    .order_by(partners.c.position)
)


def side_by_side(connection: Connection, vault: Vault, question: Question) -> tuple[Shown, ...]:
    """Both answers, once they are revealed and as long as both are kept; else nothing."""
    if not is_revealed(connection, question):
        return ()
    found = connection.execute(_side_by_side, _named(question)).all()
    if len(found) != 2:
        return ()
    return tuple(Shown(partner, name, vault.open(cipher, SEALED_ANSWER)) for partner, name, cipher in found)


def words(connection: Connection, vault: Vault, answer_id: int) -> str | None:
    """What an answer says, opened: for the operator, who was alerted to it. None when it is gone, or only a draft."""
    wanted = select(answers.c.text_cipher).where(answers.c.id == answer_id)
    cipher: bytes | None = connection.execute(wanted).scalar()
    return None if cipher is None else vault.open(cipher, SEALED_ANSWER)


def _put(connection: Connection, question: Question, values: dict[str, Any]) -> int:
    key = {
        "enrollment_id": question.enrollment_id,
        "step": question.step,
        "occurrence": question.occurrence,
        "partner_id": question.partner_id,
    }
    statement = insert(answers).values(**key, **values).on_conflict_do_update(index_elements=list(key), set_=values)
    stored: int = connection.execute(statement.returning(answers.c.id)).scalar_one()
    return stored


def _named(question: Question) -> dict[str, object]:
    return {
        "enrollment": question.enrollment_id,
        "its_step": question.step,
        "its_occurrence": question.occurrence,
        "partner": question.partner_id,
    }
