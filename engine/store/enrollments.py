"""Enrollments and the places of their partners."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Boolean, Connection, Integer, Row, Select, bindparam, exists, insert, select, update

from engine.model.experiment import Assigned
from engine.model.notice import NOTICES
from engine.store import assignments
from engine.store.metadata import Id
from engine.store.portable import up_to
from engine.store.rowset import rows, rowset
from engine.store.schema import couples, deliveries, enrollments, partners, places
from engine.store.types import LocalDate


@dataclass(frozen=True, slots=True)
class NewEnrollment:
    """An enrollment to store, with the first slot of each partner: (partner id, due at, step, occurrence)."""

    couple_id: int
    campaign: str
    digest: str
    start: date
    seed: str
    variants: Mapping[str, str]
    draws: Mapping[str, str]
    learned: Sequence[Mapping[str, Any]]  # what they went by, see plan.epoch
    first: Sequence[tuple[int, datetime | None, str | None, int | None]]
    assigned: Sequence[Assigned] = field(default=())  # how it came by its variants, to be logged


def add(
    connection: Connection, batch: Sequence[NewEnrollment], now: datetime, *, named: bool = False, dry_run: bool = False
) -> int:
    """Store enrollments, their places and the arms they were given; how many are, or would be, new.

    Who has left since the batch was read gets no place, and a couple of nobody no enrollment.
    Left alone: a couple in the campaign, or once in it from the same start; and, unless the couples were `named`, one
    that was ever in it, or was stopped in any campaign: who left is not taken back by an order about everyone.
    """
    if not batch:
        return 0
    already = left_alone(connection, [each.couple_id for each in batch], batch[0].campaign, batch[0].start, named=named)
    here = _still_here(connection, batch)
    new = [
        each for each in batch if each.couple_id not in already and any(partner in here for partner, *_ in each.first)
    ]
    if not new or dry_run:
        return len(new)
    connection.execute(
        insert(enrollments),
        [{**{name: getattr(each, name) for name in _COLUMNS}, "status": "active", "created_at": now} for each in new],
    )
    ids = _running(connection, new)
    assignments.keep(connection, new[0].campaign, {ids[each.couple_id]: each.assigned for each in new}, now)
    connection.execute(
        insert(places),
        [
            {
                "enrollment_id": ids[each.couple_id],
                "partner_id": partner,
                "next_due_at": due_at,
                "next_step": step,
                "next_occurrence": occurrence,
            }
            for each in new
            for partner, due_at, step, occurrence in each.first
            if partner in here
        ],
    )
    return len(new)


ADDRESSED = partners.c.email_index.is_not(None) | partners.c.phone_index.is_not(None)
_COLUMNS = ("couple_id", "campaign", "digest", "start", "seed", "variants", "draws", "learned")
_wanted = rowset("wanted", couple_id=Integer)
_active = (
    select(enrollments.c.couple_id, enrollments.c.id)
    .join(_wanted, enrollments.c.couple_id == _wanted.c.couple_id)
    .where(enrollments.c.campaign == bindparam("campaign"), enrollments.c.status.in_(["active", "paused"]))
)


_before = (
    select(enrollments.c.couple_id)
    .distinct()
    .join(_wanted, enrollments.c.couple_id == _wanted.c.couple_id)
    .where(
        (
            (enrollments.c.campaign == bindparam("campaign"))
            & (
                enrollments.c.status.in_(["active", "paused"])
                | (enrollments.c.start == bindparam("start", type_=LocalDate))
                | ~bindparam("named", type_=Boolean)
            )
        )
        | ((enrollments.c.status == "stopped") & ~bindparam("named", type_=Boolean))
    )
)


def left_alone(
    connection: Connection, couple_ids: Sequence[int], campaign: str, start: date, *, named: bool
) -> set[int]:
    """Those of the couples that `add` leaves as they are."""
    wanted = {"wanted": rows([[couple_id] for couple_id in couple_ids])}
    asked = {"campaign": campaign, "start": start, "named": named}
    return set(connection.execute(_before, wanted | asked).scalars())


_members = rowset("members", partner_id=Integer)
_here = select(partners.c.id).join(_members, _members.c.partner_id == partners.c.id).where(partners.c.left_at.is_(None))


def _still_here(connection: Connection, batch: Sequence[NewEnrollment]) -> set[int]:
    """The partners of the batch who have not left."""
    members = rows([[partner] for each in batch for partner, *_ in each.first])
    return set(connection.execute(_here, {"members": members}).scalars())


def _running(connection: Connection, batch: Sequence[NewEnrollment]) -> dict[int, int]:
    """The running enrollment of each couple in the batch's campaign, where there is one, by couple."""
    wanted = {"wanted": rows([[each.couple_id] for each in batch]), "campaign": batch[0].campaign}
    return {row.couple_id: row.id for row in connection.execute(_active, wanted)}


_candidates = (
    select(
        couples.c.id.label("couple_id"),
        couples.c.ref,
        partners.c.id.label("partner_id"),
        partners.c.position,
        partners.c.timezone,
        partners.c.send_at,
        partners.c.causes,
        partners.c.touch,
        partners.c.locale,
        partners.c.channel,
        partners.c.reach_days,
    )
    .join(partners, partners.c.couple_id == couples.c.id)
    .where(partners.c.left_at.is_(None))
    .order_by(couples.c.id, partners.c.position)
)
_one_of_them = select(1).where(partners.c.couple_id == couples.c.id, partners.c.left_at.is_(None))


def _page_of(wanted: Select[int]) -> Select[int]:
    page = select(couples.c.id).where(couples.c.id > bindparam("after", type_=Id), exists(wanted))
    return page.order_by(couples.c.id).limit(up_to())


_NAMED = couples.c.ref.in_(bindparam("refs", expanding=True))
_of_all = _candidates.where(couples.c.id.in_(_page_of(_one_of_them.where(ADDRESSED))))
_of_named = _candidates.where(couples.c.id.in_(_page_of(_one_of_them).where(_NAMED)))


def candidates(
    connection: Connection, after: int, limit: int, refs: Sequence[str] | None = None
) -> Sequence[Row[*tuple[Any, ...]]]:
    """The partners of the next `limit` couples after couple id `after`, in order; all couples, or those named.

    Nobody who has left; and of couples that are not named only those in which somebody has an address that is
    confirmed: a partner without any is a sign-up that never was.
    """
    given = {"after": after, "limit": limit}
    if refs is None:
        return connection.execute(_of_all, given).all()
    return connection.execute(_of_named, {**given, "refs": refs}).all()


def of_couple(connection: Connection, couple_id: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """Every enrollment of a couple, latest first."""
    return connection.execute(
        select(enrollments)
        .where(enrollments.c.couple_id == couple_id, enrollments.c.campaign != NOTICES)
        .order_by(enrollments.c.id.desc())
    ).all()


_still_to_send = exists(
    select(1).where(
        deliveries.c.enrollment_id == enrollments.c.id,
        deliveries.c.status.in_(["planned", "claimed", "sending", "in_doubt"]),
    )
)


def unfinished(connection: Connection, couple_id: int) -> Sequence[int]:
    """The enrollments of a couple from which something may still be sent: running, or completed but for its sending."""
    running = enrollments.c.status.in_(["active", "paused"])
    waiting = (enrollments.c.status == "completed") & _still_to_send
    chosen = select(enrollments.c.id).where(
        enrollments.c.couple_id == couple_id, enrollments.c.campaign != NOTICES, running | waiting
    )
    return connection.execute(chosen).scalars().all()


def stop(connection: Connection, enrollment_ids: Sequence[int], reason: str) -> None:
    """End these enrollments and withdraw what was planned; what is being sent right now meets the gates."""
    connection.execute(
        update(enrollments).where(enrollments.c.id.in_(enrollment_ids)).values(status="stopped", stopped_reason=reason)
    )
    connection.execute(update(places).where(places.c.enrollment_id.in_(enrollment_ids)).values(next_due_at=None))
    connection.execute(
        update(deliveries)
        .where(deliveries.c.enrollment_id.in_(enrollment_ids), deliveries.c.status == "planned")
        .values(status="cancelled", reason="stopped")
    )


_seatless = (
    select(
        enrollments.c.id.label("enrollment_id"),
        enrollments.c.couple_id,
        enrollments.c.digest,
        enrollments.c.start,
        partners.c.id.label("partner_id"),
        partners.c.position,
        partners.c.timezone,
        partners.c.send_at,
        partners.c.reach_days,
        enrollments.c.left_week,
    )
    .join(partners, partners.c.couple_id == enrollments.c.couple_id)
    .outerjoin(places, (places.c.enrollment_id == enrollments.c.id) & (places.c.partner_id == partners.c.id))
    .where(
        enrollments.c.status.in_(["active", "paused"]),
        enrollments.c.campaign != NOTICES,
        partners.c.left_at.is_(None),
        places.c.enrollment_id.is_(None),
    )
    .order_by(enrollments.c.id)
)


def seatless(connection: Connection, couple_id: int | None = None) -> Sequence[Row[*tuple[Any, ...]]]:
    """Partners who joined their couple, any or this one, after it enrolled, and have no place in what it is in yet."""
    chosen = _seatless if couple_id is None else _seatless.where(enrollments.c.couple_id == couple_id)
    return connection.execute(chosen).all()


def seat(connection: Connection, seats: Sequence[tuple[int, int, datetime | None, str | None, int | None]]) -> None:
    """Give partners their places: (enrollment, partner, due at, step, occurrence)."""
    names = ("enrollment_id", "partner_id", "next_due_at", "next_step", "next_occurrence")
    if seats:
        connection.execute(insert(places), [dict(zip(names, row, strict=True)) for row in seats])
