"""Worlds that live by the clock on the wall, for tests of processes that run."""

from datetime import UTC, datetime, timedelta
from typing import Any

from world import World, person, talk

from engine.app import Engine
from engine.clock import SystemClock


def due(people: int, **given: Any) -> World:
    """A world in which it is noon, and a step of all these people fell due five minutes ago."""
    now = datetime.now(UTC)
    hours = 12 - now.hour
    noon = now + timedelta(hours=hours)
    began = noon.date() - timedelta(days=noon.weekday())
    world = World(talk(days=(noon.weekday(),)), begins=now - timedelta(minutes=10), **given)
    send_at = (noon - timedelta(minutes=5)).time().replace(second=0, microsecond=0)
    for number in range(people):
        world.join(f"c{number}", person(f"P{number}", zone=f"Etc/GMT{-hours:+d}", send_at=send_at))
    world.enroll(began)
    return world


def living(world: World) -> Engine:
    """An engine of that world by the clock on the wall."""
    engine = world.another_engine()
    engine.clock = SystemClock()
    return engine


def quick(engine: Engine) -> Engine:
    """Its ticks follow one another at once."""
    engine.settings = engine.settings.model_copy(update={"tick_seconds": 0.01})
    return engine
