"""Webhook calls as they came, sealed, each kept once; and which of them wait to be reacted to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, or_, select, update

from engine.model.words import Described
from engine.store.portable import insert, up_to
from engine.store.schema import UNDONE, intake
from engine.store.types import Instant


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


def known(connection: Connection, source: str, digest: bytes) -> int | None:
    """The id of a call that has come before; None for a new one."""
    found: int | None = connection.execute(
        select(intake.c.id).where(intake.c.source == source, intake.c.digest == digest)
    ).scalar()
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


def find(connection: Connection, call_id: int) -> Call | None:
    """The call with this id; None when it is not kept (any more)."""
    row = connection.execute(
        select(intake.c.source, intake.c.status, intake.c.cipher).where(intake.c.id == call_id)
    ).one_or_none()
    return None if row is None else Call(row.source, CallStatus(row.status), row.cipher)


def mark(connection: Connection, call_id: int, status: CallStatus, error: str | None = None) -> bool:
    """Say what became of a call, and in our own words what of it went wrong. What is done stays done: False."""
    statement = update(intake).where(intake.c.id == call_id, intake.c.status != CallStatus.DONE.value)
    return connection.execute(statement.values(status=status.value, error=error)).rowcount > 0


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


_oldest = select(intake.c.received_at).order_by(intake.c.id).limit(1)


def any_before(connection: Connection, moment: datetime) -> bool:
    """Whether the oldest call came before an instant."""
    oldest = connection.execute(_oldest).scalar()
    return oldest is not None and oldest < moment


def forget(connection: Connection, before: datetime, limit: int = 10_000) -> int:
    """Delete calls that came before an instant, of the `limit` oldest, whatever became of them; how many."""
    oldest = select(intake.c.id, intake.c.received_at).order_by(intake.c.id).limit(limit).subquery()
    old = select(oldest.c.id).where(oldest.c.received_at < bindparam("before", type_=Instant))
    return connection.execute(delete(intake).where(intake.c.id.in_(old)), {"before": before}).rowcount
