"""How fast a campaign is lived through on a virtual clock: the whole engine, an in-memory database, made-up couples."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.figures import Figure, Lap
from engine.settings import load
from engine.simulate.simulation import Simulation, find_campaign_for

START = date(2026, 3, 2)  # crosses the DST change of both hemispheres


def run() -> Iterator[Figure]:
    """A hundred couples through the flagship."""
    yield from _simulate("eight-weeks", 100, aim=None)


def run_large() -> Iterator[Figure]:
    """Ten thousand couples through twelve weeks."""
    yield from _simulate("date-nights", 10_000, aim=60)


def _simulate(name: str, couples: int, aim: int | None) -> Iterator[Figure]:
    with TemporaryDirectory() as folder:
        settings = load(Path(folder), environment={})
        campaign = find_campaign_for(settings, name)
        simulation = Simulation(settings, "bench", START)
        with Lap() as joining:
            simulation.make_up(couples)
        with Lap() as living:
            simulation.run(campaign)
        with Lap() as telling:
            deliveries = sum(1 for _ in simulation.lines())
    what = f"simulate {couples:,} couples × {campaign.weeks} weeks"
    seconds = joining.seconds + living.seconds + telling.seconds
    yield Figure(f"{what}: joining", joining.seconds, "s")
    yield Figure(f"{what}: enrolling and living", living.seconds, "s")
    yield Figure(f"{what}: reading the result", telling.seconds, "s")
    met = None if aim is None else seconds < aim
    yield Figure(what, seconds, "s", aim=f"< {aim} s" if aim else "", met=met)
    yield Figure(f"{what}: the rate", couples * campaign.weeks / seconds, "couple-weeks/s")
    yield Figure(f"{what}: deliveries", deliveries / seconds, "deliveries/s")
