"""The versions of campaigns that are stored, and how many couples stand where in each."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, case, func, select

from engine.model.notice import NOTICES
from engine.store.schema import definitions, enrollments

_STATUSES = ("active", "paused", "completed", "stopped")


@dataclass(frozen=True, slots=True)
class Version:
    """One stored version of a campaign, and its enrollments by where they stand."""

    campaign: str
    digest: str
    title: str
    stored_at: datetime
    active: int
    paused: int
    completed: int
    stopped: int


def versions(connection: Connection, campaign: str | None = None) -> list[Version]:
    """The stored versions of a campaign, or of all, by campaign, the latest stored first."""
    statement = (
        select(
            definitions.c.campaign,
            definitions.c.digest,
            definitions.c.title,
            definitions.c.stored_at,
            *(func.coalesce(func.sum(case((enrollments.c.status == each, 1), else_=0)), 0) for each in _STATUSES),
        )
        .outerjoin(enrollments, enrollments.c.digest == definitions.c.digest)
        .where(definitions.c.campaign != NOTICES if campaign is None else definitions.c.campaign == campaign)
        .group_by(definitions.c.digest)
        .order_by(definitions.c.campaign, definitions.c.stored_at.desc(), definitions.c.digest)
    )
    return [Version(*row) for row in connection.execute(statement)]
