"""Several that work on one store: two schedulers, one that sleeps past its lease, and one whose clock is wrong."""

import os
import signal
from collections.abc import Callable

import pytest
import stores
from faults.hands import asleep
from faults.harm import DOUBLE, LOSE, STALL
from faults.place import Size
from faults.rig import Rig

pytestmark = pytest.mark.store(stores.POSTGRESQL)
Make = Callable[[Size], Rig]

HOUR = 3600


def test_two_schedulers(make: Make) -> None:
    """Two that each plan and send everything send each message once, while jobs are doubled, lost and stalled."""
    made = make(Size(deliveries=300, batch=10))
    for command in (("run", "--no-web"), ("run", "--no-web"), ("worker", "--only", "plan", "--only", "care")):
        made.hands.begin(*command)

    for part, order in ((0.02, DOUBLE), (0.3, LOSE), (0.5, STALL), (0.7, DOUBLE)):
        made.go_on(part)
        made.order(order)
    counted = made.settle_all()

    assert counted.spotless, counted


@pytest.mark.parametrize("where", ["PAUSE", "DOOR"])
def test_a_worker_sleeps_past_its_lease_and_wakes(make: Make, where: str) -> None:
    """What it had in its hands is in doubt by then and not another's to send; it sends no more of it than it must."""
    made = make(Size(deliveries=100, batch=10))
    file = made.place.folder / "asleep"
    sleeper = made.hands.begin("worker", **{where: str(file)})
    made.hands.until(lambda: asleep(file))
    made.hands.begin("worker")
    before = made.settle()
    assert before.right, before
    assert before.in_doubt == made.place.size.batch

    sleeper.wanted = False
    os.kill(sleeper.pid, signal.SIGTERM)  # it hears of it when it wakes, and ends once it has recorded
    os.kill(sleeper.pid, signal.SIGCONT)
    sleeper.ended(60)
    made.hasten()
    counted = made.settle()

    assert counted.right, counted
    assert counted.in_doubt <= before.in_doubt
    if where == "PAUSE":
        assert sleeper.name not in made.clients()


@pytest.mark.parametrize("ahead", [HOUR, -HOUR])
def test_a_clock_goes_wrong(make: Make, ahead: int) -> None:
    """Where a clock is an hour wrong, its worker ends and says so; nothing is planned or sent early, or in doubt."""
    made = make(Size(deliveries=200, batch=10, later=40))
    wrong = made.hands.begin("worker", CLOCK=str(made.place.clock))
    made.hands.until(lambda: wrong.name in made.clients())
    made.hands.begin("worker")

    made.place.set_clock(ahead)
    made.hands.until(lambda: bool(made.hands.ended))
    wrong.wanted = False
    counted = made.settle_all()

    assert counted.spotless, counted
    assert f"s {'fast' if ahead > 0 else 'slow'} by the database server's" in wrong.said()
