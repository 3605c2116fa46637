"""How things stand, for whoever watches: every figure from an index or a small table, in one consistent look.

What may be any number (a backlog) is counted up to MOST and no further, so that a look costs the same on a bad day.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, Select, bindparam, func, literal, select

from engine.model.delivery import MovedBecause
from engine.model.hold import Hold
from engine.model.incident import Incident
from engine.store import breakers, holds, incidents, places, tallies
from engine.store.breakers import Breaker
from engine.store.couples_schema import OPEN, alerts
from engine.store.intake import CallStatus
from engine.store.schema import IN_DOUBT, LEASED, PLANNED, UNDONE, deliveries, intake
from engine.store.schema import places as places_table
from engine.store.tallies import Tally
from engine.store.types import Instant

MOST = 100_000
COMPLAINT_DAYS = 7


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stood at `at` (aware, UTC). Counts stop at MOST."""

    at: datetime
    due: Mapping[str, int]  # planned deliveries whose instant has come, by channel
    held: Mapping[str, int]  # put off until a limit or a transport lets them go, by channel
    oldest_due: datetime | None  # since when the oldest of them has waited
    places_due: int  # places that have fallen due and are not planned yet
    oldest_place: datetime | None
    under_way: int  # claimed or being sent
    in_doubt: Mapping[str, int]
    doubts: int  # in doubt for longer than was asked about
    oldest_doubt: datetime | None
    breakers: Mapping[str, Breaker]
    holds: Sequence[Hold]
    alerts: Sequence[int]  # the numbers of those that nobody has looked at, oldest first
    oldest_alert: datetime | None
    intake: int  # stored calls of providers that were not reacted to
    incidents: Sequence[Incident]
    today: Counter[Tally]  # since midnight UTC
    week: Counter[Tally]  # the last COMPLAINT_DAYS UTC days, today's included
    next_wake: datetime | None
    aside: int = 0  # places that cannot be planned and calls that cannot be reacted to

    @property
    def queue_seconds(self) -> float:
        """How long the oldest of what is due has waited; 0 when nothing is due."""
        oldest = min((each for each in (self.oldest_due, self.oldest_place) if each is not None), default=self.at)
        return max((self.at - oldest).total_seconds(), 0.0)

    def open_breakers(self) -> list[str]:
        """The transports that are left alone now."""
        return [name for name, each in self.breakers.items() if each.open_until > self.at]

    def complaints(self) -> tuple[int, int]:
        """Emails marked as spam, and those delivered, in the last days. Where no delivery is heard of: those sent."""
        delivered = self.week["email", tallies.HEARD, "delivered"] or self.week["email", "sent", ""]
        return self.week["email", tallies.HEARD, "complained"], delivered


_now = bindparam("now", type_=Instant)
_most = bindparam("most", type_=Integer)


def _some(*where: ColumnElement[bool]) -> Select[Any]:
    """Up to MOST of the deliveries for which that holds, by channel."""
    few = select(deliveries.c.channel).where(*where).limit(_most).subquery()
    return select(few.c.channel, func.count().label("number")).group_by(few.c.channel)


def _count(few: Select[Any]) -> Select[Any]:
    return select(func.count()).select_from(few.limit(_most).subquery())


_due = _some(PLANNED, deliveries.c.send_at <= _now)
_in_doubt = _some(IN_DOUBT)
# The bound is on what is read: most of what is planned for later may wait for something else.
_later = (
    select(deliveries.c.channel, deliveries.c.moved_because)
    .where(PLANNED, deliveries.c.send_at > _now)
    .order_by(deliveries.c.send_at)
    .limit(_most)
    .subquery()
)
_held = (
    select(_later.c.channel, func.count().label("number"))
    .where(_later.c.moved_because == MovedBecause.HELD.value)
    .group_by(_later.c.channel)
)
_one = literal(1)
_singles = select(
    select(func.min(deliveries.c.send_at)).where(PLANNED, deliveries.c.send_at <= _now).scalar_subquery(),
    _count(select(_one).where(places_table.c.next_due_at <= _now)).scalar_subquery(),
    select(func.min(places_table.c.next_due_at)).where(places_table.c.next_due_at <= _now).scalar_subquery(),
    _count(select(_one).where(LEASED)).scalar_subquery(),
    _count(select(_one).where(UNDONE)).scalar_subquery(),
    _count(select(_one).where(places_table.c.next_due_at == places.NEVER)).scalar_subquery()
    + _count(select(_one).where(UNDONE, intake.c.status == CallStatus.FAILED.value)).scalar_subquery(),
)
_doubts = select(func.count(), func.min(func.coalesce(deliveries.c.intended_at, deliveries.c.lease_until)))
_old_doubts = _doubts.where(
    IN_DOUBT,
    func.coalesce(deliveries.c.intended_at, deliveries.c.lease_until) <= bindparam("doubted_by", type_=Instant),
)
_alerts = select(alerts.c.id, alerts.c.at).where(OPEN).order_by(alerts.c.id).limit(_most)


def standing(connection: Connection, now: datetime, doubt: timedelta = timedelta(0)) -> Standing:
    """How things stand at `now`; `doubts` counts what has been in doubt for `doubt` or longer."""
    given = {"now": now, "most": MOST, "doubted_by": now - doubt}
    oldest_due, places_due, oldest_place, under_way, backlog, aside = connection.execute(_singles, given).one()
    doubts, oldest_doubt = connection.execute(_old_doubts, given).one()
    unseen = connection.execute(_alerts, given).all()
    return Standing(
        at=now,
        due=_by_channel(connection, _due, given),
        held=_by_channel(connection, _held, given),
        oldest_due=oldest_due,
        places_due=places_due,
        oldest_place=oldest_place,
        under_way=under_way,
        in_doubt=_by_channel(connection, _in_doubt, given),
        doubts=doubts,
        oldest_doubt=oldest_doubt,
        breakers=breakers.load(connection),
        holds=holds.standing(connection),
        alerts=[row.id for row in unseen],
        oldest_alert=unseen[0].at if unseen else None,
        intake=backlog,
        incidents=incidents.open_ones(connection),
        today=tallies.of_days(connection, now.date()),
        week=tallies.of_days(connection, now.date(), COMPLAINT_DAYS),
        next_wake=places.next_wake(connection),
        aside=aside,
    )


def _by_channel(connection: Connection, statement: Select[Any], given: Mapping[str, object]) -> dict[str, int]:
    return {row.channel: row.number for row in connection.execute(statement, given)}
