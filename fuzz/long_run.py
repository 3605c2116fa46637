"""Seeds in a row, for as long as it takes: what they came to is kept, and a run that was ended goes on at the next."""

import gc
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fuzz.check import check
from fuzz.generate import generate
from fuzz.world import act_out

WRITE_EVERY = 5.0
CHUNK = 4
"""Seeds that a process is given at once."""
LOST, DOUBLED = "lost", "once"
"""The rules by which a delivery counts as lost, or as accepted twice."""


@dataclass
class Totals:
    """What some seeds came to."""

    seeds: int = 0
    lives: int = 0  # of couples
    deliveries: int = 0
    accepted: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    happenings: Counter[str] = field(default_factory=Counter)
    bad_inputs: int = 0
    lost: int = 0
    doubled: int = 0
    violations: int = 0
    failing: list[int] = field(default_factory=list)

    def live(self, seed: int) -> list[str]:
        """Live one; what is wrong with it, in words."""
        script = generate(seed)
        try:
            record = act_out(script)
            wrong = check(script, record)
        except Exception as error:
            error.add_note(f"Seed {seed}")
            raise
        self.seeds += 1
        self.lives += len({each.couple for each in script.people})
        self.deliveries += len(record.rows)
        self.accepted += len(record.accepted)
        self.faults.update(record.faults)
        self.happenings.update(each.kind.value for each in script.happenings)
        self.bad_inputs += record.faults.get("provider.garbage", 0)
        self.lost += sum(each.rule == LOST for each in wrong)
        self.doubled += sum(each.rule == DOUBLED for each in wrong)
        self.violations += len(wrong)
        if wrong:
            self.failing.append(seed)
        return [f"{each.rule} (n {each.n}): {each.text}" for each in wrong]

    def add(self, other: "Totals") -> None:
        """Count another's as well."""
        for name, value in vars(other).items():
            mine = getattr(self, name)
            if isinstance(mine, Counter):
                mine.update(value)
            else:
                setattr(self, name, mine + value)


def lived(seeds: range) -> Totals:
    """What these seeds come to."""
    gc.set_threshold(50_000, 20, 100)  # a life makes much, and little of it goes round in circles
    totals = Totals()
    for seed in seeds:
        totals.live(seed)
    return totals


def long_run(into: Path, deliveries: int, seeds: int, processes: int, first: int = 1) -> int:
    """Go on until so many deliveries and seeds have been lived in all, from where `into` says that it stopped.

    Seeds count without a gap from the first one. 1 when any broke a rule.
    """
    totals, first, following = _before(into, first)
    written = time.monotonic()
    with ProcessPoolExecutor(processes) as pool:
        waiting: dict[int, Totals] = {}
        running: dict[Future[Totals], int] = {}
        begun = following
        while totals.deliveries < deliveries or totals.seeds < seeds:
            while len(running) < processes * 2:
                running[pool.submit(lived, range(begun, begun + CHUNK))] = begun
                begun += CHUNK
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                waiting[running.pop(future)] = future.result()
            while following in waiting:  # in order, so that what is counted has no gap
                totals.add(waiting.pop(following))
                following += CHUNK
            if time.monotonic() - written > WRITE_EVERY:
                written = time.monotonic()
                _write(into, totals, first, following - 1)
                print(
                    f"{totals.seeds} seeds, {totals.deliveries} deliveries, {totals.violations} violations", flush=True
                )
        for future in running:
            future.cancel()
    _write(into, totals, first, following - 1)
    for seed in totals.failing[:9]:
        print(f"Replay it: python -m fuzz --seed {seed} --shrink", file=sys.stderr)
    return 1 if totals.violations else 0


def _before(into: Path, first: int) -> tuple[Totals, int, int]:
    """What was counted before, the first seed, and the next one."""
    if not into.exists():
        return Totals(), first, first
    kept = json.loads(into.read_text(encoding="utf-8"))
    given = {name: kept[name] for name in Totals.__dataclass_fields__}
    for name in ("faults", "happenings"):
        given[name] = Counter(given[name])
    return Totals(**given), kept["first_seed"], kept["last_seed"] + 1


def _write(into: Path, totals: Totals, first: int, last: int) -> None:
    """Put it there whole, or not at all."""
    found = dict(_plain(totals))
    said = {**found, "first_seed": first, "last_seed": last, "commit": _commit()}
    part = into.with_suffix(".part")
    part.write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")
    os.replace(part, into)  # noqa: PTH105 - the same


def _plain(totals: Totals) -> Iterator[tuple[str, Any]]:
    for name, value in vars(totals).items():
        yield name, dict(sorted(value.items())) if isinstance(value, Counter) else value


def _commit() -> str:
    """Which version this is."""
    asked = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)  # noqa: S607
    return asked.stdout.strip()
