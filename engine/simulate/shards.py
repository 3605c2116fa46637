"""Parts of the couples of one rehearsal, each lived in a process of its own and counted there."""

import gc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait

from engine.errors import RekindleError
from engine.report.deliveries import Line, lines
from engine.report.plan_figures import Counting, Figures
from engine.report.plan_rows import by_couple
from engine.settings import Settings
from engine.simulate.simulation import Simulation
from engine.store.snapshot import live_only, restored

Counted = tuple[Figures, list[Line]]


@dataclass(frozen=True, slots=True)
class Shard:
    """Number `part` of `parts` parts of the couples of a rehearsal, and what is asked about them.

    `shown` are couples whose every delivery is wanted; `keep` keeps what each delivery came to.
    """

    settings: Settings = field(repr=False)
    seed: str
    start: date
    digest: str
    shown: Sequence[str]
    keep: bool
    part: int
    parts: int


def counted(simulation: Simulation, shard: Shard) -> Counted:
    """The figures of a simulation that was lived to its end, and every delivery of the couples to be shown."""
    with simulation.database.read() as connection:
        counting = Counting(simulation.engine.definitions.get(connection, shard.digest).campaign, keep=shard.keep)
        for people, rows in by_couple(connection, shard.part, shard.parts):
            counting.count(people, rows)
        told = [each.line for ref in shard.shown for each in lines(connection, couple=ref)]
    return counting.figures, told


def live_apart(
    shards: Sequence[Shard], content: bytes, progress: Callable[[int, int], None] | None
) -> Iterator[Counted]:
    """Live each shard of the database `content` in a process of its own; what each came to, in their order.

    RekindleError when a process fails or is killed; the others are ended then.
    """
    context = get_context("spawn")  # a fork would take over whatever lock another thread holds
    processes, ends = [], []
    try:
        for shard in shards:
            here, there = context.Pipe()
            process = context.Process(target=_live, args=(there, shard), daemon=True)
            process.start()
            there.close()
            here.send_bytes(content)
            processes.append(process)
            ends.append(here)
        yield from _heard(ends, progress)
    finally:
        for end in ends:
            end.close()
        for process in processes:
            process.terminate()  # changes nothing for one that is done
            process.join()


def _heard(ends: Sequence[Connection], progress: Callable[[int, int], None] | None) -> list[Counted]:
    """What each process came to; meanwhile `progress` is told of the one that is furthest behind."""
    days, found = [(0, 1)] * len(ends), dict[int, Counted]()
    while len(found) < len(ends):
        for ready in wait([end for number, end in enumerate(ends) if number not in found]):
            number = next(number for number, end in enumerate(ends) if end is ready)
            try:
                what, said = ends[number].recv()
            except (EOFError, OSError):
                raise RekindleError(
                    "A process of the simulation was ended from outside, perhaps for want of memory.",
                    fix="Simulate fewer couples, or give --processes 1.",
                ) from None
            if what == "failed":
                raise RekindleError(*said)
            if what == "done":
                found[number] = said
            else:
                days[number] = said
                if progress is not None:
                    progress(*min(days))
    return [found[number] for number in range(len(ends))]


def _live(end: Connection, shard: Shard) -> None:
    """What a process does: live, and say how far it is, then what came of it."""
    # What a batch makes goes with it; looking for circles among all that is loaded would be a twentieth of the time.
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    try:
        database = restored(end.recv_bytes())
        live_only(database, shard.part, shard.parts)
        simulation = Simulation(shard.settings, shard.seed, shard.start, database=database)
        with database.read() as connection:
            campaign = simulation.engine.definitions.get(connection, shard.digest).campaign
        said = 0

        def progress(done: int, days: int) -> None:
            nonlocal said
            if done > said:
                said = done
                end.send(("days", (done, days)))

        simulation.live(campaign.weeks, progress)
        end.send(("done", counted(simulation, shard)))
    except RekindleError as error:
        end.send(("failed", (str(error), error.fix)))  # an exception would leave its mend behind
