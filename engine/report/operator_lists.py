"""What waits for the operator, a page at a time by id: deliveries in doubt, and alerts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from engine.store.couples_schema import OPEN, alerts
from engine.store.schema import IN_DOUBT, couples, deliveries, enrollments, partners


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A delivery in doubt. Instants are aware, UTC."""

    id: int
    couple_id: int
    couple: str
    position: int
    campaign: str
    step: str
    channel: str
    transport: str | None
    receipt: str | None
    detail: str | None
    intended_at: datetime | None
    expires_at: datetime


_doubts = (
    select(
        deliveries.c.id,
        couples.c.id.label("couple_id"),
        couples.c.ref,
        partners.c.position,
        enrollments.c.campaign,
        deliveries.c.step,
        deliveries.c.channel,
        deliveries.c.transport,
        deliveries.c.receipt,
        deliveries.c.detail,
        deliveries.c.intended_at,
        deliveries.c.expires_at,
    )
    .join(partners, partners.c.id == deliveries.c.partner_id)
    .join(couples, couples.c.id == partners.c.couple_id)
    .join(enrollments, enrollments.c.id == deliveries.c.enrollment_id)
    .where(IN_DOUBT)
    .order_by(deliveries.c.id)
)


def doubts(connection: Connection, after: int, limit: int) -> list[Doubtful]:
    """The next of those in doubt, oldest first, whose id is above `after`."""
    rows: Sequence[Any] = connection.execute(_doubts.where(deliveries.c.id > after).limit(limit)).all()
    return [Doubtful(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Alerted:
    """An alert as a list may show it: whose and what for, never the words."""

    id: int
    couple_id: int
    couple: str
    position: int
    kind: str
    source: str
    at: datetime
    seen_at: datetime | None
    has_words: bool


_alerts = (
    select(
        alerts.c.id,
        couples.c.id.label("couple_id"),
        couples.c.ref,
        partners.c.position,
        alerts.c.kind,
        alerts.c.source,
        alerts.c.at,
        alerts.c.seen_at,
        alerts.c.reply_id.is_not(None) | alerts.c.answer_id.is_not(None),
    )
    .join(partners, partners.c.id == alerts.c.partner_id)
    .join(couples, couples.c.id == partners.c.couple_id)
)


def waiting_alerts(connection: Connection, limit: int) -> Sequence[Alerted]:
    """Those that nobody has looked at, oldest first."""
    return [Alerted(*row) for row in connection.execute(_alerts.where(OPEN).order_by(alerts.c.id).limit(limit))]


def all_alerts(connection: Connection, before: int | None, limit: int) -> Sequence[Alerted]:
    """Every one, newest first; those whose id is below `before`."""
    page = _alerts.order_by(alerts.c.id.desc()).limit(limit)
    if before is not None:
        page = page.where(alerts.c.id < before)
    return [Alerted(*row) for row in connection.execute(page)]


def alert(connection: Connection, number: int) -> Alerted | None:
    """The one with this number."""
    row = connection.execute(_alerts.where(alerts.c.id == number)).one_or_none()
    return None if row is None else Alerted(*row)
