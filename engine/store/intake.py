"""Webhook calls as they came, sealed, each kept once; and which of them wait to be reacted to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, or_, select, update

from engine.model.words import Described
from engine.store.portable import insert, up_to
from engine.store.schema import UNDONE, intake
from engine.store.types import Instant

SEALED_CALL = "intake.hook"
"""What a stored call is sealed for."""


class CallStatus(Described):
    """What became of a webhook call."""

    PENDING = "pending", "Stored; not reacted to yet."
    DONE = "done", "Reacted to."
    FAILED = "failed", "Reacting failed and nothing of it was kept; its provider may try again."


@dataclass(frozen=True, slots=True)
class Call:
    """One stored webhook call; `cipher` is all of it, sealed."""

    source: str
    status: CallStatus
    cipher: bytes


_known = select(intake.c.id).where(intake.c.source == bindparam("source"), intake.c.digest == bindparam("digest"))


def known(connection: Connection, source: str, digest: bytes) -> int | None:
    """The id of a call that has come before; None for a new one."""
    found: int | None = connection.execute(_known, {"source": source, "digest": digest}).scalar()
    return found


def keep(
    connection: Connection, source: str, kind: str, digest: bytes, received_at: datetime, cipher: bytes
) -> int | None:
    """Store a call that waits to be reacted to; its id, or None when another process was faster."""
    statement = insert(intake).values(
        source=source,
        kind=kind,
        digest=digest,
        received_at=received_at,
        status=CallStatus.PENDING.value,
        cipher=cipher,
    )
    return connection.execute(
        statement.on_conflict_do_nothing(index_elements=["source", "digest"]).returning(intake.c.id)
    ).scalar()


_find = select(intake.c.source, intake.c.status, intake.c.cipher).where(intake.c.id == bindparam("call_id"))


def find(connection: Connection, call_id: int) -> Call | None:
    """The call with this id; None when it is not kept (any more)."""
    row = connection.execute(_find, {"call_id": call_id}).one_or_none()
    return None if row is None else Call(row.source, CallStatus(row.status), row.cipher)


_mark = (
    update(intake)
    .where(intake.c.id == bindparam("call_id"), intake.c.status != CallStatus.DONE.value)
    .values(status=bindparam("became"), error=bindparam("because"))
)


def mark(connection: Connection, call_id: int, status: CallStatus, error: str | None = None) -> bool:
    """Say what became of a call, and in our own words what of it went wrong. What is done stays done: False."""
    given = {"call_id": call_id, "became": status.value, "because": error}
    return connection.execute(_mark, given).rowcount > 0


def note_error(connection: Connection, call_id: int, error: str) -> None:
    """Say in our own words what went wrong with a call, whatever became of it."""
    connection.execute(update(intake).where(intake.c.id == call_id).values(error=error))


_waiting = (
    select(intake.c.id)
    .where(
        UNDONE,
        intake.c.received_at <= bindparam("before", type_=Instant),
        or_(
            intake.c.status == CallStatus.PENDING.value, intake.c.received_at > bindparam("failed_since", type_=Instant)
        ),
    )
    .order_by(intake.c.status.desc(), intake.c.id)  # pending ones first: those that failed may fail again
    .limit(up_to())
)


def waiting(connection: Connection, before: datetime, failed_since: datetime, limit: int) -> Sequence[int]:
    """Up to `limit` calls that came by `before` and nobody has reacted to, then those that failed and came after
    `failed_since`; oldest first. Reads a partial index.
    """
    given = {"before": before, "failed_since": failed_since, "limit": limit}
    return connection.execute(_waiting, given).scalars().all()


_failed = (
    select(intake.c.id).where(UNDONE, intake.c.status == CallStatus.FAILED.value).order_by(intake.c.id).limit(up_to())
)
_why = (
    select(intake.c.source, intake.c.kind, intake.c.error, func.count(), func.min(intake.c.received_at, type_=Instant))
    .where(UNDONE, intake.c.status == CallStatus.FAILED.value)
    .group_by(intake.c.source, intake.c.kind, intake.c.error)
    .order_by(intake.c.source, intake.c.kind, intake.c.error)
)


def failed(connection: Connection, limit: int) -> Sequence[int]:
    """Up to `limit` calls to which reacting failed, oldest first. Reads a partial index."""
    return connection.execute(_failed, {"limit": limit}).scalars().all()


@dataclass(frozen=True, slots=True)
class FailedCalls:
    """Calls of one source and kind to which reacting failed alike; `error` is the kind of error."""

    source: str
    kind: str
    error: str
    number: int
    since: datetime


def why_failed(connection: Connection) -> list[FailedCalls]:
    """All of them, by source, kind and error."""
    return [
        FailedCalls(source, kind, error or "", number, since)
        for source, kind, error, number, since in connection.execute(_why)
    ]


_oldest = select(intake.c.received_at).order_by(intake.c.id).limit(1)


def any_before(connection: Connection, moment: datetime) -> bool:
    """Whether the oldest call came before an instant."""
    oldest = connection.execute(_oldest).scalar()
    return oldest is not None and oldest < moment


def done_after(connection: Connection, after: int, limit: int) -> Sequence[Any]:
    """The next `limit` calls with an id above `after` that somebody has reacted to, or failed to: id and cipher."""
    settled = intake.c.status != CallStatus.PENDING.value
    found = select(intake.c.id, intake.c.cipher).where(settled, intake.c.id > after).order_by(intake.c.id)
    return connection.execute(found.limit(limit)).all()


def forget_calls(connection: Connection, ids: Sequence[int]) -> int:
    """Delete these; how many there were."""
    return connection.execute(delete(intake).where(intake.c.id.in_(ids))).rowcount


def forget(connection: Connection, before: datetime, limit: int = 10_000) -> int:
    """Delete calls that came before an instant, of the `limit` oldest, whatever became of them; how many."""
    oldest = select(intake.c.id, intake.c.received_at).order_by(intake.c.id).limit(limit).subquery()
    old = select(oldest.c.id).where(oldest.c.received_at < bindparam("before", type_=Instant))
    return connection.execute(delete(intake).where(intake.c.id.in_(old)), {"before": before}).rowcount
