"""A partner leaves, or can be reached no more by their own act. Nobody else is told, now or later.

What becomes of the campaign for the one who stays is the campaign's to say (`on_leaving`): here is only kept in which
week it happened, and planning goes by that (plan.finishing).
"""

from datetime import date, datetime, timedelta

from sqlalchemy import Connection, Integer, and_, bindparam, delete, exists, select, update

from engine.clock import UnknownZone, zone
from engine.model.delivery import DeliveryStatus, SkipReason
from engine.model.notice import NOTICES, Notice
from engine.store import places as standing
from engine.store import replies
from engine.store.couples_schema import answers, reveals
from engine.store.schema import deliveries, enrollments, partners, places
from engine.store.seats import RUNNING, wake

_DAYS = 7


def leave(connection: Connection, partner_id: int, now: datetime) -> bool:
    """End everything for the partner, in the caller's transaction; whether that is news (False: gone, or left before).

    Their links become worthless, nothing is planned for them any more and what was is withdrawn, and what they wrote
    is deleted unless both partners have seen it. Their row stays, so that the other's messages do not change.
    """
    gone = (
        update(partners)
        .where(partners.c.id == partner_id, partners.c.left_at.is_(None))
        .values(left_at=now, epoch=partners.c.epoch + 1)
    )
    if not connection.execute(gone).rowcount:
        return False
    left = select(places.c.enrollment_id).where(places.c.partner_id == partner_id)
    enrolled = connection.execute(left).scalars().all()
    connection.execute(update(places).where(places.c.partner_id == partner_id).values(next_due_at=None))
    connection.execute(
        update(deliveries)
        # An alert is not theirs: it asks the operator to look after them.
        .where(deliveries.c.partner_id == partner_id, deliveries.c.status == "planned", ~_ALERT)
        .values(status=DeliveryStatus.CANCELLED.value, reason=SkipReason.LEFT.value, waits_for=None)
    )
    connection.execute(delete(answers).where(answers.c.partner_id == partner_id, ~_REVEALED))
    replies.forget_answers(connection, partner_id)
    connection.execute(update(answers).where(answers.c.partner_id == partner_id).values(draft_cipher=None))
    silenced(connection, partner_id, now)
    standing.complete(connection, enrolled)
    return True


_ALERT = and_(deliveries.c.step == Notice.ALERT.value, deliveries.c.to_index.is_not(None))
_REVEALED = exists(
    select(1).where(
        reveals.c.enrollment_id == answers.c.enrollment_id,
        reveals.c.step == answers.c.step,
        reveals.c.occurrence == answers.c.occurrence,
    )
)
_the_other = partners.alias("the_other")
_alone = (
    select(enrollments.c.id, enrollments.c.start, _the_other.c.timezone)
    .join(partners, partners.c.couple_id == enrollments.c.couple_id)
    .join(_the_other, and_(_the_other.c.couple_id == partners.c.couple_id, _the_other.c.id != partners.c.id))
    .where(
        partners.c.id == bindparam("partner_id", type_=Integer),
        _the_other.c.left_at.is_(None),
        RUNNING,
        enrollments.c.campaign != NOTICES,
        enrollments.c.left_week.is_(None),
    )
)


def silenced(connection: Connection, partner_id: int, now: datetime) -> None:
    """The partner can be reached no more, by their own act: their campaigns go on as when they had left.

    For the other, that is; the first time counts. The caller knows that it was the channel they prefer.
    """
    for row in connection.execute(_alone, {"partner_id": partner_id}).all():
        week = _ending_week(row.start, row.timezone, now)
        connection.execute(update(enrollments).where(enrollments.c.id == row.id).values(left_week=week))
        wake(connection, row.id, now)


def _ending_week(start: date, timezone: str, now: datetime) -> int:
    """The week of the enrollment, by the calendar of the one who stays, with which it may end.

    On a week's last day that is the next one: a goodbye within hours would tell.
    """
    try:
        today = now.astimezone(zone(timezone)).date()
    except UnknownZone:
        today = now.date()
    return max(1, (today + timedelta(days=1) - start).days // _DAYS + 1)
