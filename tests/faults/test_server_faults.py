"""The database server fails: it crashes, cuts its sessions, and runs out of room."""

from collections.abc import Callable

import pytest
import stores
from faults.harm import CUT
from faults.place import Size
from faults.rig import Rig
from faults.server import can_mount

pytestmark = pytest.mark.store(stores.POSTGRESQL)
Make = Callable[[Size], Rig]

PARTS = 0.1, 0.4, 0.7


def test_the_server_crashes(make: Make) -> None:
    """A server that ends at once and recovers knows of every message that left, for what workers know outlives it."""
    made = make(Size(deliveries=300, batch=10, latency=0.05))
    for _ in range(2):
        made.hands.begin("worker")

    for part in PARTS[:2]:
        made.go_on(part)
        made.place.server.crash()
    counted = made.settle()

    assert counted.spotless, counted


def test_sessions_are_cut_in_the_middle_of_transactions(make: Make) -> None:
    """A cut session's transaction never was, and its work is done again or recorded later: nothing is even in doubt."""
    made = make(Size(deliveries=300, batch=10, latency=0.05))
    for _ in range(2):
        made.hands.begin("worker")

    for part in PARTS:
        made.go_on(part)
        for _ in range(5):
            made.order(CUT)
    counted = made.settle()

    assert counted.spotless, counted


@pytest.mark.skipif(not can_mount(), reason="a disk of its own for the server can be made by root alone")
@pytest.mark.parametrize("disk", ["tables", "log"])
def test_the_disk_is_full(make: Make, disk: str) -> None:
    """A disk without room stops the sending; with room again all goes on, and nothing is in doubt."""
    made = make(Size(deliveries=300, batch=10, latency=0.05, disk=256))
    for _ in range(2):
        made.hands.begin("worker")

    made.go_on(0.1)
    made.place.server.fill(disk)
    made.hands.go_on(3)
    made.place.server.free()
    counted = made.settle()

    assert counted.spotless, counted
