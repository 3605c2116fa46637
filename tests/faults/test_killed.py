"""Processes that end at once (`kill -9`), wherever they are: nothing is lost, nothing is sent twice."""

from collections.abc import Callable
from contextlib import closing

import pytest
import stores
from faults.calling import Callers
from faults.hands import asleep
from faults.place import Size
from faults.rig import Rig

pytestmark = pytest.mark.store(stores.POSTGRESQL)
Make = Callable[[Size], Rig]

SLOW = Size(deliveries=120, batch=10, latency=0.2, connections=2)
"""One process alone takes longer than a lease for all: none is done before the other has begun."""


def test_two_workers_share_the_work_and_one_of_them_is_killed(make: Make) -> None:
    """A second worker takes its part of a backlog, and does all the rest once the first has been killed."""
    made = make(SLOW)
    made.place.hold(True)
    first, second = made.hands.begin("worker"), made.hands.begin("worker")
    made.hands.until(lambda: made.ready(2))

    made.place.hold(False)
    made.hands.until(lambda: made.clients() >= {first.name, second.name})
    first.wanted = False
    made.hands.kill(first.pid)
    counted = made.settle()

    assert made.fair(counted), counted
    assert made.clients() == {first.name, second.name}
    assert made.last_client() == second.name


def test_workers_are_killed_over_and_over(make: Make) -> None:
    """Workers killed at any instant, with a crew among them, leave in doubt what they were sending and nothing else."""
    made = make(Size(deliveries=400, batch=10))
    made.hands.begin("worker")
    made.hands.begin("worker", "--processes", "2")

    for part in (0.02, 0.2, 0.4, 0.6, 0.8):
        made.go_on(part)
        made.hands.kill(made.working()[0])
    counted = made.settle()

    assert made.fair(counted), counted


def test_a_crew_says_what_its_killed_worker_left_in_doubt(make: Make) -> None:
    """It names how many, and the command that shows them, when it replaces the worker."""
    made = make(Size(deliveries=60, batch=10))
    file = made.place.folder / "asleep"
    crew = made.hands.begin("worker", "--processes", "2", PAUSE=str(file))
    made.hands.until(lambda: asleep(file))
    made.hands.kill(int(file.read_text()))
    counted = made.settle()

    assert made.fair(counted), counted
    assert counted.in_doubt == 10
    said = " ".join(crew.said().split())
    assert "ended while it was sending 10" in said
    assert "`rekindle deliveries list --status in_doubt`" in said


def test_a_scheduler_is_killed(make: Make) -> None:
    """While it plans and sends beside a worker and another scheduler, one is killed and starts again."""
    made = make(Size(deliveries=300, batch=10))
    for command in (("run", "--no-web"), ("run", "--no-web"), ("worker", "--only", "drain")):
        made.hands.begin(*command)

    for part in (0.02, 0.4):
        made.go_on(part)
        made.hands.kill(made.hands.called("run")[0].pid)
    counted = made.settle()

    assert made.fair(counted), counted


def test_the_web_server_is_killed_while_people_unsubscribe(make: Make) -> None:
    """Whoever was told that they are unsubscribed is, though the server that said so is killed right after."""
    made = make(Size(deliveries=120, batch=20))
    made.hands.begin("worker")
    with closing(Callers(made.place, made.hands, most=15)) as callers:
        for heard in (1, 6, 11):
            made.hands.until(lambda heard=heard: len(callers.heard) >= heard)
            for web in made.hands.called("web"):
                made.hands.kill(web.pid, sends=False)
        made.hands.until(lambda: len(callers.heard) == 15)
        counted = made.settle()

    assert made.fair(counted), counted
    assert callers.forgotten() == 0
