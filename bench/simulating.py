"""How fast a campaign is rehearsed for a plan: the whole engine, an in-memory database, made-up couples, every core."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.figures import Figure, Lap
from engine.settings import load
from engine.simulate.planning import Planning
from engine.simulate.rehearsal import Terms
from engine.simulate.simulation import find_campaign_for

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
        with Lap() as lap:
            plan = Planning(Terms(settings, "bench", START, couples)).plan(campaign)
    deliveries = plan.entry["run"]["deliveries"]
    what = f"simulate {couples:,} couples × {campaign.weeks} weeks"
    met = None if aim is None else lap.seconds < aim
    yield Figure(what, lap.seconds, "s", aim=f"< {aim} s" if aim else "", met=met)
    yield Figure(f"{what}: the rate", couples * campaign.weeks / lap.seconds, "couple-weeks/s")
    yield Figure(f"{what}: deliveries", deliveries / lap.seconds, "deliveries/s")
