"""Messages whose pages are worth showing as examples: one of each kind, the latest there is."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, Row, func, select

from engine.store.couples_schema import answers, pulses, reveals
from engine.store.schema import deliveries, enrollments, partners

_sent = (
    select(deliveries.c.id, partners.c.id.label("partner_id"), partners.c.epoch, partners.c.locale)
    .join(partners, partners.c.id == deliveries.c.partner_id)
    .join(enrollments, enrollments.c.id == deliveries.c.enrollment_id)
    .where(deliveries.c.status == "sent", enrollments.c.status == "active", partners.c.left_at.is_(None))
    .order_by(deliveries.c.id.desc())
    .limit(1)
)
_same = (
    (answers.c.enrollment_id == deliveries.c.enrollment_id)
    & (answers.c.step == deliveries.c.step)
    & (answers.c.occurrence == deliveries.c.occurrence)
)
_answered = select(1).where(_same, answers.c.partner_id == deliveries.c.partner_id).exists()
_revealed = (
    select(1)
    .where(
        reveals.c.enrollment_id == deliveries.c.enrollment_id,
        reveals.c.step == deliveries.c.step,
        reveals.c.occurrence == deliveries.c.occurrence,
    )
    .exists()
)
_rated = (
    select(func.count()).where(pulses.c.partner_id == deliveries.c.partner_id).correlate(deliveries).scalar_subquery()
)
_pulse = select(1).where(pulses.c.step == deliveries.c.step, pulses.c.enrollment_id == deliveries.c.enrollment_id)
_spanish = partners.c.locale.startswith("es")


@dataclass(frozen=True, slots=True)
class Example:
    """A message, and whose it is: what its pages' passes are signed for."""

    delivery_id: int
    partner_id: int
    epoch: int


def examples(connection: Connection, open_questions: Collection[str]) -> dict[str, Example]:
    """By kind, as far as there is one: an open question (and one in Spanish), a reveal, a pulse over several weeks.

    `open_questions` are the activities that ask one.
    """
    asked = _sent.where(deliveries.c.activity.is_not(None))
    asking = _sent.where(deliveries.c.activity.in_(sorted(open_questions)))
    kinds = {
        "question": asking.where(~_answered, ~_spanish),
        "revealed": asked.where(_revealed, ~_spanish),
        "activity": asked.where(~_spanish),
        "pulse": _sent.where(_pulse.exists(), _rated > 2, ~_spanish),
        "spanish": asking.where(_spanish),
    }
    found = {kind: connection.execute(statement).one_or_none() for kind, statement in kinds.items()}
    return {kind: _made(row) for kind, row in found.items() if row is not None}


def _made(row: Row[*tuple[object, ...]]) -> Example:
    return Example(row.id, row.partner_id, row.epoch)
