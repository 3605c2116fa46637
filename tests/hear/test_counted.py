"""What is heard is counted: events once by day, calls by what came of them, and refusals without filling a disk."""

import logging

import pytest
from hearing import SOURCE, Line
from world import World, person

from engine.model.action import Action
from engine.store import tallies
from engine.transport.source import Forged
from engine.web.turn import Turn
from engine.web.webhooks import Webhooks


@pytest.fixture
def line() -> Line:
    """A line about one email that was sent."""
    world = World()
    world.join("rivera", person("Ana"))
    world.enroll()
    world.go_to("2026-03-03T09:00")
    return Line(world)


def counted(line: Line) -> dict[tuple[str, str, str], int]:
    with line.world.database.read() as connection:
        return dict(tallies.ever(connection))


def test_an_event_is_counted_on_the_day_it_is_heard_and_once_however_often_it_is_told(line: Line) -> None:
    told = line.event("complained", 1)
    line.tell(told)
    line.tell(told, line.event("delivered", 1))
    assert counted(line) == {("email", "heard", "complained"): 1, ("email", "heard", "delivered"): 1}


def test_calls_are_counted_by_what_came_of_them(line: Line) -> None:
    call = line.hook(line.event("delivered", 1))
    for _ in range(2):
        line.hearing.react(line.hearing.receive(SOURCE, call))
    line.provider.broken = True
    with pytest.raises(LookupError):
        line.tell(line.event("opened", 1))
    with pytest.raises(Forged):
        line.hearing.receive(SOURCE, line.hook(signature="bad"))
    assert line.hearing.taken == {
        (SOURCE, "stored"): 2,
        (SOURCE, "repeated"): 1,
        (SOURCE, "reacted"): 1,
        (SOURCE, "failed"): 1,
    }
    assert line.hearing.refused == {(SOURCE, "forged"): 1}


def test_calls_in_vain_are_logged_ever_more_seldom(line: Line, caplog: pytest.LogCaptureFixture) -> None:
    webhooks = Webhooks(line.world.engine, Turn())
    for number in range(1, 101):
        line.world.engine.hearing.refused["", "unknown_source"] = number
        webhooks._say_refused()
    said = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert [record.facts["number"] for record in said] == [1, 2, 4, 8, 16, 32, 64]  # type: ignore[attr-defined]
    assert {record.action for record in said} == {Action.WEBHOOK_REFUSED}  # type: ignore[attr-defined]
