"""Sets a partner's places anew when what their calendar goes by has changed: their zone, their own time or days."""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Connection

from engine.plan.calendar import Calendars
from engine.plan.reseat import reseated, to_come
from engine.store import seats
from engine.store.facts import Facts
from engine.store.places import millis

CalendarsOf = Callable[[Connection, str], Calendars]
"""The calendars of the stored definition with this digest; NotFound when there is none."""


def reseat(connection: Connection, calendars_of: CalendarsOf, stood: Sequence[Facts], now: datetime) -> int:
    """Move a partner's places to where their new calendar goes on, in the caller's transaction; how many there are.

    `stood` is what `seats.of_partner` said before the change. Every step that was still to come comes, once; none that
    was behind the partner, or over when they joined, comes back. What by the new calendar should have come already
    comes now, and is not late for that.
    """
    standing = seats.of_partner(connection, stood[0].partner_id) if stood else []
    for was, row in zip(stood, standing, strict=True):
        calendars = calendars_of(connection, was.digest)
        old, here = calendars.standing(
            was.start,
            was.own_time,
            was.position,
            was.reach_days,
            was.left_week,
            was.next_occurrence,
            was.next_step,
        )
        new = calendars.of(row.start, row.own_time, row.position, row.reach_days, row.left_week)
        slot, passed = reseated(to_come(old, here, was.passed), new)
        if slot is None:
            continue  # all that was left is dropped: the next tick finds that out, and ends it
        due_at, _ = slot.instant(row.start, row.timezone)
        # What was due before the change is as late as it was.
        due_at = max(due_at, min(was.next_due_at, now))
        at = (row.enrollment_id, row.partner_id, millis(due_at), slot.step.key, slot.occurrence)
        seats.put(connection, [(*at, ",".join(sorted(passed)))])
    return len(stood)
