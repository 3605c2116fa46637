"""What became of every delivery, as a person or a program reads it."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from engine.clock import UnknownZone
from engine.define.digest import thaw
from engine.errors import NotFound, Unreadable
from engine.plan.local import wall_time
from engine.store import definitions
from engine.store.facts import VERSION
from engine.store.schema import attempts, couples, deliveries, enrollments, events, partners

PAGE = 5_000


@dataclass(frozen=True, slots=True)
class Line:
    """One delivery. `due_at` is when it goes (moves by gates and retries included), in UTC; `local_time` the same
    instant on the partner's wall, with its offset. `partner` is a given name, or `name (2)` where both have the same.
    """

    couple: str
    partner: str
    campaign: str
    week: int
    step: str
    activity: str | None
    strategy: str | None
    channel: str
    variant: str | None
    due_at: str
    local_time: str
    timezone: str
    status: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Numbered:
    """A line and the id of its delivery."""

    id: int
    line: Line


_twin = partners.alias("twin")
_lines = (
    select(
        deliveries.c.id,
        deliveries.c.week,
        deliveries.c.step,
        deliveries.c.activity,
        deliveries.c.channel,
        deliveries.c.variant,
        deliveries.c.send_at,
        deliveries.c.timezone,
        deliveries.c.status,
        deliveries.c.reason,
        couples.c.ref,
        enrollments.c.campaign,
        VERSION,
        partners.c.given_name,
        partners.c.position,
        _twin.c.given_name.label("twin_name"),
    )
    .join(partners, partners.c.id == deliveries.c.partner_id)
    .join(enrollments, enrollments.c.id == deliveries.c.enrollment_id)
    .join(couples, couples.c.id == partners.c.couple_id)
    .outerjoin(_twin, (_twin.c.couple_id == couples.c.id) & (_twin.c.id != partners.c.id))
    .order_by(deliveries.c.send_at, couples.c.ref, partners.c.position, deliveries.c.id)
)


def lines(
    connection: Connection,
    *,
    couple: str | None = None,
    status: str | None = None,
    limit: int | None = None,
) -> Iterator[Numbered]:
    """Deliveries by instant, couple, partner and step; all of them, or those of a couple or with a status."""
    statement = _lines
    if couple is not None:
        statement = statement.where(couples.c.ref == couple)
    if status is not None:
        statement = statement.where(deliveries.c.status == status)
    if limit is not None:
        statement = statement.limit(limit)
    strategies = _Strategies(connection)
    for row in connection.execution_options(yield_per=PAGE).execute(statement):
        yield Numbered(row.id, _line(row, strategies))


def _line(row: Row[*tuple[Any, ...]], strategies: "_Strategies") -> Line:
    return Line(
        couple=row.ref,
        partner=f"{row.given_name} (2)" if row.position == 2 and row.twin_name == row.given_name else row.given_name,
        campaign=row.campaign,
        week=row.week,
        step=row.step,
        activity=row.activity,
        strategy=strategies.of(row.digest, row.activity),
        channel=row.channel,
        variant=row.variant,
        due_at=_utc(row.send_at),
        local_time=local_time(row.send_at, row.timezone),
        timezone=row.timezone,
        status=row.status,
        reason=row.reason,
    )


def local_time(instant: datetime, timezone: str) -> str:
    """The instant on the partner's wall, with its UTC offset; in UTC where the zone is unknown."""
    try:
        return wall_time(instant, timezone).isoformat(timespec="seconds")
    except UnknownZone:
        return instant.isoformat(timespec="seconds")


class _Strategies:
    """The strategy of each activity of each definition, read once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[str, dict[str, str]] = {}

    def of(self, digest: str, activity: str | None) -> str | None:
        if activity is None:
            return None
        if digest not in self._known:
            self._known[digest] = self._read(digest)
        return self._known[digest].get(activity)

    def _read(self, digest: str) -> dict[str, str]:
        try:
            campaign = thaw(definitions.body(self._connection, digest))
        except Unreadable:  # what became of its deliveries can be told all the same
            return {}
        return {each.id: each.strategy for each in campaign.activities.values()}


def counts(connection: Connection) -> dict[str, int]:
    """How many deliveries there are in each status and reason, as `status` or `status: reason`."""
    found = connection.execute(
        select(deliveries.c.status, deliveries.c.reason, func.count())
        .group_by(deliveries.c.status, deliveries.c.reason)
        .order_by(deliveries.c.status, deliveries.c.reason)
    )
    return {f"{status}: {reason}" if reason else status: number for status, reason, number in found}


@dataclass(frozen=True, slots=True)
class Detail:
    """One delivery, its attempts and what was heard of it as a plain map: everything but the address and the words."""

    facts: dict[str, Any]


_SHOWN = ("transport", "receipt", "parts", "moved_because", "detail", "tzdata")
_INSTANTS = ("due_at", "expires_at", "sent_at")


def show(connection: Connection, delivery_id: int) -> Detail:
    """The delivery with this id; NotFound when there is none."""
    more = (deliveries.c[name] for name in (*_SHOWN, *_INSTANTS))
    row = connection.execute(_lines.add_columns(*more).where(deliveries.c.id == delivery_id)).first()
    if row is None:
        raise NotFound(f"There is no delivery {delivery_id}.", fix="`rekindle deliveries list` shows their ids.")
    tried = connection.execute(
        select(attempts.c.at, attempts.c.transport, attempts.c.outcome, attempts.c.detail)
        .where(attempts.c.delivery_id == delivery_id)
        .order_by(attempts.c.id)
    )
    told = connection.execute(
        select(events.c.at, events.c.source, events.c.type, events.c.code, events.c.detail)
        .where(events.c.delivery_id == delivery_id)
        .order_by(events.c.at, events.c.id)
    )
    values = row._mapping
    return Detail(
        {
            "id": row.id,
            **asdict(_line(row, _Strategies(connection))),
            **{name: values[name] for name in _SHOWN},
            "send_at": _utc(row.send_at),
            **{name: None if values[name] is None else _utc(values[name]) for name in _INSTANTS},
            "attempts": [
                {"at": _utc(at), "transport": transport, "outcome": outcome, "detail": detail}
                for at, transport, outcome, detail in tried
            ],
            "events": [
                {"at": _utc(at), "source": source, "event": kind, "code": code, "detail": detail}
                for at, source, kind, code, detail in told
            ],
        }
    )


def _utc(instant: datetime) -> str:
    return f"{instant.isoformat(timespec='seconds')[:19]}Z"
