"""One machine after another is restarted, or moved to a new version, while all of them send."""

from collections.abc import Callable

import pytest
import stores
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
    counted = made.settle()

    assert codes == [0, 0, 0]
    assert counted.spotless, counted


def test_the_schema_is_upgraded_under_workers_of_the_version_before(make: Make) -> None:
    """They go on, one that is started again too; those of the new version join; then the old ones end one by one."""
    made = make(LOADED)
    made.place.hold(True)
    old = [made.hands.begin("worker") for _ in range(2)]
    made.hands.until(lambda: made.ready(2))
    made.place.hold(False)
    made.go_on(0.1)

    made.place.ask(MIGRATION.format(newer=NEWER, oldest=known()[-1]))
    assert made.hands.stop(old[0]) == 0
    again, new = made.hands.begin("worker"), made.hands.begin("worker", KNOWS=NEWER)
    made.hands.until(lambda: made.clients() >= {again.name, new.name})
    for each in (old[1], again):
        assert made.hands.stop(each) == 0
    counted = made.settle()

    assert counted.spotless, counted
    assert made.last_client() == new.name


def test_a_schema_that_is_not_for_the_version_before(make: Make) -> None:
    """A worker of the old version refuses it with a sentence and sends nothing; one of the new version sends all."""
    made = make(Size(deliveries=40))
    made.place.ask(MIGRATION.format(newer=NEWER, oldest=NEWER))

    old = made.hands.begin("worker")
    old.wanted = False
    assert old.process.wait(120) not in {0, None}
    new = made.hands.begin("worker", KNOWS=NEWER)
    counted = made.settle()

    assert f"The database is at version {NEWER}, which this Rekindle does not know." in " ".join(old.said().split())
    assert counted.spotless, counted
    assert made.clients() == {new.name}
