"""The database fails under load: it crashes, cuts sessions off, has no room. What was sent is recorded all the same."""

from random import Random

import pytest
from faults.harm import CUT, double_jobs, lose_jobs, stall_jobs
from faults.rig import Made, Rig
from faults.server import can_mount

pytestmark = [pytest.mark.store("postgresql"), pytest.mark.slow]


def at_work(made: Rig) -> None:
    """A worker, and one that plans and sends beside it."""
    for command in (["worker"], ["run", "--no-web"]):
        made.hands.begin(*command)


def test_a_server_that_crashes_leaves_nothing_in_doubt(set_up: Made) -> None:
    """What a transport answered while the server was down is recorded when it is there again."""
    made = set_up(deliveries=300, batch=10, latency=0.05)
    at_work(made)
    for part in (0.1, 0.4):
        made.go_on(part)
        made.place.server.crash()
    counted = made.settle()
    assert made.fair(counted)
    assert counted.in_doubt == 0


def test_sessions_that_are_cut_in_the_middle_of_a_transaction_leave_nothing_in_doubt(set_up: Made) -> None:
    """Of a commit whose answer never came it is looked up what became of it, and no message goes on a guess."""
    made = set_up(deliveries=300, batch=10, latency=0.02)
    at_work(made)
    cut = 0
    for part in range(1, 9):
        made.go_on(part / 10)
        cut += made.place.ask(CUT)[0][0]
    counted = made.settle()
    assert cut > 0
    assert made.fair(counted)
    assert counted.in_doubt == 0


@pytest.mark.skipif(not can_mount(), reason="needs to be root, and to be allowed to mount a disk")
@pytest.mark.parametrize("disk", ["tables", "log"])
def test_a_disk_without_room_loses_nothing(set_up: Made, disk: str) -> None:
    """Whatever cannot be written waits until there is room, or until the server that ended of it is started again."""
    made = set_up(deliveries=300, batch=10, latency=0.05, disk=256)
    at_work(made)
    made.go_on(0.1)
    made.place.server.fill(disk)
    made.hands.go_on(2)
    made.place.server.free()
    counted = made.settle()
    assert made.fair(counted)
    assert counted.in_doubt == 0


def test_jobs_that_are_lost_doubled_or_stalled_change_nothing(set_up: Made) -> None:
    """A job is a token: the rows say what there is to do."""
    made, chance = set_up(deliveries=300, batch=10, latency=0.02), Random(1)
    at_work(made)
    for part in (0.1, 0.3, 0.5):
        made.go_on(part)
        for harm in (lose_jobs, double_jobs, stall_jobs):
            harm(made, chance)
    counted = made.settle()
    assert made.fair(counted)
    assert counted.in_doubt == 0
