"""Whether the checker can fail: plants bug after bug in the engine, and counts the seeds until one is caught.

Each is hunted in a process of its own, forked off one that has loaded everything but the engine.
"""

import json
import signal
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from fuzz.planted import BUGS, Bug
from fuzz.planting import plant

A_LIFE = 120
"""Seconds for one life: with some bugs the engine never comes to an end."""
OURS = frozenset({"fuzz", "fuzz.mutants", "fuzz.planted", "fuzz.planting", "fuzz.__main__"})


@dataclass(frozen=True, slots=True)
class Caught:
    """What became of a bug: by which rule it was caught, on which seed, the how-manieth; no rule: it survived."""

    bug: str
    rule: str
    text: str
    seed: int
    seeds: int


def hunt(bug: Bug, seeds: Iterable[int], *, few: bool = False) -> Caught:
    """Live through these seeds with the bug in the engine, in this process, until a violation.

    The engine must not be loaded yet. `few`: small lives, in which much happens.
    """
    plant(bug)
    from fuzz.check import check
    from fuzz.dense import dense
    from fuzz.generate import generate
    from fuzz.world import act_out

    signal.signal(signal.SIGALRM, _never_ends)
    number, seed = 0, -1
    for number, seed in enumerate(seeds, 1):
        script = dense(generate(seed)) if few else generate(seed)
        signal.alarm(A_LIFE)
        try:
            found = check(script, act_out(script))
        except Exception as error:  # an engine that falls over it is as good as caught
            return Caught(bug.name, "fell", f"{type(error).__name__}: {error}"[:200], seed, number)
        finally:
            signal.alarm(0)
        if found:
            return Caught(bug.name, found[0].rule, found[0].text, seed, number)
    return Caught(bug.name, "", "", seed, number)


def hunted(bugs: Sequence[Bug], seeds: Sequence[int], *, processes: int = 2, few: bool = False) -> Iterator[Caught]:
    """Every bug, in order, on its own seed first; so many at a time."""
    import fuzz.check
    import fuzz.generate
    import fuzz.world  # noqa: F401 - all that the engine needs is loaded once, before the forks

    context = get_context("fork")
    under_way: list[tuple[Bug, Any, Any]] = []
    waiting = list(bugs)
    while waiting or under_way:
        while waiting and len(under_way) < processes:
            bug = waiting.pop(0)
            ours, theirs = context.Pipe(duplex=False)
            order = [bug.seed, *(seed for seed in seeds if seed != bug.seed)] if few else list(seeds)
            process = context.Process(target=_child, args=(theirs, bug, order, few))
            process.start()
            theirs.close()
            under_way.append((bug, process, ours))
        bug, process, ours = under_way.pop(0)
        try:
            yield ours.recv()
        except EOFError:
            raise RuntimeError(f"The hunt for {bug.name} ended without a word.") from None
        finally:
            process.join()


def table(seeds: Sequence[int], processes: int = 2, *, few: bool = False) -> bool:
    """Print what became of every bug; whether all were caught."""
    caught = 0
    what = {bug.name: bug.what for bug in BUGS}
    for each in hunted(BUGS, seeds, processes=processes, few=few):
        caught += bool(each.rule)
        became = f"{each.rule:9} {each.seeds:3} seeds" if each.rule else f"SURVIVED  {each.seeds:3} seeds"
        print(f"{each.bug:24} {became}   {what[each.bug]}", flush=True)
    print(f"{caught} of {len(BUGS)} planted bugs were caught.")
    return caught == len(BUGS)


def _child(pipe: Connection, bug: Bug, seeds: Sequence[int], few: bool) -> None:
    for name in [name for name in sys.modules if name.startswith(("engine", "fuzz")) and name not in OURS]:
        del sys.modules[name]
    warnings.simplefilter("ignore")  # what the engine registers with its libraries, it registers again
    pipe.send(hunt(bug, seeds, few=few))


def _never_ends(number: int, frame: object) -> None:
    raise TimeoutError("The life does not end.")


def _main() -> None:
    """Hunt in dense lives on each bug's own seed, or on as many as are asked for, and tell of it in JSON."""
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    names = sys.argv[2:]
    bugs = [bug for bug in BUGS if not names or bug.name in names]
    for each in hunted(bugs, range(1, most + 1), few=True):
        print(json.dumps({"bug": each.bug, "rule": each.rule, "seed": each.seed, "text": each.text}), flush=True)


if __name__ == "__main__":
    _main()
