"""What partners say of activities: kept once for each message and verdict."""

from datetime import datetime

from sqlalchemy import Connection, Integer, bindparam, select

from engine.model.reply import Feedback
from engine.store.couples_schema import feedback
from engine.store.portable import insert


def give(
    connection: Connection, delivery_id: int, partner_id: int, activity: str, verdict: Feedback, at: datetime
) -> bool:
    """Keep what a partner says of the activity that a delivery brought them; whether it is news."""
    row = {
        "delivery_id": delivery_id,
        "partner_id": partner_id,
        "activity": activity,
        "verdict": verdict.value,
        "at": at,
    }
    statement = insert(feedback).on_conflict_do_nothing(index_elements=["delivery_id", "verdict"])
    return connection.execute(statement, row).rowcount == 1


_of = select(feedback.c.verdict).where(feedback.c.delivery_id == bindparam("delivery_id", type_=Integer))


def of(connection: Connection, delivery_id: int) -> frozenset[Feedback]:
    """What the partner that a delivery was for has said of its activity."""
    return frozenset(map(Feedback, connection.execute(_of, {"delivery_id": delivery_id}).scalars()))
