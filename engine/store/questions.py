"""A question: one partner's delivery of a step, as far as answering it goes. Its later copies are the same question."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Integer, bindparam, func, select

from engine.model.delivery import LATER
from engine.store.facts import VERSION
from engine.store.schema import deliveries, enrollments, partners
from engine.store.types import Instant


@dataclass(frozen=True, slots=True)
class Question:
    """What a message asked of one partner, and whose it is. `occurrence` is that of the step, whichever copy it was.

    `digest` names the definition that holds the activity's words; `epoch` is the partner's present one.
    """

    delivery_id: int
    enrollment_id: int
    couple_id: int
    partner_id: int
    step: str
    occurrence: int
    week: int
    activity: str | None
    channel: str
    digest: str
    campaign: str
    given_name: str
    locale: str
    timezone: str
    epoch: int
    left: bool
    answers_consent: bool
    share_texts: bool
    shared_phone: bool


_columns = (
    deliveries.c.id,
    deliveries.c.enrollment_id,
    partners.c.couple_id,
    deliveries.c.partner_id,
    deliveries.c.step,
    (deliveries.c.occurrence % LATER).label("occurrence"),
    deliveries.c.week,
    deliveries.c.activity,
    deliveries.c.channel,
    VERSION,
    enrollments.c.campaign,
    partners.c.given_name,
    partners.c.locale,
    partners.c.timezone,
    partners.c.epoch,
    partners.c.left_at.is_not(None),
    partners.c.answers_consent,
    partners.c.share_texts,
    partners.c.shared_phone,
)
asked = (
    select(*_columns)
    .join(enrollments, enrollments.c.id == deliveries.c.enrollment_id)
    .join(partners, partners.c.id == deliveries.c.partner_id)
)
"""Statements that add a condition give rows for `made`."""

_by_delivery = asked.where(deliveries.c.id == bindparam("delivery_id", type_=Integer))


def made(row: Any) -> Question:
    """The question of a row of `asked`."""
    return Question(*row)


def find(connection: Connection, delivery_id: int) -> Question | None:
    """The question of a delivery; None when there is no such delivery (any more)."""
    row = connection.execute(_by_delivery, {"delivery_id": delivery_id}).one_or_none()
    return None if row is None else made(row)


_gone = asked.where(
    deliveries.c.status == "sent",
    deliveries.c.sent_at > bindparam("after", type_=Instant),
    deliveries.c.sent_at <= bindparam("until", type_=Instant),
).order_by(deliveries.c.id)


def gone_between(connection: Connection, after: datetime, until: datetime) -> list[Question]:
    """The questions of all messages that were sent after one instant, and by another."""
    return [made(row) for row in connection.execute(_gone, {"after": after, "until": until})]


_of_both = (
    select(deliveries.c.partner_id, func.max(deliveries.c.id))
    .where(
        deliveries.c.enrollment_id == bindparam("enrollment_id", type_=Integer),
        deliveries.c.step == bindparam("step"),
        deliveries.c.occurrence % LATER == bindparam("occurrence", type_=Integer),
    )
    .group_by(deliveries.c.partner_id)
)


def of_both(connection: Connection, question: Question) -> dict[int, int]:
    """Each partner's latest delivery of the same question, by partner."""
    wanted = {"enrollment_id": question.enrollment_id, "step": question.step, "occurrence": question.occurrence}
    return {row[0]: row[1] for row in connection.execute(_of_both, wanted)}


_of_other = (
    select(deliveries.c.activity)
    .where(
        deliveries.c.enrollment_id == bindparam("enrollment_id", type_=Integer),
        deliveries.c.step == bindparam("step"),
        deliveries.c.occurrence % LATER == bindparam("occurrence", type_=Integer),
        deliveries.c.partner_id != bindparam("partner_id", type_=Integer),
    )
    .limit(1)
)


def activity_of_other(connection: Connection, question: Question) -> str | None:
    """What the other partner was asked on the same occasion: for once both have seen both answers, and not before."""
    wanted = {
        "enrollment_id": question.enrollment_id,
        "step": question.step,
        "occurrence": question.occurrence,
        "partner_id": question.partner_id,
    }
    found: str | None = connection.execute(_of_other, wanted).scalar()
    return found
