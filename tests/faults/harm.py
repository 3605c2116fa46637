"""Faults by name, each done once to a rig, by chance. What one begins it also ends, soon after."""

import signal
from collections.abc import Callable, Mapping
from random import Random

from faults.hands import children
from faults.rig import Rig

CUT = """
SELECT count(pg_terminate_backend(pid)) FROM (
    SELECT pid FROM pg_stat_activity WHERE datname = 'faults' AND pid <> pg_backend_pid()
    AND (state = 'idle in transaction' OR state = 'active' OR random() < 0.1)) AS busy
"""
LOSE = "DELETE FROM procrastinate_jobs WHERE random() < 0.7"
DOUBLE = """
INSERT INTO procrastinate_jobs (queue_name, task_name)
SELECT name, name FROM unnest(ARRAY['plan', 'drain', 'care']) AS name, generate_series(1, 3)
"""
STALL = """
WITH dead AS (
    INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '2 minutes') RETURNING id)
INSERT INTO procrastinate_jobs (queue_name, task_name, status, worker_id)
SELECT name, name, 'doing', dead.id FROM dead, unnest(ARRAY['plan', 'drain', 'care']) AS name
"""


def kill_worker(rig: Rig, chance: Random) -> None:
    """Kill one process that works: a worker, or one of a crew."""
    rig.hands.kill(chance.choice(rig.working()))


def kill_parent(rig: Rig, chance: Random) -> None:
    """Kill a crew's parent alone: its children see it and end; another crew begins meanwhile."""
    crews = [hand for hand in rig.hands.called("worker") if children(hand.pid)]
    if crews:
        rig.hands.kill(chance.choice(crews).pid, sends=False)


def kill_run(rig: Rig, chance: Random) -> None:
    """Kill one of the schedulers that plan and send beside the workers."""
    _kill_one(rig, chance, "run")


def kill_web(rig: Rig, chance: Random) -> None:
    """Kill the web server while it is called."""
    _kill_one(rig, chance, "web")


def crash_server(rig: Rig, chance: Random) -> None:
    """Crash the database server and start it again: `pg_ctl restart -m immediate`."""
    rig.place.server.crash()


def cut(rig: Rig, chance: Random) -> None:
    """End the database sessions that are in the middle of a transaction, and a tenth of the others."""
    rig.order(CUT)


def crash_sink(rig: Rig, chance: Random) -> None:
    """Crash the relay: what each connection had in it is accepted or not, and nobody can tell."""
    rig.unknowable += len(rig.working()) * rig.place.size.connections
    rig.place.sink.crash()


def pause(rig: Rig, chance: Random) -> None:
    """Stop a process for longer than its lease lasts, then let it go on."""
    pid = chance.choice(rig.working())
    rig.hands.tell(pid, signal.SIGSTOP)
    rig.hands.later(rig.place.size.lease + chance.uniform(1, 6), lambda: rig.hands.tell(pid, signal.SIGCONT))


def lose_jobs(rig: Rig, chance: Random) -> None:
    """Delete most jobs, those under way as well."""
    rig.order(LOSE)


def double_jobs(rig: Rig, chance: Random) -> None:
    """Put in three more jobs of each kind."""
    rig.order(DOUBLE)


def stall_jobs(rig: Rig, chance: Random) -> None:
    """Leave a job of each kind with a worker that died."""
    rig.order(STALL)


def shift_clock(rig: Rig, chance: Random) -> None:
    """Set one machine's clock wrong by a minute to an hour, either way, then right."""
    rig.place.set_clock(chance.choice([-1, 1]) * chance.uniform(60, 4000))
    rig.hands.later(chance.uniform(2, 10), lambda: rig.place.set_clock(0))


def fill_disk(rig: Rig, chance: Random) -> None:
    """Leave no room on the disk of the database's tables, or of its log."""
    rig.place.server.fill(chance.choice(["tables", "log"]))
    rig.hands.later(chance.uniform(1, 3), rig.place.server.free)


HARMS: Mapping[str, Callable[[Rig, Random], None]] = {
    each.__name__: each
    for each in (
        kill_worker, kill_parent, kill_run, kill_web, crash_server, cut, crash_sink, pause, lose_jobs, double_jobs,
        stall_jobs, shift_clock, fill_disk,
    )
}  # fmt: skip


RARE = "crash_sink"
"""The relay's crash: a relay that crashes again is left alone for longer, and then nothing is sent."""


def deck(chance: Random, round_: int) -> list[str]:
    """The names of the faults of a round, in any order: all of them, but the rare one in every third only."""
    return chance.sample(names := [name for name in HARMS if name != RARE or round_ % 3 == 0], len(names))


def _kill_one(rig: Rig, chance: Random, command: str) -> None:
    found = rig.hands.called(command)
    if found:
        rig.hands.kill(chance.choice(found).pid, sends=command != "web")
