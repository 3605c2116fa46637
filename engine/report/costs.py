"""What was spent, by the price list as it was when each message was handed over."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from engine.store.schema import couples, deliveries, enrollments


@dataclass(frozen=True, slots=True)
class Spent:
    """One campaign on one channel: messages that went, the parts they were charged for, and millionths of money."""

    campaign: str
    channel: str
    messages: int
    segments: int
    micros: int


def spent(connection: Connection, couple: str | None = None) -> list[Spent]:
    """Every campaign that anything was sent in, to one couple or to all. What is in doubt counts: it may be charged."""
    columns = enrollments.c.campaign, deliveries.c.channel
    statement = (
        select(
            *columns,
            func.count(),
            func.coalesce(func.sum(deliveries.c.parts), 0),
            func.coalesce(func.sum(deliveries.c.cost), 0),
        )
        .join(enrollments, enrollments.c.id == deliveries.c.enrollment_id)
        .where(deliveries.c.status.in_(["sent", "in_doubt"]))
        .group_by(*columns)
        .order_by(*columns)
    )
    if couple is not None:
        statement = statement.join(couples, couples.c.id == enrollments.c.couple_id).where(couples.c.ref == couple)
    return [Spent(*row) for row in connection.execute(statement)]
