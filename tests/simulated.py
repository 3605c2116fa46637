"""A small campaign, simulated: every audience and every kind of zone, in well under a second."""

import json
from dataclasses import asdict
from datetime import date

from made import campaign as made_campaign
from world import talk

from engine.define.digest import identified
from engine.model.campaign import Audience
from engine.report.deliveries import Line
from engine.settings import Settings
from engine.simulate.faults import Faults
from engine.simulate.simulation import Simulation
from engine.transport.chaos import Rates
from engine.transport.memory import MemoryTransport

WORST = Rates(
    refused=0.15, throttled=0.1, rejected=0.03, bad_recipient=0.02, lost_answer=0.05, lost_message=0.05, death=0.05
)
# Tuesday for both, Friday for each, Sunday in turns.
SMALL = identified(
    made_campaign(
        talk("talk", weeks=(1, 2), days=(1,)),
        talk("try", weeks=(1, 2), days=(4,), audience=Audience.EACH),
        talk("pulse", weeks=(1, 2), days=(6,), audience=Audience.ALTERNATING),
        weeks=2,
        activities=20,
    )
)
WEEKDAY = {"talk": 1, "try": 4, "pulse": 6}


def simulated(
    settings: Settings, seed: str, start: date, faults: Faults | None = None, couples: int = 4
) -> tuple[Simulation, MemoryTransport, list[Line]]:
    """SMALL lived to its end by made-up couples: the simulation, what was accepted behind the faults, the report."""
    transport = MemoryTransport()
    simulation = Simulation(settings, seed, start, faults, transport)
    simulation.make_up(couples)
    simulation.run(SMALL)
    return simulation, transport, list(simulation.lines())


def as_json(lines: list[Line]) -> str:
    return "\n".join(json.dumps(asdict(line), ensure_ascii=False) for line in lines)
