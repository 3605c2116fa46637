"""`python -m fuzz`: lives from fresh seeds until the time is over; one of them again, or all that are kept; a long run;
the mutants.

Exit 1 when a rule is broken, with the one command that replays it.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from fuzz.check import Violation
from fuzz.long_run import long_run
from fuzz.replay import chosen, judged, kept, shrunk, story
from fuzz.script import Script
from fuzz.totals import Totals

FRESH = 2**31


def main(given: Sequence[str] | None = None) -> int:
    """Do what is asked; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, help="live fresh seeds for so long (default: 60)")
    parser.add_argument("--seed", type=int, help="live this one, and say what happened")
    parser.add_argument("--kept", action="store_true", help="live those of fuzz/seeds.txt, which broke a rule once")
    parser.add_argument("--scene", help="live this scene, in which some planted bugs do harm, and say what happened")
    parser.add_argument("--shrink", action="store_true", help="leave out of it all that its violation does not need")
    parser.add_argument("--only", type=_numbers, help="its happenings with these numbers, and no others: 3,7")
    parser.add_argument("--couples", type=_numbers, help="these couples of it, and no others: 1,2")
    parser.add_argument("--steps", type=_names, help="these steps of its campaign, and no others: s0,s1")
    parser.add_argument("--no-rates", action="store_true", help="nothing goes wrong at random")
    parser.add_argument("--deliveries", type=int, help="go on until so many have been simulated in all")
    parser.add_argument("--seeds", type=int, default=0, help="and so many seeds, at least")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--into", type=Path, default=Path("fuzz/results.json"), help="where the totals are kept")
    parser.add_argument("--mutants", action="store_true", help="plant bugs, one after the other: each must be caught")
    asked = parser.parse_args(given)
    if asked.mutants:
        from fuzz.mutants import table

        return 0 if table(range(1, asked.seeds + 1), asked.processes) else 1
    if asked.deliveries:
        return long_run(asked.into, asked.deliveries, asked.seeds, asked.processes)
    if asked.scene is not None:
        from fuzz.scenes import SCENES

        if asked.scene not in SCENES:
            parser.error(f"there is no scene {asked.scene!r}; there are {', '.join(SCENES)}")
        return _told(SCENES[asked.scene]())
    if asked.seed is not None:
        return _replay(asked)
    if asked.kept:
        return _again(kept())
    return fresh(60.0 if asked.seconds is None else asked.seconds)


def fresh(seconds: float) -> int:
    """Live seeds that nobody has lived, for so many seconds of work."""
    seed, began, totals = time.time_ns() // 1000 % FRESH, time.perf_counter(), Totals()
    print(f"Seeds from {seed}.", flush=True)
    while time.perf_counter() - began < seconds:
        if _breaks(seed, totals):
            return 1
        seed += 1
    took = time.perf_counter() - began
    print(
        f"{totals.seeds} seeds, {totals.lives} couples, {totals.deliveries} deliveries in {took:.0f} s: no violation."
    )
    return 0


def _breaks(seed: int, totals: Totals) -> bool:
    """Whether it breaks a rule, which is told."""
    wrong = totals.live(seed)
    if wrong:
        print(f"Seed {seed} breaks {len(wrong)} rules:", *wrong[:9], sep="\n  ")
        print(f"Replay it: python -m fuzz --seed {seed} --shrink")
    return bool(wrong)


def _again(seeds: Sequence[int]) -> int:
    totals = Totals()
    broken = [seed for seed in seeds if _breaks(seed, totals)]
    print(f"{len(seeds)} seeds that broke a rule once: {f'{len(broken)} do again' if broken else 'no violation'}.")
    return 1 if broken else 0


def _replay(asked: argparse.Namespace) -> int:
    script = chosen(asked.seed, asked.only, asked.couples, asked.steps, asked.no_rates)
    wrong = judged(script)
    if asked.shrink and wrong:
        script = shrunk(script, wrong[0].rule, _progress)
        wrong = judged(script)
    if asked.shrink or asked.only is not None:
        print(*story(script), sep="\n")
    _tell(wrong)
    if asked.shrink and wrong:
        print(f"Again: {command(script)}")
    return 1 if wrong else 0


def _told(script: Script) -> int:
    print(*story(script), sep="\n")
    wrong = judged(script)
    _tell(wrong)
    return 1 if wrong else 0


def _tell(wrong: Sequence[Violation]) -> None:
    for each in wrong:
        print(f"{each.rule} (n {each.n}): {each.text}")
    print(f"Violations: {len(wrong)}")


def command(script: Script) -> str:
    """What lives this script again."""
    parts = [
        f"python -m fuzz --seed {script.seed}",
        f"--only {','.join(str(each.number) for each in script.happenings)}",
        f"--couples {','.join(str(each) for each in sorted({person.couple for person in script.people}))}",
        f"--steps {','.join(dict.fromkeys(step.key for course in script.courses for step in course.steps))}",
    ]
    return " ".join([*parts, *([] if any(script.rates.values()) else ["--no-rates"])])


def _progress(said: str) -> None:
    print(said, file=sys.stderr, flush=True)


def _numbers(text: str) -> frozenset[int]:
    try:
        return frozenset(int(each) for each in text.split(",") if each)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not numbers with commas between them") from None


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split(","))


if __name__ == "__main__":
    sys.exit(main())
