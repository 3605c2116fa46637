"""Seeds in a row, for as long as it takes: what they came to is kept, and a run that was ended goes on at the next."""

import subprocess
import sys
import time
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path

from fuzz.totals import Kept, Totals, lived

WRITE_EVERY = 5.0
CHUNK = 4
"""Seeds that a process is given at once."""


def long_run(into: Path, deliveries: int, seeds: int, processes: int, first: int = 1) -> int:
    """Go on until so many deliveries and seeds have been lived in all, from where `into` says that it stopped.

    Seeds count without a gap from the first one; those that broke a rule are tried again first. 1 when any does.
    """
    kept = Kept.read(into, first)
    kept.try_again()
    kept.commits += [commit for commit in [_commit()] if commit not in kept.commits]
    totals, written = kept.totals, time.monotonic()
    with ProcessPoolExecutor(processes) as pool:
        waiting: dict[int, Totals] = {}
        running: dict[Future[Totals], int] = {}
        begun = kept.following
        while totals.deliveries < deliveries or totals.seeds < seeds:
            while len(running) < processes * 2:
                running[pool.submit(lived, range(begun, begun + CHUNK))] = begun
                begun += CHUNK
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                waiting[running.pop(future)] = future.result()
            while kept.following in waiting:  # in order, so that what is counted has no gap
                totals.add(waiting.pop(kept.following))
                kept.following += CHUNK
            if time.monotonic() - written > WRITE_EVERY:
                written = time.monotonic()
                kept.write(into)
                said = f"{totals.seeds} seeds, {totals.deliveries} deliveries, {totals.broken()} violations"
                print(said, flush=True)
        for future in running:
            future.cancel()
    kept.write(into)
    for seed in sorted(totals.failing)[:9]:
        print(f"Replay it: python -m fuzz --seed {seed} --shrink", file=sys.stderr)
    return 1 if totals.failing else 0


def _commit() -> str:
    """Which version this is."""
    asked = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)  # noqa: S607
    return asked.stdout.strip()
