"""One machine after another is restarted, or moved to a new version, while all of them send."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import pytest
import stores
from faults.calling import Callers
from faults.place import Size
from faults.rig import Rig

from engine.store.version import known

pytestmark = pytest.mark.store(stores.POSTGRESQL)
Make = Callable[[Size], Rig]

LOADED = Size(deliveries=300, batch=10, lease=120, latency=0.05, connections=2)
NEWER = "9999"
MIGRATION = """
ALTER TABLE deliveries ADD COLUMN tone text;
CREATE INDEX tones ON deliveries (tone) WHERE tone IS NOT NULL;
UPDATE alembic_version SET version_num = '{newer}';
UPDATE compatibility SET oldest = '{oldest}';
"""


def test_workers_are_restarted_one_after_another(make: Make) -> None:
    """Each ends with 0 when it is told to (SIGTERM), whatever it is at, and nothing at all is in doubt afterwards."""
    made = make(LOADED)
    hands = [made.hands.begin("worker") for _ in range(3)]
    made.hands.begin("run", "--no-web")

    codes = []
    for part, hand in zip((0.1, 0.3, 0.5), hands, strict=True):
        made.go_on(part)
        codes.append(made.hands.stop(hand))
        made.hands.begin("worker")
    counted = made.settle_all()

    assert codes == [0, 0, 0]
    assert counted.spotless, counted


def test_crews_and_schedulers_are_restarted_one_after_another(make: Make) -> None:
    """A crew ends with 0 once all its workers have, and `run` once its pass has: nothing is in doubt afterwards."""
    made = make(LOADED)
    commands = ("run", "--no-web"), ("worker", "--processes", "2"), ("run", "--no-web")
    hands = [made.hands.begin(*command) for command in commands]

    codes = []
    for part, hand in zip((0.1, 0.3, 0.5), hands, strict=True):
        made.go_on(part)
        codes.append(made.hands.stop(hand))
        made.hands.begin(*hand.arguments)
    counted = made.settle_all()

    assert codes == [0, 0, 0]
    assert counted.spotless, counted


def test_web_servers_are_restarted_one_after_another_while_people_unsubscribe(make: Make) -> None:
    """Of two, one at a time: whoever calls is heard by the other, and whoever was told that they are out is."""
    made = make(Size(deliveries=120, batch=20, lease=120))
    made.hands.begin("worker")
    with closing(Callers(made.place, made.hands, most=10_000, webs=2)) as callers:
        made.hands.until(lambda: callers.open)
        before, codes = callers.refused, []
        for number in (0, 1, 0):
            heard = len(callers.heard)
            made.hands.until(lambda heard=heard: len(callers.heard) > heard)
            codes.append(callers.restart(number))
            made.hands.until(lambda: callers.open)
        refused = callers.refused - before
        counted = made.settle_all()

    assert codes == [0, 0, 0]
    assert refused == 0
    assert counted.spotless, counted
    assert callers.forgotten() == 0


def test_the_schema_is_upgraded_under_workers_of_the_version_before(make: Make) -> None:
    """They go on, one that is started again too; those of the new version join; then the old ones end one by one."""
    made = make(replace(LOADED, deliveries=200, latency=0.1))
    made.place.hold(True)
    old = [made.hands.begin("worker") for _ in range(2)]
    made.hands.until(lambda: made.ready(2))
    made.place.hold(False)
    made.go_on(0.1)

    made.place.ask(MIGRATION.format(newer=NEWER, oldest=known()[-1]))
    made.place.hold(True)  # something is to be left when they have started
    assert made.hands.stop(old[0]) == 0
    again, new = made.hands.begin("worker"), made.hands.begin("worker", KNOWS=NEWER)
    made.hands.until(lambda: made.ready(3))
    made.place.hold(False)
    made.hands.until(lambda: made.clients() >= {again.name, new.name})
    for each in (old[1], again):
        assert made.hands.stop(each) == 0
    counted = made.settle_all()

    assert counted.spotless, counted


def test_a_schema_that_is_not_for_the_version_before(make: Make) -> None:
    """A worker of the old version refuses it with a sentence and sends nothing; one of the new version sends all."""
    made = make(Size(deliveries=40))
    made.place.ask(MIGRATION.format(newer=NEWER, oldest=NEWER))

    old = made.hands.begin("worker")
    old.wanted = False
    assert old.ended() not in {0, None}
    new = made.hands.begin("worker", KNOWS=NEWER)
    counted = made.settle_all()

    assert f"The database is at version {NEWER}, which this Rekindle does not know." in " ".join(old.said().split())
    assert counted.spotless, counted
    assert made.clients() == {new.name}
