"""Deliveries that hold back until both partners' answers to an earlier step are revealed."""

from datetime import datetime

from sqlalchemy import Connection, func, update

from engine.store.schema import WAITING, deliveries
from engine.store.types import to_millis


def release(connection: Connection, enrollment_id: int, slot: str, now: datetime) -> int:
    """Let go what waits for the answers to `slot` (step/occurrence), though never before its own instant; how many."""
    released = (
        update(deliveries)
        .where(deliveries.c.enrollment_id == enrollment_id, WAITING, deliveries.c.waits_for == slot)
        .values(send_at=func.max(deliveries.c.due_at, to_millis(now)), waits_for=None)
    )
    return connection.execute(released).rowcount
