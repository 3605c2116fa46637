"""What a tick costs by how many are enrolled: nothing due, and thousands due."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.crowd import Crowd
from bench.figures import Figure, Lap, middle

IDLE_TICKS = 100
REPEAT = 3


def run() -> Iterator[Figure]:
    """20,000 against 200,000 enrolled partners."""
    yield from _compare(20_000, 200_000, due=4_000)


def run_large() -> Iterator[Figure]:
    """200,000 against 10,000,000 enrolled partners: needs gigabytes of disk for some minutes."""
    yield from _compare(200_000, 10_000_000, due=20_000)


def _compare(few: int, many: int, due: int) -> Iterator[Figure]:
    with TemporaryDirectory() as folder, ExitStack() as closing:
        crowds = []
        for size in (few, many):
            with Lap() as filling:
                crowds.append(Crowd(Path(folder) / str(size), size))
            closing.callback(crowds[-1].database.close)
            yield Figure(f"fill with {size:,} partners (SQL only)", filling.seconds, "s")
        # Turn about, so that a busy moment of the machine falls on both.
        idle: list[list[float]] = [[], []]
        busy: list[list[float]] = [[], []]
        for _ in range(IDLE_TICKS):
            for crowd, laps in zip(crowds, idle, strict=True):
                with Lap() as lap:
                    crowd.send()
                laps.append(lap.seconds)
        for turn in range(REPEAT + 1):
            for crowd, laps in zip(crowds, busy, strict=True):
                crowd.make_due(due)
                with Lap() as lap:
                    sent = crowd.send()
                assert sent == due, f"{sent} of {due} were sent"
                if turn:  # the first compiles templates and reads the file into the cache
                    laps.append(lap.seconds)
        for what, laps_of, scale, unit in (("idle tick", idle, 1000, "ms"), (f"tick with {due:,} due", busy, 1, "s")):
            small, large = (middle(laps) for laps in laps_of)
            yield Figure(f"{what}, {few:,} enrolled", small * scale, unit)
            ratio = large / small
            against = f"at {few:,}"
            yield Figure(f"{what}, {many:,} enrolled", large * scale, unit, ratio, against, "≤ 1.3×", ratio <= 1.3)
