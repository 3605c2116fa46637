"""What moving enrollments to another version of their campaign reads and writes: a page of them a statement."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Connection, Integer, String, bindparam, delete, exists, select, update

from engine.model.delivery import DeliveryStatus, SkipReason
from engine.store.facts import Facts
from engine.store.portable import up_to
from engine.store.rowset import rows, rowset
from engine.store.schema import couples, definitions, deliveries, enrollments, partners, places
from engine.store.seats import RUNNING
from engine.store.types import Json, StringMap

_again = enrollments.alias("again")
UNDER_WAY = RUNNING | (
    (enrollments.c.status == "completed")
    & exists(
        select(1).where(
            deliveries.c.enrollment_id == enrollments.c.id, deliveries.c.status == DeliveryStatus.PLANNED.value
        )
    )
    & ~exists(
        select(1).where(
            _again.c.couple_id == enrollments.c.couple_id,
            _again.c.campaign == enrollments.c.campaign,
            _again.c.status.in_(["active", "paused"]),
        )
    )
)
"""Running, or completed but for what waits to be sent; unless the couple has begun anew since."""

_versions = (
    select(definitions.c.digest)
    .where(
        definitions.c.campaign == bindparam("campaign"),
        exists(select(1).where(enrollments.c.digest == definitions.c.digest, UNDER_WAY)),
    )
    .order_by(definitions.c.stored_at, definitions.c.digest)
)


def versions(connection: Connection, campaign: str) -> Sequence[str]:
    """The stored versions of a campaign in which couples are under way, oldest first."""
    return connection.execute(_versions, {"campaign": campaign}).scalars().all()


_page = (
    select(
        enrollments.c.id,
        enrollments.c.couple_id,
        couples.c.ref,
        enrollments.c.digest,
        enrollments.c.start,
        enrollments.c.seed,
        enrollments.c.variants,
        enrollments.c.draws,
        enrollments.c.learned,
        enrollments.c.left_week,
    )
    .join(couples, couples.c.id == enrollments.c.couple_id)
    .where(
        enrollments.c.digest == bindparam("digest"),
        enrollments.c.id > bindparam("after", type_=BigInteger),
        UNDER_WAY,
    )
    .order_by(enrollments.c.id)
    .limit(up_to())
)


def under_way(
    connection: Connection, digest: str, after: int, limit: int, refs: Collection[str] | None = None
) -> Sequence[Facts]:
    """The next `limit` enrollments under way in a version after enrollment `after`: of all couples, or those named."""
    page = _page if refs is None else _page.where(couples.c.ref.in_(refs))
    return connection.execute(page, {"digest": digest, "after": after, "limit": limit}).all()


_ids = rowset("ids", id=Integer)
_people = (
    select(
        enrollments.c.id.label("enrollment_id"),
        partners.c.id.label("partner_id"),
        partners.c.position,
        partners.c.timezone,
        partners.c.send_at.label("own_time"),
        partners.c.reach_days,
        partners.c.causes,
        partners.c.touch,
        partners.c.left_at,
        places.c.enrollment_id.is_not(None).label("seated"),
        places.c.next_due_at,
        places.c.next_step,
        places.c.next_occurrence,
        places.c.passed,
    )
    .join_from(_ids, enrollments, enrollments.c.id == _ids.c.id)
    .join(partners, partners.c.couple_id == enrollments.c.couple_id)
    .outerjoin(places, (places.c.enrollment_id == enrollments.c.id) & (places.c.partner_id == partners.c.id))
    .order_by(enrollments.c.id, partners.c.position)
)


def people(connection: Connection, enrollment_ids: Sequence[int]) -> Sequence[Facts]:
    """The partners of these enrollments, each with their place where they have one."""
    return connection.execute(_people, {"ids": rows([[each] for each in enrollment_ids])}).all()


_have = (
    select(
        deliveries.c.id,
        deliveries.c.enrollment_id,
        deliveries.c.partner_id,
        deliveries.c.step,
        deliveries.c.occurrence,
        deliveries.c.channel,
        deliveries.c.activity,
        deliveries.c.status,
        deliveries.c.attempts,
    )
    .join_from(_ids, deliveries, deliveries.c.enrollment_id == _ids.c.id)
    .order_by(deliveries.c.id)
)


def have(connection: Connection, enrollment_ids: Sequence[int]) -> Sequence[Facts]:
    """Every delivery of these enrollments, whatever became of it."""
    return connection.execute(_have, {"ids": rows([[each] for each in enrollment_ids])}).all()


@dataclass(frozen=True, slots=True)
class Onward:
    """What an enrollment goes by from now on."""

    id: int
    variants: Mapping[str, str]
    draws: Mapping[str, str]
    learned: Sequence[Mapping[str, Any]]


_go_on = (
    update(enrollments)
    .where(enrollments.c.id == bindparam("enrollment", type_=BigInteger))
    .values(
        digest=bindparam("to_digest"),
        variants=bindparam("arms", type_=StringMap),
        draws=bindparam("drawn", type_=StringMap),
        learned=bindparam("epochs", type_=Json),
    )
)


def go_on(connection: Connection, onward: Sequence[Onward], digest: str) -> None:
    """Let these enrollments go on by the version `digest`."""
    if onward:
        connection.execute(
            _go_on,
            [
                {
                    "enrollment": each.id,
                    "to_digest": digest,
                    "arms": dict(each.variants),
                    "drawn": dict(each.draws),
                    "epochs": list(each.learned),
                }
                for each in onward
            ],
        )


_reopen = update(enrollments).where(
    enrollments.c.id.in_(select(_ids.c.id)),
    enrollments.c.status == "completed",
    exists(select(1).where(places.c.enrollment_id == enrollments.c.id, places.c.next_due_at.is_not(None))),
)


def reopen(connection: Connection, enrollment_ids: Sequence[int]) -> None:
    """Let those of the enrollments run again that were completed and to which something is to come now."""
    connection.execute(_reopen.values(status="active"), {"ids": rows([[each] for each in enrollment_ids])})


_of_these = deliveries.c.id.in_(select(_ids.c.id))
_still_planned = deliveries.c.status == DeliveryStatus.PLANNED.value
_forget = delete(deliveries).where(_of_these, _still_planned, deliveries.c.attempts == 0)
_withdraw = (
    update(deliveries)
    .where(_of_these, _still_planned)
    .values(status=DeliveryStatus.CANCELLED.value, reason=SkipReason.CHANGED.value, waits_for=None)
)


def forget(connection: Connection, delivery_ids: Sequence[int]) -> None:
    """Take back planned deliveries of which nothing was ever tried, as if they had not been planned."""
    if delivery_ids:
        connection.execute(_forget, {"ids": rows([[each] for each in delivery_ids])})


def withdraw(connection: Connection, delivery_ids: Sequence[int]) -> None:
    """Withdraw planned deliveries for good: the version their couple is moved to has no such message."""
    if delivery_ids:
        connection.execute(_withdraw, {"ids": rows([[each] for each in delivery_ids])})


_begun = rowset("begun", id=Integer, digest=String)
_stay = (
    update(deliveries)
    .where(deliveries.c.id == _begun.c.id, deliveries.c.digest.is_(None))
    .values(digest=_begun.c.digest)
)


def stay(connection: Connection, delivery_ids: Sequence[int], digest: str) -> None:
    """Let these deliveries be what they were in the version `digest`, though their enrollments go on by another."""
    if delivery_ids:
        connection.execute(_stay, {"begun": rows([each, digest] for each in delivery_ids)})
