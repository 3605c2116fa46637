"""`rekindle run` says that alerts wait, with a number and nothing else, once for the same ones."""

import logging

import pytest
from world import World, person

from engine.run.alert_log import AlertLog
from engine.store import alerts


def test_new_alerts_are_said_once_with_a_number_alone(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    world.join("secret-ref", person("Ana"), person("Ben"))
    log = AlertLog(world.engine)

    def said() -> list[str]:
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            log.say()
        return [record.getMessage() for record in caplog.records]

    def raise_one() -> int:
        with world.database.begin() as connection:
            return alerts.add(connection, 1, "self-harm", "text", world.clock.now())

    assert said() == []
    first = raise_one()
    assert said() == ["Alerts wait: 1. `rekindle alerts list` shows them."]
    assert said() == []
    raise_one()
    assert said() == ["Alerts wait: 2. `rekindle alerts list` shows them."]
    with world.database.begin() as connection:
        alerts.mark_seen(connection, first, world.clock.now())
    assert said() == []
    assert AlertLog(world.engine)._engine.alerts() == (1, 2)
