"""Each partner's place in an enrollment: what falls due for them next. A tick reads only what is due."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from sqlalchemy import BigInteger, Connection, Float, Integer, String, bindparam, exists, func, select, true, update

from engine.store.facts import FACTS, VERSION, Facts, joined, quick
from engine.store.portable import insert, up_to
from engine.store.rowset import rows, rowset
from engine.store.schema import LEASED, PLANNED, couples, deliveries, enrollments, partners, places
from engine.store.types import Instant, to_millis

_places = (
    select(
        places.c.enrollment_id,
        places.c.next_due_at,
        places.c.next_step,
        places.c.next_occurrence,
        enrollments.c.start,
        enrollments.c.seed,
        enrollments.c.variants,
        enrollments.c.draws,
        enrollments.c.left_week,
        places.c.passed,
        partners.c.send_at.label("own_time"),
        partners.c.locale,
        partners.c.causes,
        partners.c.touch,
        *FACTS,
    )
    .select_from(joined(places))
    .order_by(places.c.next_due_at, places.c.enrollment_id, places.c.partner_id)
    .limit(up_to())
)
_NAMES = partners.c.given_name, partners.c.phone_cipher
UPCOMING = _places.add_columns(*_NAMES, partners.c.couple_id, couples.c.ref).where(places.c.next_due_at.is_not(None))
"""Statements that choose among places with a step left; bind `limit`."""
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""When a place falls due that was set aside: it is out of the way until somebody asks for it, and has a step left."""
_due = _places.where(places.c.next_due_at <= bindparam("now", type_=Instant)).with_for_update(
    of=places, key_share=True, skip_locked=True
)


# The first of the index: a plan for any `now` would have to expect that many are due.
_first_due = select(func.min(places.c.next_due_at, type_=Instant)).where(places.c.next_due_at.is_not(None))
_keys = (
    select(places.c.enrollment_id, places.c.partner_id, enrollments.c.campaign)
    .join(enrollments, enrollments.c.id == places.c.enrollment_id)
    .where(places.c.next_due_at <= bindparam("now", type_=Instant))
    .order_by(places.c.next_due_at, places.c.enrollment_id, places.c.partner_id)
    .limit(up_to())
)
_at = places.c.enrollment_id == bindparam("enrollment_id"), places.c.partner_id == bindparam("partner_id")
_one = _places.where(*_at, places.c.next_due_at.is_not(None))


def any_due(connection: Connection, now: datetime) -> bool:
    """Whether a place has fallen due: a look that takes no lock."""
    first = connection.execute(_first_due).scalar_one()
    return first is not None and first <= now


def due(connection: Connection, now: datetime, limit: int) -> Sequence[Facts]:
    """Up to `limit` places that have fallen due, earliest first, each with what planning and the gates need.

    On a server they are this transaction's alone, and those of another planner's are passed by.
    """
    return quick(connection.execute(_due, {"now": now, "limit": limit}))


Key = tuple[int, int, str]
"""(enrollment, partner, campaign)"""


def unreadable(connection: Connection, now: datetime, limit: int) -> Sequence[tuple[Key, str]]:
    """Of what `due` would find, those whose row holds what cannot be read, each with what kind of error that is."""
    found = []
    for enrollment_id, partner_id, campaign in connection.execute(_keys, {"now": now, "limit": limit}).all():
        try:
            one(connection, enrollment_id, partner_id)
        except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError) as error:
            found.append(((enrollment_id, partner_id, str(campaign)), type(error).__name__))
    return found


def one(connection: Connection, enrollment_id: int, partner_id: int) -> Facts | None:
    """A place with a step left, columns as `due`; None when there is none."""
    found = quick(connection.execute(_one, {"enrollment_id": enrollment_id, "partner_id": partner_id, "limit": 1}))
    return found[0] if found else None


def campaign_of(connection: Connection, enrollment_id: int) -> str:
    """The id of an enrollment's campaign."""
    found = connection.execute(select(enrollments.c.campaign).where(enrollments.c.id == enrollment_id)).scalar_one()
    return str(found)


_set_due = (
    update(places)
    .where(
        places.c.enrollment_id == bindparam("its_enrollment"),
        places.c.partner_id == bindparam("its_partner"),
        places.c.next_due_at.is_not(None),
    )
    .values(next_due_at=bindparam("due_at", type_=Instant))
)


def put_aside(connection: Connection, keys: Sequence[Key]) -> None:
    """Have places fall due NEVER; their step stays the next one."""
    set_due(connection, [(enrollment, partner, NEVER) for enrollment, partner, _ in keys])


def set_due(connection: Connection, dues: Sequence[tuple[int, int, datetime]]) -> None:
    """Have places (enrollment, partner) that have a step left fall due at an instant."""
    given = [{"its_enrollment": each[0], "its_partner": each[1], "due_at": each[2]} for each in dues]
    if given:
        connection.execute(_set_due, given)


_aside = (
    select(places.c.enrollment_id, places.c.partner_id, enrollments.c.campaign)
    .join(enrollments, enrollments.c.id == places.c.enrollment_id)
    .where(places.c.next_due_at == NEVER)
    .order_by(places.c.enrollment_id, places.c.partner_id)
    .limit(up_to())
)


def aside(connection: Connection, limit: int) -> Sequence[Key]:
    """Up to `limit` of the places that were set aside, those of one enrollment together."""
    return [(row[0], row[1], str(row[2])) for row in connection.execute(_aside, {"limit": limit})]


def upcoming(connection: Connection, limit: int, couple_id: int | None = None) -> Sequence[Facts]:
    """The places that have a step left, of one couple or of all, soonest first: columns as `due`, names as well."""
    statement = UPCOMING
    if couple_id is not None:
        statement = statement.where(partners.c.couple_id == couple_id)
    return connection.execute(statement, {"limit": limit}).all()


_twin = partners.alias("twin")
PLANNED_ROWS = (
    select(
        deliveries.c.enrollment_id,
        deliveries.c.variant,
        deliveries.c.step,
        deliveries.c.occurrence,
        deliveries.c.week,
        deliveries.c.activity,
        deliveries.c.channel,
        deliveries.c.send_at,
        deliveries.c.moved_because,
        VERSION,
        partners.c.id.label("partner_id"),
        partners.c.position,
        partners.c.given_name,
        partners.c.phone_cipher,
        partners.c.locale,
        partners.c.timezone,
        func.coalesce(_twin.c.given_name, partners.c.calls_other).label("other_name"),
        couples.c.ref,
    )
    .join(enrollments, enrollments.c.id == deliveries.c.enrollment_id)
    .join(partners, partners.c.id == deliveries.c.partner_id)
    .join(couples, couples.c.id == partners.c.couple_id)
    .outerjoin(_twin, (_twin.c.couple_id == partners.c.couple_id) & (_twin.c.id != partners.c.id))
    .where(PLANNED)
    .order_by(deliveries.c.send_at, deliveries.c.id)
    .limit(up_to())
)
"""Statements that choose among planned deliveries; bind `limit`."""


def planned(connection: Connection, limit: int, couple_id: int | None = None) -> Sequence[Facts]:
    """Up to `limit` planned deliveries, of one couple or of all, soonest first, with whose they are."""
    statement = PLANNED_ROWS if couple_id is None else PLANNED_ROWS.where(partners.c.couple_id == couple_id)
    return connection.execute(statement, {"limit": limit}).all()


_people = rowset("people", partner_id=Integer)
_sent_days = (
    select(deliveries.c.partner_id, deliveries.c.sent_on, func.count())
    .join(_people, _people.c.partner_id == deliveries.c.partner_id)
    .where(deliveries.c.sent_on.is_not(None))
    .group_by(deliveries.c.partner_id, deliveries.c.sent_on)
)


def sent_days(connection: Connection, partner_ids: Sequence[int]) -> Sequence[Facts]:
    """How many messages each of the partners had on each of their own days: (partner, day, how many)."""
    return connection.execute(_sent_days, {"people": rows([[partner] for partner in partner_ids])}).all()


_planned = rowset(
    "planned",
    enrollment_id=Integer,
    partner_id=Integer,
    step=String,
    occurrence=Integer,
    channel=String,
    week=Integer,
    activity=String,
    variant=String,
    probability=Float,
    due_at=BigInteger,
    send_at=BigInteger,
    expires_at=BigInteger,
    moved_because=String,
    waits_for=String,
    timezone=String,
    tzdata=String,
    status=String,
    reason=String,
)
_plan = (
    insert(deliveries)
    # With a condition, or SQLite takes ON CONFLICT for a join's ON.
    .from_select(list(_planned.c.keys()), select(*_planned.c).where(true()))
    .on_conflict_do_nothing()
)


def plan(connection: Connection, planned: Sequence[Sequence[object]]) -> int:
    """Insert deliveries, columns as in `_planned`; an occurrence already there is left alone. How many went in."""
    return connection.execute(_plan, {"planned": rows(planned)}).rowcount


_moved = rowset(
    "moved",
    enrollment_id=Integer,
    partner_id=Integer,
    was_due_at=BigInteger,
    next_due_at=BigInteger,
    next_step=String,
    next_occurrence=Integer,
)
_advance = (
    update(places)
    .where(
        places.c.enrollment_id == _moved.c.enrollment_id,
        places.c.partner_id == _moved.c.partner_id,
        # Another scheduler may have been here first: then there is nothing to move.
        places.c.next_due_at == _moved.c.was_due_at,
    )
    .values(
        next_due_at=_moved.c.next_due_at,
        next_step=_moved.c.next_step,
        next_occurrence=_moved.c.next_occurrence,
    )
)


def advance(connection: Connection, moved: Sequence[Sequence[object]]) -> int:
    """Move places on from the instant they were read at, columns as in `_moved`. How many moved."""
    return connection.execute(_advance, {"moved": rows(moved)}).rowcount


_ids = rowset("ids", id=Integer)
_complete = (
    update(enrollments)
    .where(
        enrollments.c.id.in_(select(_ids.c.id)),
        enrollments.c.status == "active",
        ~exists(select(1).where(places.c.enrollment_id == enrollments.c.id, places.c.next_due_at.is_not(None))),
    )
    .values(status="completed")
)


def complete(connection: Connection, enrollment_ids: Sequence[int]) -> int:
    """Mark completed those of the enrollments in which no partner has a step left. How many were."""
    return connection.execute(_complete, {"ids": rows([[i] for i in enrollment_ids])}).rowcount


_after = bindparam("after", type_=Instant)
_wakes = select(
    select(func.min(places.c.next_due_at, type_=Instant))
    .where(places.c.next_due_at > _after, places.c.next_due_at < NEVER)
    .scalar_subquery(),
    select(func.min(deliveries.c.send_at, type_=Instant))
    .where(PLANNED, deliveries.c.send_at > _after)
    .scalar_subquery(),
    select(func.min(deliveries.c.lease_until, type_=Instant))
    .where(LEASED, deliveries.c.lease_until > _after)
    .scalar_subquery(),
)
BEFORE_ALL = datetime(1, 1, 1, tzinfo=UTC)


_waiting = select(
    select(func.count())
    .select_from(places)
    .where(places.c.next_due_at <= bindparam("now", type_=Instant))
    .scalar_subquery(),
    select(func.count())
    .select_from(deliveries)
    .where(PLANNED, deliveries.c.send_at <= bindparam("now", type_=Instant))
    .scalar_subquery(),
)


def waiting(connection: Connection, now: datetime) -> tuple[int, int]:
    """How many places have fallen due, and how many planned deliveries may be sent."""
    due_places, to_send = connection.execute(_waiting, {"now": now}).one()
    return due_places, to_send


def next_wake(connection: Connection, after: datetime = BEFORE_ALL) -> datetime | None:
    """The earliest instant, later than `after`, at which anything falls due, may be sent or loses its lease; None when
    nothing ever will.
    """
    return _earliest(connection.execute(_wakes, {"after": after}).one())


def _earliest(moments: Iterable[datetime | None]) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)


_first_to_send = select(func.min(deliveries.c.send_at, type_=Instant)).where(PLANNED)
_look_ahead = select(_first_due.scalar_subquery(), _first_to_send.scalar_subquery(), *_wakes.selected_columns)


def look_ahead(connection: Connection, now: datetime) -> tuple[bool, bool, datetime | None]:
    """Whether a place has fallen due by now, whether a planned delivery may go, as far as its instant goes, and as
    `next_wake` when anything will after now: one statement that takes no lock.
    """
    due, to_send, *moments = connection.execute(_look_ahead, {"after": now}).one()
    return due is not None and due <= now, to_send is not None and to_send <= now, _earliest(moments)


def millis(moment: datetime | None) -> int | None:
    """An instant as rowsets carry it."""
    return None if moment is None else to_millis(moment)
