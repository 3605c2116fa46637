"""What befalls the machine, the provider and the store of a life."""

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from engine.store import restores
from fuzz.script import Happening, Kind

if TYPE_CHECKING:
    from fuzz.world import World


def begin(world: "World", it: Happening) -> None:
    """What the machine, the provider or the operator's tools do."""
    world.notebook.faults[it.kind.value] += 1
    detail = it.detail
    match it.kind:
        case Kind.OUTAGE:
            for channel, provider in world.providers.items():
                if detail.get("of", channel.value) == channel.value:
                    provider.out.append((detail["until"], detail["kind"]))
        case Kind.LATE_CALLS:
            world.town.again(world.main, it.number)
        case Kind.GARBAGE:
            world.town.garbage(world.main, detail["how"], it.number)
        case Kind.ZONES:
            world.zones.change(detail["zone"], detail["like"])
        case _:
            _disturb(world, it)
    world.notebook.tell(it.number, True)


def _disturb(world: "World", it: Happening) -> None:
    """What befalls the machine."""
    detail = it.detail
    match it.kind:
        case Kind.CRASH:
            world.crash = detail["step"]
        case Kind.STORE_FAULT if detail.get("step") is None:
            world.disk.faults += [""] * detail.get("spare", 0) + [detail["how"]] * detail.get("times", 1)
        case Kind.STORE_FAULT:
            world.faults_at[detail["step"]] = [detail["how"]] * detail.get("times", 1)
        case Kind.SECOND:
            world.second_until = max(world.second_until, detail["until"])
        case Kind.STALL:
            world.stalls.append(it)
        case Kind.SKEW:
            world.skew, world.second = float(detail["seconds"]), None
        case Kind.AWAY:
            world.away_until = max(world.away_until, detail["until"])
        case Kind.RESTORE:
            _restore(world, detail["of"])


def _restore(world: "World", of: float) -> None:
    """The store is what it was then, as `rekindle db restore` leaves it: with everything on hold."""
    world.away_until = world.now  # whoever restores has stopped everything
    for process in (world.main, world.second):
        if process is not None:
            process.store.dead = True
    world.town.forget()
    world.disk.put_back(world.copies[math.ceil(of)])
    world.town.look_again()
    world.main, world.second = world.process("main"), None
    faults, world.disk.faults = world.disk.faults, []  # whoever restores tries until it is done
    with world.main.store.begin() as connection:
        if math.ceil(of) % 2:  # a copy that was made by our own command knows when it was
            restores.made(connection, datetime.fromtimestamp(of, UTC))
        restores.put_back(connection, world.clock.now())
    world.disk.faults = faults


def copy(world: "World") -> None:
    """Keep what the store is now, for a restore to come."""
    world.copies[math.ceil(world.now)] = world.disk.copy()
