"""`python -m bench faults [--deliveries N] [--large]`: everything fails, at random, while many processes send.

What is looked for is not speed: each delivery ends in one final status, the relay has accepted none twice and none
early, and in doubt are only those of which a fault made it unknowable. The rig is that of `tests/faults`.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from secrets import randbelow

from bench.figures import Figure, Lap
from engine.clock import stopwatch

sys.path[:0] = [str(Path(__file__).parents[1] / "tests" / each) for each in ("", "plan")]

DELIVERIES, LARGE = 10_000, 100_000
CALLERS = 300
CALM = 0.97
"""This part of the deliveries is sent while things fail."""
DUE_SECONDS, DUE_A_SECOND = 60, 125
"""They fall due over so many seconds, and one more for so many deliveries."""
PAUSES = 1.0, 5.0  # seconds between two faults


def run(deliveries: int = DELIVERIES, seed: int | None = None) -> Iterator[Figure]:
    """What became of so many deliveries."""
    from faults.calling import Callers
    from faults.harm import HARMS, deck
    from faults.place import Size
    from faults.rig import rig
    from faults.server import can_mount

    seed = randbelow(1_000_000) if seed is None else seed
    print(f"faults: seed {seed}", file=sys.stderr, flush=True)
    chance, done = Random(seed), Counter[str]()
    disk = max(512, deliveries // 100) if can_mount() else None
    seconds = DUE_SECONDS + deliveries // DUE_A_SECOND
    size = Size(deliveries, batch=100, latency=0.05, seconds=seconds, disk=disk)
    with rig(size, hurried=False) as made, Lap() as lap:
        for _ in range(2):
            made.hands.begin("worker", CLOCK=str(made.place.clock))
        made.hands.begin("worker", "--processes", "2")
        made.hands.begin("run", "--no-web", "--log", "text", CLOCK=str(made.place.clock))
        callers = Callers(made.place, made.hands, CALLERS)
        began, names, rounds = stopwatch(), [], 0
        while not made.sent(CALM) and stopwatch() - began < 2 * seconds:
            if not names:
                names, rounds = deck(chance, rounds), rounds + 1
            name = names.pop()
            print(
                f"{stopwatch() - began:7.1f} s {len(made.place.sink.accepted()):7,} accepted; {name}", file=sys.stderr
            )
            HARMS[name](made, chance)
            done[name] += 1
            made.hands.go_on(chance.uniform(*PAUSES))
        counted = made.settle(900)
        callers.close()
        forgotten = callers.forgotten()
    print(f"{counted}\n{done}\n{Counter(made.hands.ended)}", file=sys.stderr)
    what = "faults: "
    yield Figure(f"{what}deliveries", counted.rows, "")
    yield Figure(f"{what}done to them, seed {seed}", done.total(), f"in {lap.seconds:.0f} s")
    yield Figure(f"{what}processes killed while they sent", len(made.hands.killed), "")
    yield _none(f"{what}lost", counted.lost)
    yield _none(f"{what}accepted twice", counted.twice)
    yield _none(f"{what}accepted before they were due", counted.early)
    yield _none(f"{what}whose row says what is not so", counted.untrue)
    most = made.most_in_doubt
    yield Figure(f"{what}in doubt", counted.in_doubt, "", aim=f"≤ {most}", met=counted.in_doubt <= most)
    yield Figure(f"{what}of these accepted", counted.doubted_and_accepted, "")
    yield _none(f"{what}in doubt, and neither was their process killed nor their relay", counted.orphaned)
    unanswered, most = counted.unanswered, made.unknowable
    yield Figure(f"{what}in doubt as the relay was killed", unanswered, "", aim=f"≤ {most}", met=unanswered <= most)
    yield _none(f"{what}unsubscribed and forgotten, of {len(callers.heard)}", forgotten)


def _none(what: str, value: int) -> Figure:
    return Figure(what, value, "", aim="0", met=value == 0)
