"""Copies of a delivery that its partner asked to get later: the same step, under an occurrence of their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Integer, String, bindparam, select

from engine.clock import TZDATA_VERSION
from engine.model.delivery import LATER
from engine.store.portable import insert
from engine.store.questions import Question
from engine.store.schema import deliveries, enrollments

_WAITING = ("planned", "claimed", "sending")


@dataclass(frozen=True, slots=True)
class Copy:
    """The original or one of its copies. `waiting`: it has not gone yet."""

    number: int  # 0 the original
    due_at: datetime
    waiting: bool


_copies = (
    select(deliveries.c.occurrence, deliveries.c.due_at, deliveries.c.status)
    .where(
        deliveries.c.enrollment_id == bindparam("enrollment_id", type_=Integer),
        deliveries.c.partner_id == bindparam("partner_id", type_=Integer),
        deliveries.c.step == bindparam("step", type_=String),
        deliveries.c.occurrence % LATER == bindparam("occurrence", type_=Integer),
    )
    .order_by(deliveries.c.occurrence)
)


def of(connection: Connection, question: Question) -> Sequence[Copy]:
    """The original and its copies, in their order."""
    wanted = {
        "enrollment_id": question.enrollment_id,
        "partner_id": question.partner_id,
        "step": question.step,
        "occurrence": question.occurrence,
    }
    return [
        Copy(row.occurrence // LATER, row.due_at, row.status in _WAITING) for row in connection.execute(_copies, wanted)
    ]


def add(connection: Connection, question: Question, number: int, due_at: datetime, expires_at: datetime) -> None:
    """Plan copy `number` of a question's delivery, with all that it was but its time; once.

    The gates are asked before it is sent, as of any other.
    """
    original = connection.execute(
        select(deliveries.c.variant, deliveries.c.activity, deliveries.c.week, deliveries.c.channel).where(
            deliveries.c.id == question.delivery_id
        )
    ).one()
    row = {
        "enrollment_id": question.enrollment_id,
        "partner_id": question.partner_id,
        "step": question.step,
        "occurrence": question.occurrence + LATER * number,
        "channel": original.channel,
        "week": original.week,
        "activity": original.activity,
        "variant": original.variant,
        "due_at": due_at,
        "send_at": due_at,
        "expires_at": expires_at,
        "timezone": question.timezone,
        "tzdata": TZDATA_VERSION,
        "status": "planned",
    }
    connection.execute(insert(deliveries).on_conflict_do_nothing(), row)


def is_stopped(connection: Connection, question: Question) -> bool:
    """Whether the campaign that asked has been stopped."""
    status = connection.execute(
        select(enrollments.c.status).where(enrollments.c.id == question.enrollment_id)
    ).scalar_one()
    return bool(status == "stopped")
