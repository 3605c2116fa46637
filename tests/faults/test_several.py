"""Several at once: two schedulers, a worker that sleeps past its lease, machines whose clocks differ."""

import signal
from datetime import timedelta

import pytest
from faults.rig import Made

pytestmark = [pytest.mark.store("postgresql"), pytest.mark.slow]


def test_two_schedulers_plan_each_delivery_once(set_up: Made) -> None:
    """Both look at the same places at the same seconds; a place moves on once, and each delivery is one row."""
    made = set_up(deliveries=300, batch=10)
    for _ in range(2):
        made.hands.begin("run", "--no-web")
    counted = made.settle()
    assert made.fair(counted)
    assert (counted.rows, counted.in_doubt) == (300, 0)


@pytest.mark.parametrize("where", ["PAUSE", "DOOR"])
def test_a_worker_that_wakes_past_its_lease_sends_nothing_that_another_may_have_sent(set_up: Made, where: str) -> None:
    """Asleep before it looked at its lease, it hands nothing over; asleep after, what it held is nobody else's."""
    made = set_up(deliveries=100, batch=10)
    file = made.place.folder / "asleep"
    for _ in range(2):
        made.hands.begin("worker", **{where: str(file)})
    made.hands.until(lambda: file.exists() and file.read_text() != "")
    made.hands.until(lambda: made.place.ask("SELECT count(*) FROM doubted")[0][0] > 0)
    made.hands.tell(int(file.read_text()), signal.SIGCONT)
    made.hands.until(lambda: made.place.ask("SELECT count(*) FROM deliveries WHERE status = 'in_doubt'") == [(0,)])
    late = made.place.ask("SELECT count(*) FROM attempts WHERE detail LIKE 'The lease ran out%'")[0][0]
    assert late == (10 if where == "PAUSE" else 0)
    made.hurry()
    counted = made.settle()
    assert made.fair(counted)
    assert (counted.in_doubt, made.hands.ended) == (0, [])


def test_a_machine_whose_clock_is_wrong_sends_nothing_by_it(set_up: Made) -> None:
    """It ends and says why, and the others send."""
    made = set_up(deliveries=200, batch=10)
    wrong = made.hands.begin("worker", CLOCK=str(made.place.clock))
    made.hands.begin("worker")
    made.go_on(0.2)
    made.place.set_clock(-3600)
    made.hands.until(lambda: any(wrong.name in said and "NTP" in said for said in made.hands.ended))
    made.place.set_clock(0)
    counted = made.settle()
    assert made.fair(counted)
    assert counted.in_doubt == 0


def test_a_machine_whose_clock_is_an_hour_fast_sends_nothing_an_hour_early(set_up: Made) -> None:
    """What is due within that hour is not even planned."""
    made = set_up(deliveries=100, due_in=timedelta(minutes=30))
    fast = made.hands.begin("worker", CLOCK=str(made.place.clock))
    made.hands.until(lambda: made.takers() > 0)
    made.place.set_clock(3600)
    made.hands.until(lambda: any(fast.name in said and "NTP" in said for said in made.hands.ended))
    assert made.place.ask("SELECT count(*) FROM deliveries") == [(0,)]
    assert made.place.sink.accepted() == []
