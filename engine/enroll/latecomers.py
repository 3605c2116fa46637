"""Partners who join after their couple enrolled: they come in at the next step, and nothing of the past is sent."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from engine.define.digest import thaw
from engine.errors import Unreadable
from engine.plan.calendar import Calendars
from engine.store import definitions, enrollments
from engine.store.database import Database

Seat = tuple[int, int, datetime | None, str | None, int | None]


def seat_latecomers(
    database: Database, now: datetime, redraw: Callable[[Connection, int, datetime], object] | None = None
) -> None:
    """Give every partner who has none a place in their couple's running enrollments.

    `redraw` (enroll.redraw) then minds what they bring: touch is only for couples in which both opted in.
    """
    with database.begin() as connection:
        for couple_id in seat(connection, now):
            if redraw is not None:
                redraw(connection, couple_id, now)


def seat(connection: Connection, now: datetime, couple_id: int | None = None) -> set[int]:
    """The same, of one couple or of all, in the caller's transaction; the couples in which somebody had none."""
    calendars: dict[str, Calendars | None] = {}
    found = enrollments.seatless(connection, couple_id)
    for row in found:
        if row.digest not in calendars:
            calendars[row.digest] = _calendars(connection, row.digest)
    seated = [(calendar, row) for row in found if (calendar := calendars[row.digest]) is not None]
    enrollments.seat(connection, [_seat(calendar, row, now) for calendar, row in seated])
    return {row.couple_id for _, row in seated}


def _calendars(connection: Connection, digest: str) -> Calendars | None:
    """None where the stored campaign is broken: who waits for a place in it gets one when it is mended."""
    try:
        return Calendars(thaw(definitions.body(connection, digest)))
    except Unreadable:
        return None


def _seat(calendars: Calendars, row: Row[*tuple[Any, ...]], now: datetime) -> Seat:
    for slot in calendars.of(row.start, row.send_at, row.position, row.reach_days, row.left_week):
        due_at, _ = slot.instant(row.start, row.timezone)
        if due_at > now:
            return row.enrollment_id, row.partner_id, due_at, slot.step.key, slot.occurrence
    return row.enrollment_id, row.partner_id, None, None, None
