"""What a process knows of its messages it records, however long the database is away; nothing then is in doubt."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection
from world import Answering, World, at, person

from engine.deliver import dispatch
from engine.deliver.dispatch import ProtocolStep
from engine.errors import StoreError
from engine.store.database import Database

NINE = "2026-03-03T09:00"
SENT = ("sent", None)
AWAY = StoreError("The database server cannot be reached.", fix="Check that it runs.")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "RECORD_WAITS", (0.0,) * 20)


def crowd(transport: Answering, announce: Callable[[ProtocolStep], None] = lambda step: None) -> World:
    """Six people, whose message is due."""
    world = World(transport=transport, batch=2, announce=announce)
    for number in range(6):
        world.join(f"c{number}", person(f"P{number}"))
    world.enroll()
    world.clock.move_to(at(NINE))
    return world


class Away:
    """A database that is away for so many transactions once it was told to be."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = self.tried = 0
        begin = Database.begin

        @contextmanager
        def beginning(database: Database, *, shared: bool = False) -> Iterator[Connection]:
            if self.left:
                self.left -= 1
                self.tried += 1
                raise AWAY
            with begin(database, shared=shared) as connection:
                yield connection

        monkeypatch.setattr(Database, "begin", beginning)


def test_answers_wait_for_a_database_that_is_away_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    away, transport = Away(monkeypatch), Answering(lambda message, attempt: None)

    def hear(step: ProtocolStep) -> None:
        if step is ProtocolStep.HANDED and not away.tried:
            away.left = 15

    world = crowd(transport, hear)
    world.tick()
    assert away.tried == 15
    world.tick()
    assert world.ends() == [SENT] * 6
    assert sorted(transport.accepted) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(("patient", "tries"), [(True, 20), (False, dispatch.HURRIED_WAITS + 1)])
def test_who_is_told_to_stop_waits_less_unless_patience_is_asked_for(
    patient: bool, tries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    away, transport = Away(monkeypatch), Answering(lambda message, attempt: None)

    def hear(step: ProtocolStep) -> None:
        if step is ProtocolStep.HANDED:
            world.engine.stop(patient=patient)
            away.left = 1000

    world = crowd(transport, hear)
    with pytest.raises(StoreError):
        world.tick()
    assert tries <= away.tried <= 2 * (tries + 2)
    away.left = 0
    assert Counter(status for status, _ in world.ends())["sending"] == 2


@pytest.mark.parametrize("tries", [0, 15])
def test_what_was_not_handed_over_as_nobody_knew_whether_its_intent_was_committed_is_not_in_doubt(
    monkeypatch: pytest.MonkeyPatch, tries: int
) -> None:
    """The answer to the commit is lost, and the database away for so many tries: for the first batch, and for one that
    comes with answers to record."""
    transport, lost = Answering(lambda message, attempt: None), []
    away, begin = Away(monkeypatch), Database.begin

    @contextmanager
    def beginning(database: Database, *, shared: bool = False) -> Iterator[Connection]:
        with begin(database, shared=shared) as connection:
            yield connection
        sending = sum(row.status == "sending" for row in world.rows())
        if sending and len(lost) < 2 and (not lost or lost[-1] != len(transport.accepted)):
            lost.append(len(transport.accepted))
            away.left = tries
            raise AWAY

    world = crowd(transport)
    monkeypatch.setattr(Database, "begin", beginning)
    asyncio.run(world.engine.tick())
    assert lost == [0, 2]
    assert world.ends() == [SENT] * 6
    assert sorted(transport.accepted) == [1, 2, 3, 4, 5, 6]
