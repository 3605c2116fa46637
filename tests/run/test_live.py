"""The live view shows how things stand, in any width, and names nobody."""

from datetime import timedelta
from io import StringIO

import pytest
from rich.console import Console
from sqlalchemy import update
from world import World, at, person

from engine.console.live import LiveView
from engine.deliver.sentinel import Looked
from engine.model.delivery import MovedBecause
from engine.model.hold import HoldKind
from engine.store import alerts, breakers, holds, schema
from engine.store.breakers import Breaker


def drawn(world: World, view: LiveView, width: int = 100) -> str:
    """What is on the screen."""
    view.looked(world.engine.watch.look())
    out = StringIO()
    Console(file=out, width=width, color_system=None).print(view.drawn())
    return " ".join(out.getvalue().split())


def viewed(world: World) -> LiveView:
    return LiveView(world.engine.measures, world.clock.now(), ", serving 127.0.0.1 port 8080", world.clock.now)


def test_it_shows_what_was_sent_and_what_comes_next() -> None:
    world = World()
    world.join("secret-ref", person("Ana"), person("Ben", send_at=at("2026-03-03T20:00").time()))
    world.enroll()
    world.go_to("2026-03-03T09:00")
    shown = drawn(world, viewed(world))
    assert "since the start 1 – – –" in shown
    assert "today (UTC) 1 – – –" in shown
    assert "Next: Tue 2026-03-03 20:00 UTC, in 11 hours." in shown
    assert not any(word in shown for word in ("Ana", "Ben", "secret-ref", "@"))


def test_what_is_due_and_held_and_waits_for_the_operator_stands_out() -> None:
    world = World()
    world.join("rivera", person("Ana"))
    world.enroll()
    world.clock.move_to(at("2026-03-03T09:45"))
    with world.database.begin() as connection:
        breakers.trip(
            connection, "smtp", Breaker(5, world.clock.now() + timedelta(minutes=1), "The connection failed.")
        )
        alerts.add(connection, 1, "self-harm", "text", world.clock.now())
    view = viewed(world)
    view.problem("Mend this transport: smtp")
    view.problem("Mend this transport: smtp")
    shown = drawn(world, view)
    assert "smtp is left alone until 09:46:00 UTC: The connection failed." in shown
    assert "1 alert waits: `rekindle alerts list`" in shown
    assert "the oldest that is due has waited 45 minutes" in shown
    assert "1 due and not leaving: rekindle doctor" in shown
    assert shown.count("Mend this transport") == 1


def test_what_a_broken_transport_holds_up_is_shown_as_held() -> None:
    world = World()
    world.join("rivera", person("Ana"))
    world.enroll()
    world.clock.move_to(at("2026-03-03T09:00"))
    with world.database.begin() as connection:
        breakers.trip(connection, "memory", Breaker(5, world.clock.now() + timedelta(minutes=5), "No."))
    world.tick()
    with world.database.begin() as connection:
        connection.execute(
            update(schema.deliveries).values(send_at=at("2026-03-03T09:05"), moved_because=MovedBecause.HELD.value)
        )
    assert "now – 1 –" in drawn(world, viewed(world))
    assert world.engine.watch.stands().held == {"email": 1}


@pytest.mark.parametrize("width", [40, 80, 200])
def test_it_fits_the_terminal(width: int) -> None:
    world = World()
    view = viewed(world)
    out = StringIO()
    Console(file=out, width=width, color_system=None).print(view.drawn())
    view.looked(Looked(world.engine.watch.stands()))
    Console(file=out, width=width, color_system=None).print(view.drawn())
    assert max(len(line) for line in out.getvalue().splitlines()) <= width


def test_what_the_operator_holds_back_is_shown_since_when() -> None:
    world = World()
    with world.database.begin() as connection:
        holds.hold(connection, HoldKind.CAMPAIGN, "eight-weeks", actor="a test", now=world.clock.now())
    assert "Held back since 2026-03-01 09:00: campaign eight-weeks" in drawn(world, viewed(world))
