"""Whether the checker can fail: plants bug after bug in the engine, and acts out the scene in which each does harm.

Each is hunted in a process of its own, forked off one that has loaded everything but the engine.
"""

import json
import signal
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from fuzz.planted import BUGS, Bug
from fuzz.planting import plant

if TYPE_CHECKING:
    from fuzz.script import Script

A_LIFE = 120
"""Seconds for one life: with some bugs the engine never comes to an end."""
OURS = "fuzz.mutants", "fuzz.planted", "fuzz.planting", "fuzz.__main__"
"""What need not be loaded anew behind a fork: it holds nothing of the engine."""


@dataclass(frozen=True, slots=True)
class Caught:
    """What became of a bug: by which rule it was caught, in which life, the how-manieth; no rule: it survived."""

    bug: str
    rule: str
    text: str
    life: str
    lives: int


def hunt(bug: Bug, seeds: Iterable[int]) -> Caught:
    """Live through the bug's scene and dense lives of these seeds, with it in the engine of this process, until a rule
    is broken. The engine must not be loaded yet.
    """
    plant(bug)
    from fuzz.check import check
    from fuzz.world import act_out

    signal.signal(signal.SIGALRM, _never_ends)
    number, life = 0, ""
    for number, (life, script) in enumerate(_lives(bug, seeds), 1):
        signal.alarm(A_LIFE)
        try:
            found = check(script, act_out(script))
        except Exception as error:  # an engine that falls over it is as good as caught
            return Caught(bug.name, "fell", f"{type(error).__name__}: {error}"[:200], life, number)
        finally:
            signal.alarm(0)
        if found:
            return Caught(bug.name, found[0].rule, found[0].text, life, number)
    return Caught(bug.name, "", "", life, number)


def _lives(bug: Bug, seeds: Iterable[int]) -> "Iterator[tuple[str, Script]]":
    from fuzz.dense import dense
    from fuzz.generate import generate
    from fuzz.scenes import SCENES

    yield bug.scene, SCENES[bug.scene]()
    for seed in seeds:
        yield f"seed {seed}", dense(generate(seed))


def hunted(bugs: Sequence[Bug], seeds: Sequence[int] = (), *, processes: int = 2) -> Iterator[Caught]:
    """Every bug, in order; so many at a time."""
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
            process = context.Process(target=_child, args=(theirs, bug, seeds))
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


def table(seeds: Sequence[int] = (), processes: int = 2) -> bool:
    """Print what became of every bug; whether all were caught."""
    caught = 0
    what = {bug.name: bug.what for bug in BUGS}
    for each in hunted(BUGS, seeds, processes=processes):
        caught += bool(each.rule)
        print(f"{each.bug:22} {each.rule or 'SURVIVED':10} {each.life:14} {what[each.bug]}", flush=True)
    print(f"{caught} of {len(BUGS)} planted bugs were caught.")
    return caught == len(BUGS)


def _child(pipe: Connection, bug: Bug, seeds: Sequence[int]) -> None:
    for name in [name for name in sys.modules if name.startswith(("engine", "fuzz")) and not name.startswith(OURS)]:
        del sys.modules[name]
    warnings.simplefilter("ignore")  # what the engine registers with its libraries, it registers again
    pipe.send(hunt(bug, seeds))


def _never_ends(number: int, frame: object) -> None:
    raise TimeoutError("The life does not end.")


def _main() -> None:
    """Hunt all bugs, or those that are named, in their scenes, and tell of it in JSON."""
    names = sys.argv[1:]
    for each in hunted([bug for bug in BUGS if not names or bug.name in names]):
        print(json.dumps(asdict(each)), flush=True)


if __name__ == "__main__":
    _main()
