"""The audit keeps what operators did, newest first, a page at a time; nothing of it is ever changed."""

from datetime import timedelta

from world import VAULT, at, opened

from engine.store import audit, chain
from engine.store.database import Database

NINE = at("2026-03-03T09:00")


def keyed() -> Database:
    """An empty database whose acts are chained."""
    database = opened(None)
    database.audit_key = VAULT.subkey(chain.PURPOSE)
    return database


def kept(number: int) -> list[tuple[str, str]]:
    """`number` acts about two couples, read back a page of two at a time."""
    database = keyed()
    with database.begin() as connection:
        for each in range(number):
            audit.record(connection, NINE + timedelta(minutes=each), "eve", f"act {each}", f"couple {each % 2}")
    found: list[audit.Act] = []
    with database.read() as connection:
        while page := audit.read(connection, before=found[-1].id if found else None, limit=2):
            found += page
    return [(each.act, each.about) for each in found]


def test_pages_hold_every_act_once_the_newest_first() -> None:
    assert [act for act, _ in kept(5)] == ["act 4", "act 3", "act 2", "act 1", "act 0"]


def test_only_acts_about_one_thing_are_read_when_asked_for() -> None:
    database = keyed()
    with database.begin() as connection:
        for about in ("couple 1", "couple 10", "couple 1"):
            audit.record(connection, NINE, "eve", "pause couple", about)
    with database.read() as connection:
        assert [each.id for each in audit.read(connection, about="couple 1")] == [3, 1]
        assert audit.is_kept(connection, "pause couple", "couple 10")
        assert not audit.is_kept(connection, "stop couple", "couple 10")


def test_an_act_that_is_rolled_back_leaves_no_trace() -> None:
    database = keyed()
    try:
        with database.begin() as connection:
            audit.record(connection, NINE, "eve", "pause", "everything")
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    with database.read() as connection:
        assert audit.read(connection) == []
