"""Jobs for workers, deferred in the transaction that makes the work: both are committed, or neither is.

Where no worker lives (a SQLite file, or `rekindle run` on a server) nothing is deferred. The tables are Procrastinate's
(see the migration); what runs the jobs is engine.run.worker.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Float, text

from engine.clock import Clock
from engine.model.job import Job
from engine.store import places
from engine.store.database import Database

SILENT = "1 minute"
"""Workers say every ten seconds that they live."""
CALLING = 0x52656B6361 + 1
"""The advisory lock of whoever is calling the workers."""

_DEFER = text(
    f"""
SELECT procrastinate_defer_jobs_v1(ARRAY[
    ROW(:job, :job, 0, NULL, NULL, '{{}}', NULL)::procrastinate_job_to_defer_v1
])
WHERE EXISTS (SELECT 1 FROM procrastinate_workers WHERE last_heartbeat > now() - interval '{SILENT}')
  AND NOT EXISTS (SELECT 1 FROM procrastinate_jobs WHERE status = 'todo' AND task_name = :job)
"""  # noqa: S608 - constants
)


def defer(connection: Connection, job: Job) -> None:
    """Wake a worker for this kind of work once the transaction is committed, unless one is about to look anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(_DEFER, {"job": job.value})


_CAME = '{"type": "job_inserted", "job_id": 0}'
_NOTIFY = text(
    "SELECT pg_notify('procrastinate_queue_v1#' || :job, :said)"
    " WHERE EXISTS (SELECT 1 FROM procrastinate_jobs WHERE status = 'todo' AND task_name = :job)"
)


@dataclass(frozen=True, slots=True)
class Called:
    """Whether anything is `due`, and the next instant after now at which anything will be (None: never)."""

    due: bool
    wake: datetime | None


def call(database: Database, now: datetime) -> Called:
    """Wake workers for what has fallen due or may go by `now`.

    Any number may call at once: one of them is heard. Who was busy when a job came missed it, and is told again.
    """
    with database.read() as connection:
        due, to_send, wake = places.look_ahead(connection, now)
    if due or to_send:
        with database.begin(shared=True) as connection:
            if connection.execute(text(f"SELECT pg_try_advisory_xact_lock({CALLING})")).scalar_one():
                for wanted, job in ((due, Job.PLAN), (to_send, Job.DRAIN)):
                    if wanted:
                        defer(connection, job)
                        connection.execute(_NOTIFY, {"job": job.value, "said": _CAME})
    return Called(due or to_send, wake)


def ahead(database: Database, clock: Clock) -> float:
    """By how many seconds `clock` is ahead of the server's, at least; below nothing: behind it.

    However long the answer takes: what may be due to the wait is not counted.
    """
    before = clock.now().timestamp()
    with database.read() as connection:
        there: float = connection.execute(
            text("SELECT extract(epoch FROM clock_timestamp())::float8 AS there").columns(there=Float)
        ).scalar_one()
    after = clock.now().timestamp()
    return max(before - there, 0.0) + min(after - there, 0.0)


def forget_stalled(database: Database) -> int:
    """Drop the jobs of workers that are silent: what they were about is in the rows. How many there were."""
    with database.begin(shared=True) as connection:
        stalled = text(
            f"""
DELETE FROM procrastinate_jobs j WHERE status = 'doing' AND NOT EXISTS (
    SELECT 1 FROM procrastinate_workers w
    WHERE w.id = j.worker_id AND w.last_heartbeat > now() - interval '{SILENT}')
"""  # noqa: S608
        )
        return connection.execute(stalled).rowcount
