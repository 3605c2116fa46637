"""What the operator must look at, oldest first. No words are kept here: they are with the reply or the answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, func, insert, select, update

from engine.store.couples_schema import OPEN, alerts
from engine.store.schema import couples, partners


@dataclass(frozen=True, slots=True)
class Alert:
    """Somebody's words may speak of danger. They came by `source` (text or page), with a reply or an answer."""

    id: int
    couple: str
    position: int
    partner_id: int
    kind: str
    source: str
    at: datetime
    seen_at: datetime | None
    reply_id: int | None
    answer_id: int | None


_all = (
    select(
        alerts.c.id,
        couples.c.ref,
        partners.c.position,
        alerts.c.partner_id,
        alerts.c.kind,
        alerts.c.source,
        alerts.c.at,
        alerts.c.seen_at,
        alerts.c.reply_id,
        alerts.c.answer_id,
    )
    .join(partners, partners.c.id == alerts.c.partner_id)
    .join(couples, couples.c.id == partners.c.couple_id)
    .order_by(alerts.c.id)
)


def add(
    connection: Connection,
    partner_id: int,
    kind: str,
    source: str,
    at: datetime,
    *,
    reply_id: int | None = None,
    answer_id: int | None = None,
) -> int:
    """Raise an alert; its id."""
    statement = insert(alerts).values(
        partner_id=partner_id, kind=kind, source=source, at=at, reply_id=reply_id, answer_id=answer_id
    )
    added: int = connection.execute(statement.returning(alerts.c.id)).scalar_one()
    return added


def waiting(connection: Connection) -> int:
    """How many nobody has looked at."""
    return connection.execute(select(func.count()).select_from(alerts).where(OPEN)).scalar_one()


def newest_waiting(connection: Connection) -> int:
    """The highest number among those that nobody has looked at; 0 when there are none."""
    newest: int = connection.execute(select(func.coalesce(func.max(alerts.c.id), 0)).where(OPEN)).scalar_one()
    return newest


def list_alerts(connection: Connection, *, every: bool = False, limit: int = 1_000) -> Sequence[Alert]:
    """Those that nobody has looked at, or every one."""
    page = _all.limit(limit) if every else _all.where(OPEN).limit(limit)
    return [_made(row) for row in connection.execute(page)]


def find(connection: Connection, alert_id: int) -> Alert | None:
    """The alert with this number."""
    row = connection.execute(_all.where(alerts.c.id == alert_id)).one_or_none()
    return None if row is None else _made(row)


def mark_seen(connection: Connection, alert_id: int, at: datetime) -> bool:
    """Somebody has looked at it; whether that is news."""
    seen = update(alerts).where(alerts.c.id == alert_id, OPEN).values(seen_at=at)
    return connection.execute(seen).rowcount == 1


def _made(row: Row[*tuple[object, ...]]) -> Alert:
    return Alert(*row)  # type: ignore[arg-type]
