"""`python -m bench.soak [--minutes 60] [--rate 50] [--out FILE]`: workers at a moderate rate, looked at now and then.

Memory, open files, the server's connections and how long what is due has waited must not grow with time: each is fitted
by a straight line over the run's second half, and said as growth an hour. Lines of JSON go to FILE as it runs.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import sleep
from typing import Any

from bench.figures import Figure, show
from bench.scale.engine import resident
from bench.scale.town import ServerTown, children, town_on_server, workers
from bench.transports.provider import smtp_sink
from engine.clock import stopwatch

EVERY = 10.0
PEOPLE = 4_000
PROCESSES = 2
LIMITS = {"memory": 5.0, "files": 1.0, "connections": 1.0, "age": 1.0}
"""What may be added in an hour: MB, files, connections, seconds."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rate", type=int, default=50, help="messages that fall due a second")
    parser.add_argument("--out", type=Path, default=Path("build/soak.jsonl"))
    given = parser.parse_args()
    given.out.parent.mkdir(parents=True, exist_ok=True)
    samples = []
    with smtp_sink("PIPELINING", "CHUNKING") as sink, town_on_server(PEOPLE) as place, given.out.open("w") as out:
        place.unsend(0)
        with workers(place, PROCESSES, sink.port) as running:
            began, handed = stopwatch(), 0
            while stopwatch() - began < given.minutes * 60:
                wanted = int((stopwatch() - began + EVERY) * given.rate)
                _let_fall_due(place, handed, wanted)
                handed = wanted
                sleep(EVERY)
                samples.append({"seconds": stopwatch() - began, **_look(place, children(running))})
                print(json.dumps(samples[-1]), file=out, flush=True)
        come = sink.come()
    figures = list(_verdict(samples, given.minutes))
    figures.append(Figure("processor time of the workers, a message", 1000 * _spent(samples, given.rate), "ms"))
    figures.append(Figure("messages that came, and came twice", come.messages, f"and {come.messages - handed:+d}"))
    show(figures)
    return 0 if all(each.met is not False for each in figures) else 1


def _let_fall_due(place: ServerTown, first: int, last: int) -> None:
    """Have the town's messages sent again, one after another, spread over the next seconds."""
    with place.database.begin() as connection:
        ids = connection.exec_driver_sql("SELECT id FROM deliveries WHERE step = 'talk' ORDER BY id").scalars().all()
        now, number = datetime.now(UTC), max(last - first, 1)
        for place_in_turn in range(first, last):
            at = now + timedelta(seconds=EVERY * (place_in_turn - first) / number)
            millis = int(at.timestamp() * 1000)
            connection.exec_driver_sql(
                "UPDATE deliveries SET status = 'planned', sent_on = NULL, sent_at = NULL, receipt = NULL,"
                " attempts = 0,"
                " due_at = %s, send_at = %s, expires_at = %s WHERE id = %s AND status IN ('sent', 'cancelled')",
                (millis, millis, millis + 3_600_000, ids[place_in_turn % len(ids)]),
            )


def _look(place: ServerTown, pids: Sequence[int]) -> dict[str, float]:
    now = int(datetime.now(UTC).timestamp() * 1000)
    with place.database.read() as connection:
        connections, oldest = connection.exec_driver_sql(
            "SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),"
            " (SELECT min(send_at) FROM deliveries WHERE status = 'planned' AND send_at <= %s)",
            (now,),
        ).one()
    return {
        "memory": sum(map(resident, pids)) / len(pids),
        "files": sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids) / len(pids),
        "connections": float(connections),
        "age": 0.0 if oldest is None else (now - oldest) / 1000,
        "worked": sum(map(_worked, pids)),
    }


def _worked(pid: int) -> float:
    """Seconds of processor time that a process has taken."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def _spent(samples: Sequence[dict[str, Any]], rate: int) -> float:
    """Seconds of the workers' processor time a message, from the first sample to the last."""
    first, last = samples[0], samples[-1]
    return (last["worked"] - first["worked"]) / max(rate * (last["seconds"] - first["seconds"]), 1)


def _verdict(samples: Sequence[dict[str, Any]], minutes: float) -> "list[Figure]":
    half = samples[len(samples) // 2 :]
    found = []
    for name, limit in LIMITS.items():
        growth = _slope([each["seconds"] for each in half], [each[name] for each in half]) * 3600
        scaled = growth * min(minutes / 60, 1.0)
        unit = {"memory": "MB", "age": "s"}.get(name, "")
        found.append(Figure(f"{name}, at the end", half[-1][name], unit))
        found.append(Figure(f"{name}, growth over the run", scaled, unit, aim=f"≤ {limit:g}", met=scaled <= limit))
    return found


def _slope(at: Sequence[float], values: Sequence[float]) -> float:
    middle, mean = sum(at) / len(at), sum(values) / len(values)
    spread = sum((each - middle) ** 2 for each in at) or 1.0
    return sum((a - middle) * (v - mean) for a, v in zip(at, values, strict=True)) / spread


if __name__ == "__main__":
    sys.exit(main())
