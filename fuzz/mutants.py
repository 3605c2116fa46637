"""Whether the checker can fail: plants bug after bug in the engine, and counts the seeds until one is caught.

Each runs in a process of its own, which imports the engine with the bug in it.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from fuzz.planted import BUGS, Bug
from fuzz.planting import plant

PATIENCE = 900.0
"""Seconds for one bug."""
A_LIFE = 120
"""Seconds for one life: with some bugs the engine never comes to an end."""


@dataclass(frozen=True, slots=True)
class Caught:
    """What became of a bug: by which rule it was caught, by the how-manieth seed; no rule: it survived."""

    bug: Bug
    rule: str
    text: str
    seed: int
    seeds: int


def hunt(bug: Bug, seeds: Iterable[int]) -> Caught:
    """Live through these seeds with the bug in the engine, in this process, until a violation."""
    plant(bug)
    from fuzz.check import check
    from fuzz.generate import generate
    from fuzz.world import act_out

    signal.signal(signal.SIGALRM, _never_ends)
    number, seed = 0, -1
    for number, seed in enumerate(seeds, 1):
        script = generate(seed)
        signal.alarm(A_LIFE)
        try:
            found = check(script, act_out(script))
        except Exception as error:  # an engine that falls over it is as good as caught
            return Caught(bug, "fell", f"{type(error).__name__}: {error}"[:200], seed, number)
        if found:
            return Caught(bug, found[0].rule, found[0].text, seed, number)
    return Caught(bug, "", "", seed, number)


def _never_ends(number: int, frame: object) -> None:
    raise TimeoutError("The life does not end.")


def hunted(bug: Bug, seeds: Sequence[int]) -> Caught:
    """The same in a process of its own."""
    words = [sys.executable, "-m", "fuzz.mutants", bug.name, ",".join(map(str, seeds))]
    home = Path(__file__).parents[1]
    path = os.pathsep.join([str(home), *filter(None, [os.environ.get("PYTHONPATH")])])
    around = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(words, capture_output=True, text=True, cwd=home, env=around, timeout=PATIENCE, check=False)
    if done.returncode:
        raise RuntimeError(f"{bug.name}: {done.stderr[-2_000:]}")
    return Caught(bug, **json.loads(done.stdout.splitlines()[-1]))


def hunted_all(seeds: Sequence[int], processes: int = 2, bugs: Sequence[Bug] = BUGS) -> Iterator[Caught]:
    """Every bug, its own seed first, in order."""
    with ThreadPoolExecutor(processes) as pool:
        yield from pool.map(lambda bug: hunted(bug, [bug.seed, *(seed for seed in seeds if seed != bug.seed)]), bugs)


def table(seeds: Sequence[int], processes: int = 2) -> bool:
    """Print what became of every bug; whether all were caught."""
    survivors = 0
    for each in hunted_all(seeds, processes):
        survivors += not each.rule
        became = f"{each.rule:9} seed {each.seed:<5} the {each.seeds}." if each.rule else "SURVIVED"
        print(f"{each.bug.name:24} {became:32} {each.bug.what}", flush=True)
    print(f"{len(BUGS) - survivors} of {len(BUGS)} planted bugs were caught.")
    return not survivors


def _main() -> None:
    name, seeds = sys.argv[1:]
    found = hunt(next(bug for bug in BUGS if bug.name == name), map(int, seeds.split(",")))
    print(json.dumps({"rule": found.rule, "text": found.text, "seed": found.seed, "seeds": found.seeds}))


if __name__ == "__main__":
    _main()
