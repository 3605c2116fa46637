"""Rehearses a campaign for a plan: lives it to its end and counts what came of it, on as many cores as there are.

Couples do not touch one another as long as nothing goes wrong and no limit holds them back. So each process lives with
a part of them, on a clock of its own, and their figures are added up: the same, byte for byte, however many processes
there are. With faults or paces, which befall all in common, one process lives with everybody.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from engine.model.campaign import Campaign
from engine.report.deliveries import Line
from engine.report.plan_figures import Figures
from engine.report.plan_rows import first_couples
from engine.settings import Settings
from engine.simulate.faults import Faults
from engine.simulate.shards import Shard, counted, live_apart
from engine.simulate.simulation import Simulation
from engine.store.snapshot import snapshot

SHOWN = 2  # couples whose every delivery is kept for a person to read
ENOUGH = 250  # couples for a process of their own: fewer are lived with sooner than it takes to start one

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Terms:
    """What rehearsals that are compared have in common. `couples` is how many to make up, or a file of them."""

    settings: Settings = field(repr=False)
    seed: str
    start: date
    couples: int | Path


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """One campaign lived to its end. `refused` rows of the file of couples went in nowhere."""

    campaign: Campaign
    figures: Figures
    shown: list[Line]
    refused: int
    deaths: int = 0


def rehearse(
    terms: Terms,
    campaign: Campaign,
    faults: Faults | None = None,
    *,
    keep: bool = False,
    processes: int | None = None,
    progress: Progress | None = None,
) -> Rehearsed:
    """Live the campaign to its end. `keep` keeps what every delivery came to, for a comparison with another run.

    `processes` is how many to use at most; by default one for each core that we may use. `progress` is told the days
    lived and the days there are.
    """
    simulation = Simulation(terms.settings, terms.seed, terms.start, faults, weeks=campaign.weeks)
    refused = simulation.join(terms.couples)
    enrolled = simulation.enroll(campaign)
    with simulation.database.read() as connection:
        shown = first_couples(connection, SHOWN)
    parts = 1
    if faults is None and not simulation.paced:
        parts = max(1, min(processes or _cores(), enrolled // ENOUGH))
    what = (terms.settings, terms.seed, terms.start, campaign.digest, shown, keep)
    shards = [Shard(*what, part, parts) for part in range(parts)]
    if parts == 1:
        simulation.live(campaign.weeks, progress)
        return Rehearsed(campaign, *counted(simulation, shards[0]), refused, simulation.deaths)
    content = snapshot(simulation.database)
    simulation.database.close()
    figures, told = Figures(), []
    for theirs, lines in live_apart(shards, content, progress):
        figures.add(theirs)
        told += lines
    told.sort(key=lambda line: shown.index(line.couple))
    return Rehearsed(campaign, figures, told, refused)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
