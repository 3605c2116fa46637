"""`python -m bench.transports.delivering DATABASE PORT < KEYS`: deliver all that is due by SMTP; say what it took.

A process that does nothing else, so that its peak memory is that of delivering: planning, rendering, sending, marking.
"""

import asyncio
import json
import resource
import sys
from pathlib import Path

from bench.figures import Lap
from bench.town import TALK
from bench.transports.smtp import ours
from engine.app import Engine
from engine.clock import VirtualClock
from engine.model.campaign import Channel
from engine.settings import load
from engine.store.database import open_database
from engine.store.vault import Vault


def peak() -> float:
    """The most resident memory that this process has had, in MB of a million bytes."""
    status = Path("/proc/self/status")
    if status.exists():  # since exec; getrusage also counts what the parent had at the fork
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # bytes where there is no /proc (macOS)


async def deliver(engine: Engine) -> int:
    """One tick, and good-bye to the transport."""
    sent = (await engine.tick()).delivered.sent
    await engine.aclose()
    return sent


def main() -> None:
    path, port = Path(sys.argv[1]), int(sys.argv[2])
    database = open_database(f"sqlite:///{path}")
    vault = Vault.from_text(sys.stdin.read())
    transports = dict.fromkeys(Channel, ours(port, connections=4))
    engine = Engine(load(path.parent, environment={}), database, vault, VirtualClock(TALK), transports)
    before = peak()
    with Lap() as lap:
        sent = asyncio.run(deliver(engine))
    print(json.dumps({"sent": sent, "seconds": lap.seconds, "before": before, "peak": peak()}))


if __name__ == "__main__":
    main()
