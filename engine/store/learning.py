"""What draws learn from, and where they are kept: verdicts by couple, pulses and what was given by enrollment."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, Connection, Integer, bindparam, select, update

from engine.model.delivery import LATER
from engine.model.notice import NOTICES
from engine.store.couples_schema import feedback, pulses
from engine.store.facts import VERSION, Facts
from engine.store.rowset import rows, rowset
from engine.store.schema import deliveries, enrollments, partners
from engine.store.types import Json, StringMap

_couples = rowset("couples", couple_id=Integer)
_verdicts = (
    select(
        partners.c.couple_id,
        VERSION,
        feedback.c.activity,
        feedback.c.verdict,
        # Said of a message and again of the copy that was asked for later, it is said once.
        partners.c.id,
        enrollments.c.id,
        deliveries.c.step,
        deliveries.c.occurrence % LATER,
    )
    .distinct()
    .join_from(_couples, partners, partners.c.couple_id == _couples.c.couple_id)
    .join(feedback, feedback.c.partner_id == partners.c.id)
    .join(deliveries, deliveries.c.id == feedback.c.delivery_id)
    .join(enrollments, enrollments.c.id == deliveries.c.enrollment_id)
)


def verdicts(connection: Connection, couple_ids: Collection[int]) -> Sequence[Facts]:
    """What each partner of these couples said in all their enrollments: (couple_id, digest, activity, verdict, …)."""
    return connection.execute(_verdicts, {"couples": rows([each] for each in couple_ids)}).all()


_people = select(partners.c.causes, partners.c.touch).where(
    partners.c.couple_id == bindparam("couple_id", type_=Integer)
)


def tastes(connection: Connection, couple_id: int) -> Sequence[Facts]:
    """What each partner asked for at intake or since: (causes, touch)."""
    return connection.execute(_people, {"couple_id": couple_id}).all()


_running = (
    select(
        enrollments.c.id,
        enrollments.c.campaign,
        enrollments.c.digest,
        enrollments.c.start,
        enrollments.c.seed,
        enrollments.c.variants,
        enrollments.c.draws,
        enrollments.c.learned,
    )
    .where(
        enrollments.c.couple_id == bindparam("couple_id", type_=Integer),
        enrollments.c.status.in_(["active", "paused"]),
        enrollments.c.campaign != NOTICES,
    )
    .order_by(enrollments.c.id)
)


def running(connection: Connection, couple_id: int) -> Sequence[Facts]:
    """The couple's running enrollments, with what their draws came from."""
    return connection.execute(_running, {"couple_id": couple_id}).all()


_felt = select(pulses.c.partner_id, pulses.c.occurrence % LATER, pulses.c.value, pulses.c.at).where(
    pulses.c.enrollment_id == bindparam("enrollment_id", type_=Integer)
)


def felt(connection: Connection, enrollment_id: int) -> Sequence[Facts]:
    """Every pulse of an enrollment: (partner_id, occurrence, value, at)."""
    return connection.execute(_felt, {"enrollment_id": enrollment_id}).all()


_begun = (
    select(
        deliveries.c.step,
        (deliveries.c.occurrence % LATER).label("occurrence"),
        deliveries.c.activity,
        (deliveries.c.status == "sent").label("sent"),
    )
    .where(deliveries.c.enrollment_id == bindparam("enrollment_id", type_=Integer))
    .distinct()
)


def begun(connection: Connection, enrollment_id: int) -> Sequence[Facts]:
    """What an enrollment has come to, whatever became of it: (step, occurrence, activity, sent), each once."""
    return connection.execute(_begun, {"enrollment_id": enrollment_id}).all()


_keep = (
    update(enrollments)
    .where(enrollments.c.id == bindparam("enrollment_id", type_=BigInteger))
    .values(draws=bindparam("anew", type_=StringMap), learned=bindparam("epochs", type_=Json))
)


def keep(
    connection: Connection, enrollment_id: int, draws: Mapping[str, str], learned: Sequence[Mapping[str, Any]]
) -> None:
    """Replace an enrollment's draws, and what they went by."""
    connection.execute(_keep, {"enrollment_id": enrollment_id, "anew": dict(draws), "epochs": list(learned)})
