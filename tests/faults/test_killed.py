"""`kill -9` while messages leave: the others go on, and only what was under way is in doubt."""

from random import Random

import pytest
from faults.calling import Callers
from faults.harm import kill_run, kill_web, kill_worker
from faults.rig import Made

pytestmark = [pytest.mark.store("postgresql"), pytest.mark.slow]

SLOW = {"batch": 5, "latency": 0.1, "connections": 1}
"""One worker would take a quarter of a minute for two hundred; a second one is there long before that."""


def test_a_second_worker_shares_the_load_and_the_first_can_be_killed(set_up: Made) -> None:
    """Both send; when one is killed the other sends the rest, and no more than one batch is in doubt."""
    made = set_up(deliveries=200, **SLOW)
    with made.held():
        first, second = made.hands.begin("worker"), made.hands.begin("worker")
        made.hands.until(lambda: made.takers() == 6)
    made.hands.until(lambda: min(made.share(first), made.share(second)) >= 10)
    first.wanted = False
    made.hands.kill(first.process.pid)
    made.place.sink.quicken()
    counted = made.settle()
    assert made.fair(counted)
    assert counted.in_doubt <= 5
    assert made.share(first) + made.share(second) == counted.statuses["sent"] + counted.doubted_and_accepted


def test_a_scheduler_that_is_killed_is_done_without(set_up: Made) -> None:
    """Its jobs and its plans are the store's: another scheduler goes on with them, and nothing is in doubt."""
    made = set_up(deliveries=200, batch=10, latency=0.05)
    scheduler = made.hands.begin("worker", "--only", "plan", "--only", "care")
    made.hands.begin("worker", "--only", "drain")
    for part in (0.1, 0.4):
        made.go_on(part)
        made.hands.kill(scheduler.process.pid)
    counted = made.settle()
    assert made.fair(counted)
    assert counted.in_doubt == 0


def test_who_was_told_that_they_are_unsubscribed_is_though_the_web_part_is_killed(set_up: Made) -> None:
    """An answer is given after the commit: what the killed process had answered is kept, the rest is asked again."""
    made = set_up(deliveries=100)
    made.hands.begin("worker")
    callers = Callers(made.place, made.hands, most=30)
    try:
        for heard in (3, 10, 20):
            made.hands.until(lambda heard=heard: len(callers.heard) >= heard)  # type: ignore[misc]
            kill_web(made, Random(heard))
        made.hands.until(lambda: len(callers.heard) == 30)
    finally:
        callers.close()
    counted = made.settle()
    assert callers.refused > 0
    assert callers.forgotten() == 0
    assert made.fair(counted)
    assert counted.in_doubt == 0


def test_workers_and_schedulers_killed_at_random(set_up: Made) -> None:
    """Whoever is killed, and however often: nothing is lost, nothing goes twice, and what is in doubt was theirs."""
    made, chance = set_up(deliveries=400, batch=10, latency=0.05), Random(6)
    made.hands.begin("worker")
    made.hands.begin("worker", "--processes", "2")
    made.hands.begin("run", "--no-web")
    for part in (0.05, 0.15, 0.3, 0.45, 0.6):
        made.go_on(part)
        chance.choice([kill_worker, kill_worker, kill_run])(made, chance)
    assert made.fair(made.settle())
