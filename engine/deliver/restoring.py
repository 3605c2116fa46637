"""After a backup was put back: what would go out is looked at, and what may have been sent since is never sent blindly.

The copy cannot know what became of anything that was due before it was put back and is not over in it. None of that is
put in doubt: nobody knows which transport would have to be asked, most could not tell, and a campaign whose `on_doubt`
is `resend` would send it again. It is skipped, with a reason of its own, and counts towards the caps as if it had gone
as late as it may have: what is sent from now on is then within them, whenever it went.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from engine.clock import zone_names
from engine.errors import Refused
from engine.model.act import Act
from engine.plan.local import local_day
from engine.store import audit, restores
from engine.store.database import Database
from engine.store.restores import Restore

BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Line:
    """One message that would go. `delivery_id` is None where it is not planned yet; instants are aware, in UTC."""

    delivery_id: int | None
    couple: str
    partner: int
    campaign: str
    step: str
    channel: str
    due_at: datetime
    late_seconds: int
    in_doubt: bool  # it may have been sent after the backup was made
    too_late: bool


@dataclass(frozen=True, slots=True)
class Look:
    """What stands after a restore: the first of what would go out, and how much of it is in doubt."""

    restore: Restore
    lines: Sequence[Line]
    in_doubt: int  # planned deliveries
    unplanned: int  # places from which deliveries in doubt would be planned


@dataclass(frozen=True, slots=True)
class Released:
    """What confirming came to; `still_paused` where an operator's own pause of everything goes on."""

    skipped: int
    still_paused: bool


def look(connection: Connection, now: datetime, limit: int) -> Look | None:
    """See it, changing nothing; None where no restore waits to be confirmed."""
    found = restores.pending(connection)
    if found is None:
        return None
    moment = found.restored_at or now
    lines = [
        _line(row, now, row.id, in_doubt=min(row.due_at, row.send_at) <= moment, too_late=row.expires_at <= now)
        for row in restores.would_go(connection, moment, now, limit)
    ]
    lines += [
        _line(row, now, None, in_doubt=row.due_at <= moment, too_late=False)
        for row in restores.would_be_planned(connection, now, limit - len(lines))
    ]
    return Look(found, lines, *restores.number_in_doubt(connection, moment))


def confirm(
    database: Database,
    plan: Callable[[], object],
    actor: str,
    now: Callable[[], datetime],
    *,
    nothing_sent_since: bool = False,
) -> Released:
    """Skip what may have been sent, and let go the rest; Refused when no restore waits.

    `plan` plans all that has fallen due. It can be killed at any moment and run again. With `nothing_sent_since`
    somebody knows that nothing was sent after the backup was made: then nothing is skipped.
    """
    skipped = 0
    while True:
        plan()
        with database.begin() as connection:
            found = restores.pending(connection)
            if found is None:
                raise Refused("No backup was put back that waits to be confirmed.", fix="There is nothing to do.")
            if found.restored_at is None:  # somebody copied it into place
                found = restores.put_back(connection, now())
            moment = found.restored_at or now()
            batch = 0 if nothing_sent_since else _skip(connection, moment)
            skipped += batch
            if batch < BATCH and (nothing_sent_since or not restores.any_place_due(connection, moment)):
                still = restores.confirm(connection, found, now())
                said = "nothing was sent since" if nothing_sent_since else f"{skipped} skipped"
                audit.record(connection, now(), actor, Act.CONFIRM_RESTORE, f"restore {found.id}: {said}")
                return Released(skipped, still)
        database.let_others_write()


def _skip(connection: Connection, moment: datetime) -> int:
    found = restores.in_doubt(connection, moment, BATCH)
    known = zone_names()
    return restores.skip(
        connection,
        [
            (row.id, local_day(latest, row.timezone if row.timezone in known else "UTC").toordinal())
            for row in found
            for latest in [max(row.send_at, min(row.expires_at, moment))]
        ],
    )


def _line(row: Row[Any], now: datetime, delivery_id: int | None, *, in_doubt: bool, too_late: bool) -> Line:
    return Line(
        delivery_id,
        row.ref,
        row.position,
        row.campaign,
        row.step,
        row.channel,
        row.due_at,
        max(0, int((now - row.due_at).total_seconds())),
        in_doubt,
        too_late,
    )
