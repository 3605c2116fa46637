"""A couple leaves together, or tells us of a loss or a separation: both stop at once, and neither is told by whom."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, select, update

from engine.model.delivery import DeliveryStatus, SkipReason
from engine.model.enrollment import StopReason
from engine.model.notice import NOTICES, Notice
from engine.store import answers
from engine.store import enrollments as running
from engine.store.schema import couples, deliveries, enrollments, partners

_REASONS: Mapping[StopReason, SkipReason] = {
    StopReason.LIFE_EVENT: SkipReason.LIFE_EVENT,
    StopReason.COUPLE_LEFT: SkipReason.STOPPED,
}


def ended_at(connection: Connection, couple_id: int) -> datetime | None:
    """When it ended for both; None while it has not."""
    found: datetime | None = connection.execute(
        select(couples.c.life_event_at).where(couples.c.id == couple_id)
    ).scalar()
    return found


def part(connection: Connection, couple_id: int, reason: StopReason, now: datetime) -> bool:
    """End everything for both, in the caller's transaction; whether that is news (it ends once).

    Campaigns stop, what was planned is withdrawn, and nothing but what one of them asks for is sent from then on. What
    either wrote and both have not seen is deleted. `reason` stays with the campaigns, for the operator.
    """
    ended = update(couples).where(couples.c.id == couple_id, couples.c.life_event_at.is_(None))
    if not connection.execute(ended.values(life_event_at=now)).rowcount:
        return False
    running.stop(connection, running.unfinished(connection, couple_id), reason.value)
    _withdraw_news(connection, couple_id, reason)
    both = connection.execute(select(partners.c.id).where(partners.c.couple_id == couple_id)).scalars().all()
    answers.forget_unseen(connection, both)
    return True


def _withdraw_news(connection: Connection, couple_id: int, reason: StopReason) -> None:
    """Notices that nobody asked for; an alert to the operator goes."""
    its = select(enrollments.c.id).where(enrollments.c.couple_id == couple_id, enrollments.c.campaign == NOTICES)
    connection.execute(
        update(deliveries)
        .where(
            deliveries.c.enrollment_id.in_(its),
            deliveries.c.status == "planned",
            deliveries.c.step.in_([Notice.REVEALED.value, Notice.INVITE.value]),
        )
        .values(status=DeliveryStatus.CANCELLED.value, reason=_REASONS[reason].value)
    )
