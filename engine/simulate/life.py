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
    held: datetime | None = None
    while (wake := engine.next_wake()) is not None and (until is None or wake < until):
        now = clock.now()
        if wake <= now and held is not None and held > now:
            # A limit or a rest keeps back what is due: until it may go, only what falls due meanwhile is to be done.
            wake = min(held, engine.next_wake(after=now) or held)
        # What a transport that needs mending leaves behind is due at once, and again at once: time must pass.
        clock.move_to(max(wake, now + BREATH))
        held = (await engine.tick()).delivered.paced_until
        on_tick(clock.now())
