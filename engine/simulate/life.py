"""Lets an engine live on a virtual clock: from one instant at which there is something to do to the next."""

from collections.abc import Callable
from datetime import datetime, timedelta

from engine.app import Engine
from engine.clock import VirtualClock

BREATH = timedelta(seconds=1)


async def live(
    engine: Engine,
    clock: VirtualClock,
    until: datetime | None = None,
    on_tick: Callable[[datetime], None] = lambda now: None,
) -> None:
    """Tick at every instant at which anything falls due, until nothing is to come, or up to but not at `until`."""
    while (wake := engine.next_wake()) is not None and (until is None or wake < until):
        # What a transport that needs mending leaves behind is due at once, and again at once: time must pass.
        clock.move_to(max(wake, clock.now() + BREATH))
        await engine.tick()
        on_tick(clock.now())
