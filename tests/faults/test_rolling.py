"""A new version, or the same again, machine after machine while messages leave: nobody notices."""

import shutil
from pathlib import Path

import pytest
from faults.calling import Callers
from faults.hands import Hand
from faults.rig import Made, Rig

from engine.store.version import FOLDER, known

pytestmark = [pytest.mark.store("postgresql"), pytest.mark.slow]

SLOW = {"batch": 5, "latency": 0.2, "connections": 1}
"""So slow that there is something left to send when processes have ended and others have begun."""
ADDS = 'op.add_column("deliveries", sa.Column("remark", sa.Text(), nullable=True))'
BREAKS = "op.execute(\"UPDATE compatibility SET oldest = '9999'\")"
NEXT = """\
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{before}"


def upgrade() -> None:
    {what}
"""


def next_release(made: Rig, what: str) -> str:
    """The migrations of a version after this one, whose own does that."""
    folder = Path(shutil.copytree(FOLDER, made.place.folder / "next"))
    (folder / "versions" / "9999_next.py").write_text(NEXT.format(before=known()[-1], what=what))
    return str(folder)


def begin(made: Rig, **given: str) -> Hand:
    """A worker, which waits for work when this returns; nobody sends until then."""
    with made.held():
        before = made.takers()
        hand = made.hands.begin("worker", **given)
        made.hands.until(lambda: made.takers() == before + 3)
    return hand


def more_from(made: Rig, *hands: Hand) -> None:
    """Wait until each of them has sent another ten."""
    before = [made.share(hand) for hand in hands]
    made.hands.until(lambda: all(made.share(hand) >= had + 10 for hand, had in zip(hands, before, strict=True)))


def test_restarted_one_after_another_they_leave_nothing_in_doubt(set_up: Made) -> None:
    """SIGTERM lets each record what it has handed over and answer who has called; the others go on meanwhile."""
    made = set_up(deliveries=400, batch=10, latency=0.1, connections=1)
    hands = [made.hands.begin(*command) for command in (["worker", "--processes", "2"], ["run", "--no-web"])]
    callers = Callers(made.place, made.hands, most=20)
    try:
        for number, hand in enumerate([*hands, *made.hands.called("web")], 1):
            made.go_on(number * 0.15)
            assert made.hands.stop(hand) == 0, hand.said()
            made.hands.begin(*hand.arguments, name=hand.name)
        made.place.sink.quicken()
        made.hands.until(lambda: len(callers.heard) == 20)
    finally:
        callers.close()
    counted = made.settle()
    assert made.fair(counted)
    assert (counted.in_doubt, callers.forgotten(), made.hands.ended) == (0, 0, [])


def test_the_next_version_works_beside_this_one_when_its_migration_lets_it(set_up: Made) -> None:
    """The database is upgraded under load; workers of both versions send, and nothing is in doubt."""
    made = set_up(deliveries=240, **SLOW)
    newer = next_release(made, ADDS)
    old, other = begin(made), begin(made)
    more_from(made, old, other)
    assert made.hands.run("db", "upgrade", NEWER=newer).returncode == 0
    assert made.hands.stop(other) == 0
    new = begin(made, NEWER=newer)
    more_from(made, old, new)
    assert made.hands.stop(old) == 0
    again = begin(made)  # of this version still
    more_from(made, again, new)
    assert made.hands.stop(again) == 0
    made.place.sink.quicken()
    counted = made.settle()
    assert made.fair(counted)
    assert (counted.in_doubt, made.hands.ended) == (0, [])


def test_after_a_migration_that_does_not_let_it_this_version_takes_no_work(set_up: Made) -> None:
    """Started all the same, it ends and says which version the database is at; the next version sends everything."""
    made = set_up(deliveries=100, batch=5, latency=0.05)
    newer = next_release(made, BREAKS)
    old = made.hands.begin("worker")
    made.go_on(0.1)
    assert made.hands.stop(old) == 0
    assert made.hands.run("db", "upgrade", NEWER=newer).returncode == 0
    before = len(made.place.sink.accepted())
    refused = made.hands.run("worker")
    assert (refused.returncode != 0, "version 9999" in refused.stderr) == (True, True)
    assert len(made.place.sink.accepted()) == before
    made.hands.begin("worker", NEWER=newer)
    counted = made.settle()
    assert made.fair(counted)
    assert counted.in_doubt == 0
