"""What became of everything, by UTC day: counted as it happens, so that no figure has to count deliveries."""

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta

from sqlalchemy import Connection, Integer, bindparam, cast, func, literal, select

from engine.store.events import ids_of, numbered
from engine.store.operating_schema import tallies
from engine.store.portable import insert
from engine.store.schema import events
from engine.store.types import LocalDate

Tally = tuple[str, str, str]
"""Channel, what (a delivery's status, or HEARD), why (its reason or the event's type; "" for none)."""

HEARD = "heard"

_new = insert(tallies)
_add = _new.on_conflict_do_update(
    index_elements=["day", "channel", "what", "why"], set_={"number": tallies.c.number + _new.excluded.number}
)


def add(connection: Connection, day: date, counted: Mapping[Tally, int]) -> None:
    """Count these on a UTC day."""
    found = [
        {"day": day, "channel": channel, "what": what, "why": why, "number": number}
        for (channel, what, why), number in counted.items()
        if number
    ]
    if found:
        connection.execute(_add, found)


# SELECT … WHERE, or SQLite takes ON CONFLICT for a join's ON.
_heard = insert(tallies).from_select(
    ["day", "channel", "what", "why", "number"],
    select(
        cast(bindparam("day", type_=LocalDate), Integer),
        events.c.channel,
        literal(HEARD),
        events.c.type,
        func.count(),
    )
    .where(events.c.id.in_(select(ids_of.c.id)))
    .group_by(events.c.channel, events.c.type),
)
_add_heard = _heard.on_conflict_do_update(
    index_elements=["day", "channel", "what", "why"], set_={"number": tallies.c.number + _heard.excluded.number}
)


def add_heard(connection: Connection, day: date, ids: Mapping[str, int]) -> None:
    """Count events that are news (store.events.store) on a UTC day; only once, in the transaction that stored them."""
    if ids:
        connection.execute(_add_heard, {"day": day, **numbered(ids.values())})


def of_days(connection: Connection, last: date, days: int = 1) -> Counter[Tally]:
    """What was counted on `last` and the days before it, `days` in all."""
    first = last - timedelta(days=days - 1)
    rows = connection.execute(
        select(tallies.c.channel, tallies.c.what, tallies.c.why, func.sum(tallies.c.number))
        .where(tallies.c.day >= first, tallies.c.day <= last)
        .group_by(tallies.c.channel, tallies.c.what, tallies.c.why)
    )
    return Counter({(channel, what, why): number for channel, what, why, number in rows})


def ever(connection: Connection) -> Counter[Tally]:
    """All that was ever counted. It only grows."""
    return of_days(connection, date.max, date.max.toordinal())
