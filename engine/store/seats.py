"""A partner's places in running enrollments, as far as setting them anew goes."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BigInteger, Connection, Integer, String, bindparam, select, update

from engine.store.facts import Facts
from engine.store.rowset import rows, rowset
from engine.store.schema import enrollments, partners, places

RUNNING = enrollments.c.status.in_(["active", "paused"])

_of_partner = (
    select(
        places.c.enrollment_id,
        places.c.partner_id,
        places.c.next_due_at,
        places.c.next_step,
        places.c.next_occurrence,
        places.c.passed,
        enrollments.c.digest,
        enrollments.c.start,
        enrollments.c.left_week,
        partners.c.position,
        partners.c.timezone,
        partners.c.send_at.label("own_time"),
        partners.c.reach_days,
    )
    .join(enrollments, enrollments.c.id == places.c.enrollment_id)
    .join(partners, partners.c.id == places.c.partner_id)
    .where(places.c.partner_id == bindparam("partner_id", type_=Integer), places.c.next_due_at.is_not(None), RUNNING)
    .order_by(places.c.enrollment_id)
)


def of_partner(connection: Connection, partner_id: int) -> Sequence[Facts]:
    """Where the partner stands in each running enrollment in which something is still to come for them."""
    return connection.execute(_of_partner, {"partner_id": partner_id}).all()


_set = rowset(
    "set",
    enrollment_id=Integer,
    partner_id=Integer,
    next_due_at=BigInteger,
    next_step=String,
    next_occurrence=Integer,
    passed=String,
)
_put = (
    update(places)
    .where(places.c.enrollment_id == _set.c.enrollment_id, places.c.partner_id == _set.c.partner_id)
    .values({name: _set.c[name] for name in ("next_due_at", "next_step", "next_occurrence", "passed")})
)


def put(connection: Connection, seats: Sequence[tuple[int, int, int | None, str | None, int | None, str]]) -> None:
    """Set places: (enrollment, partner, due at in milliseconds, step, occurrence, slots passed, comma separated)."""
    if seats:
        connection.execute(_put, {"set": rows(seats)})


_wake = update(places).where(
    places.c.enrollment_id == bindparam("enrollment", type_=Integer),
    places.c.next_due_at > bindparam("now", type_=places.c.next_due_at.type),
)


def wake(connection: Connection, enrollment_id: int, now: datetime) -> None:
    """Let the next tick look at the places of an enrollment: what is to come there has changed."""
    connection.execute(_wake.values(next_due_at=now), {"enrollment": enrollment_id, "now": now})
