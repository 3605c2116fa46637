"""Deliveries that hold back until both partners' answers to an earlier step are revealed."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, Integer, String, and_, select, update

from engine.store.couples_schema import reveals
from engine.store.portable import greatest
from engine.store.rowset import rows, rowset
from engine.store.schema import WAITING, deliveries
from engine.store.types import to_millis


def release(connection: Connection, enrollment_id: int, slot: str, now: datetime) -> int:
    """Let go what waits for the answers to `slot` (step/occurrence), though never before its own instant; how many."""
    released = (
        update(deliveries)
        .where(deliveries.c.enrollment_id == enrollment_id, WAITING, deliveries.c.waits_for == slot)
        .values(send_at=greatest(deliveries.c.due_at, to_millis(now)), waits_for=None)
    )
    return connection.execute(released).rowcount


_asked = rowset("asked", enrollment_id=Integer, step=String, occurrence=Integer)
_revealed = select(*_asked.c).join_from(
    _asked,
    reveals,
    and_(
        reveals.c.enrollment_id == _asked.c.enrollment_id,
        reveals.c.step == _asked.c.step,
        reveals.c.occurrence == _asked.c.occurrence,
    ),
)


def revealed(connection: Connection, asked: Iterable[tuple[int, str, int]]) -> set[tuple[int, str, int]]:
    """Those of the asked (enrollment, step, occurrence) whose answers are revealed."""
    found = connection.execute(_revealed, {"asked": rows(sorted(set(asked)))}).all()
    return {(enrollment, step, occurrence) for enrollment, step, occurrence in found}
