"""Memory: the peak of a process that does nothing but deliver by SMTP, and whether it grows with the deliveries."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.crowd import Crowd
from bench.figures import Figure
from bench.transports.provider import Provider, smtp_sink

MOST = 80
GROWTH = 1.1
"""Flat: ten times the deliveries take at most a tenth more memory."""


def run() -> Iterator[Figure]:
    """Up to 30,000 deliveries."""
    yield from _peaks((3_000, 30_000))


def run_large() -> Iterator[Figure]:
    """Up to 300,000 deliveries."""
    yield from _peaks((30_000, 300_000))


def _peaks(numbers: Sequence[int]) -> Iterator[Figure]:
    smaller: float | None = None
    for deliveries in numbers:
        with TemporaryDirectory() as folder, smtp_sink("PIPELINING", "CHUNKING") as sink:
            peak, rate = _delivered(Path(folder), deliveries, sink)
        what = f"Memory, SMTP, {deliveries:,} deliveries"
        yield Figure(f"{what}, planned too", rate, "messages/s")
        yield Figure(f"{what}, peak", peak, "MB", aim=f"≤ {MOST} MB", met=peak <= MOST)
        if smaller is not None:
            growth = peak / smaller
            yield Figure("the same, against a tenth of them", growth, "×", aim=f"≤ {GROWTH}×", met=growth <= GROWTH)
        smaller = peak


def _delivered(folder: Path, deliveries: int, sink: Provider) -> tuple[float, float]:
    """The peak in MB, and deliveries a second."""
    crowd = Crowd(folder, deliveries + 2)
    crowd.make_due(deliveries)
    crowd.database.close()
    command = [sys.executable, "-m", "bench.transports.delivering", str(crowd.path), str(sink.port)]
    printed = subprocess.run(command, input=crowd.key, capture_output=True, text=True, check=True).stdout
    found = json.loads(printed)
    come = sink.come()
    assert found["sent"] == come.messages == come.different == deliveries, f"{found}, {come}"
    return found["peak"], deliveries / found["seconds"]
