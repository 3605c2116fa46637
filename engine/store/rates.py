"""How often something was asked for lately, by whom: nothing is kept of who it was but a keyed hash.

Windows are fixed: one begins with the first asking and ends by itself. Everything that is asked for counts, also what
is turned away, so that each asking costs the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, case, delete, or_

from engine.store.couples_schema import rates
from engine.store.portable import insert
from engine.store.types import Instant
from engine.store.vault import Vault

LONGEST = timedelta(days=1)
"""No window is longer: older counts may be forgotten."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many in a window. `name` tells limits apart; `subject` is who is limited ("": everybody together)."""

    name: str
    subject: str
    most: int
    window: timedelta


def ask(connection: Connection, vault: Vault, limits: Sequence[Limit], now: datetime) -> timedelta | None:
    """Count one asking under each of these limits; None when all allow it, else until when the last of them does not.

    A count that is dated later than now (a clock was put right) begins anew.
    """
    waits = [_ask(connection, vault, limit, now) for limit in limits]
    return max((wait for wait in waits if wait is not None), default=None)


_new = insert(rates).values(key=bindparam("its_key"), since=bindparam("now"), used=1)
_over = or_(rates.c.since <= bindparam("ended", type_=Instant), rates.c.since > bindparam("now", type_=Instant))
_count = _new.on_conflict_do_update(
    index_elements=["key"],
    set_={
        "since": case((_over, _new.excluded.since), else_=rates.c.since),
        "used": case((_over, 1), else_=rates.c.used + 1),
    },
).returning(rates.c.since, rates.c.used)


def _ask(connection: Connection, vault: Vault, limit: Limit, now: datetime) -> timedelta | None:
    key = vault.index(f"{limit.name}\x1f{limit.subject}", "rates")
    since, used = connection.execute(_count, {"its_key": key, "now": now, "ended": now - limit.window}).one()
    return None if used <= limit.most else since + limit.window - now


_forget = delete(rates).where(rates.c.since <= bindparam("before"))


def forget(connection: Connection, now: datetime) -> None:
    """Drop the counts of windows that are over."""
    connection.execute(_forget, {"before": now - LONGEST})
