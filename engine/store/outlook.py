"""What is to come for whole pages of couples, and what would be for couples that are not enrolled yet."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Boolean, Connection, Integer, bindparam, case, exists, func, literal_column, or_, select

from engine.model.enrollment import EnrollmentStatus
from engine.store.enrollments import ADDRESSED
from engine.store.facts import FACTS, Facts, other, quick
from engine.store.places import PLANNED_ROWS, UPCOMING
from engine.store.portable import up_to
from engine.store.rowset import rows, rowset
from engine.store.schema import PLANNED, couples, deliveries, enrollments, partners, places
from engine.store.types import LocalDate

_NO_LIMIT = 2**63 - 1
_couples = rowset("couples", couple_id=Integer)
_chosen = partners.c.couple_id.in_(select(_couples.c.couple_id))
_ahead = (
    select(couples.c.id)
    .where(
        couples.c.id > bindparam("after", type_=Integer),
        exists(
            select(1)
            .select_from(partners)
            .where(
                partners.c.couple_id == couples.c.id,
                or_(
                    exists(select(1).where(places.c.partner_id == partners.c.id, places.c.next_due_at.is_not(None))),
                    exists(
                        select(1)
                        .select_from(enrollments)
                        .join(deliveries, deliveries.c.enrollment_id == enrollments.c.id)
                        .where(enrollments.c.couple_id == couples.c.id, PLANNED)
                    ),
                ),
            )
        ),
    )
    .order_by(couples.c.id)
    .limit(up_to())
)


def ahead(connection: Connection, after: int, limit: int) -> Sequence[int]:
    """The next `limit` couples, by id, to which something is to come."""
    return connection.execute(_ahead, {"after": after, "limit": limit}).scalars().all()


def upcoming(connection: Connection, couple_ids: Sequence[int]) -> Sequence[Facts]:
    """The places of these couples that have a step left: rows as `places.upcoming` gives them."""
    wanted = {"couples": rows([[each] for each in couple_ids]), "limit": _NO_LIMIT}
    return quick(connection.execute(UPCOMING.where(_chosen), wanted))


def planned(connection: Connection, couple_ids: Sequence[int]) -> Sequence[Facts]:
    """The planned deliveries of these couples: rows as `places.planned` gives them."""
    wanted = {"couples": rows([[each] for each in couple_ids]), "limit": _NO_LIMIT}
    return quick(connection.execute(PLANNED_ROWS.where(_chosen), wanted))


_OF_ENROLLMENT = {"enrollment_status", "digest"}
_as_if = (
    select(
        couples.c.id.label("couple_id"),
        couples.c.ref,
        partners.c.given_name,
        partners.c.phone_cipher,
        partners.c.send_at.label("own_time"),
        partners.c.locale,
        partners.c.causes,
        partners.c.touch,
        *(each for each in FACTS if each.name not in _OF_ENROLLMENT),
        literal_column(f"'{EnrollmentStatus.ACTIVE}'").label("enrollment_status"),
    )
    .select_from(
        partners.join(couples, couples.c.id == partners.c.couple_id).outerjoin(
            other, (other.c.couple_id == partners.c.couple_id) & (other.c.id != partners.c.id)
        )
    )
    .where(_chosen, partners.c.left_at.is_(None))
    .order_by(couples.c.id, partners.c.position)
)


def as_if(connection: Connection, couple_ids: Sequence[int]) -> Sequence[Facts]:
    """The partners of these couples with what planning and the gates would know of them, were they enrolled."""
    return quick(connection.execute(_as_if, {"couples": rows([[each] for each in couple_ids])}))


_named = bindparam("named", type_=Boolean)
_its = enrollments.c.campaign == bindparam("campaign")
_running = _its & enrollments.c.status.in_(["active", "paused"])
_same_start = _its & (enrollments.c.start == bindparam("start", type_=LocalDate))
_stopped = (enrollments.c.status == "stopped") & ~_named
_why = case(
    *(
        (func.max(case((which, 1), else_=0)) == 1, why)
        for which, why in (
            (_running, "in it already"),
            (_same_start, "in it from this start before"),
            (_stopped, "stopped in a campaign before"),
        )
    ),
    else_="been through it before",
)
_refused = (
    select(couples.c.ref, _why)
    .join(enrollments, enrollments.c.couple_id == couples.c.id)
    .where(couples.c.id.in_(select(_couples.c.couple_id)))
    .group_by(couples.c.id)
    .order_by(couples.c.id)
)


def refused(
    connection: Connection, couple_ids: Sequence[int], campaign: str, start: date, *, named: bool
) -> Sequence[tuple[str, str]]:
    """Why each of these couples, which enrolling leaves as they are, is left: (couple, reason)."""
    asked = {"campaign": campaign, "start": start, "named": named, "couples": rows([[each] for each in couple_ids])}
    return [(ref, why) for ref, why in connection.execute(_refused, asked)]


_homeless = select(couples.c.ref).where(
    exists(select(1).where(partners.c.couple_id == couples.c.id, partners.c.left_at.is_(None))),
    ~exists(select(1).where(partners.c.couple_id == couples.c.id, partners.c.left_at.is_(None), ADDRESSED)),
)


def homeless(connection: Connection) -> Sequence[str]:
    """The couples in which nobody who is left has an address."""
    return connection.execute(_homeless.order_by(couples.c.id)).scalars().all()
