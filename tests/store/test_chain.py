"""The audit is append-only, and its chain tells the first act that is not as it was written."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from world import VAULT, at, opened

from engine.errors import StoreError
from engine.store import audit, chain
from engine.store.database import Database
from engine.store.keeping_schema import audit_marks
from engine.store.operating_schema import audit as acts

NINE = at("2026-03-03T09:00")
KEY = VAULT.subkey(chain.PURPOSE)


def with_acts(number: int) -> Database:
    """A database in which so many acts were recorded, an hour apart, each in a transaction of its own."""
    database = opened(None)
    database.audit_key = KEY
    for each in range(number):
        with database.begin() as connection:
            audit.record(connection, NINE + timedelta(hours=each), "eve", f"act {each}", f"couple {each}")
    return database


def checked(database: Database, mark: str | None = None) -> chain.Checked:
    with database.read() as connection:
        return chain.check(connection, KEY, mark)


def unguarded(database: Database, *statements: object) -> None:
    """Do what the triggers refuse, as somebody may who has the whole database."""
    with database.begin() as connection:
        if database.server:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            for trigger in ("audit_never_changed", "audit_never_deleted"):
                connection.execute(text(f"DROP TRIGGER IF EXISTS {trigger}"))
        for statement in statements:
            connection.execute(statement)  # type: ignore[call-overload]


def test_a_chain_that_nobody_touched_is_whole() -> None:
    found = checked(with_acts(5))
    assert (found.kept, found.unchained, found.broken) == (5, 0, "")
    assert found.end.last_id == 5


@pytest.mark.parametrize(
    "statement",
    [update(acts).where(acts.c.id == 2).values(actor="mallory"), delete(acts).where(acts.c.id == 2), delete(acts)],
    ids=["change one", "delete one", "delete all"],
)
def test_no_act_is_changed_or_deleted(statement: object) -> None:
    database = with_acts(3)
    with pytest.raises((DBAPIError, StoreError), match="append-only"), database.begin() as connection:
        connection.execute(statement)  # type: ignore[call-overload]
    assert checked(database).kept == 3


def swapped(database: Database) -> None:
    with database.read() as connection:
        one, two = connection.execute(select(acts).where(acts.c.id.in_([2, 3])).order_by(acts.c.id)).all()
    first, second = ({**each._mapping, "id": other.id} for each, other in ((one, two), (two, one)))
    unguarded(database, delete(acts).where(acts.c.id.in_([2, 3])), insert(acts).values([first, second]))


HARM: dict[str, tuple[Callable[[Database], None], int | None]] = {
    "an actor is another": (lambda db: unguarded(db, update(acts).where(acts.c.id == 2).values(actor="mallory")), 2),
    "an instant is another": (lambda db: unguarded(db, update(acts).where(acts.c.id == 4).values(at=NINE)), 4),
    "one is missing": (lambda db: unguarded(db, delete(acts).where(acts.c.id == 2)), 3),
    "the first is missing": (lambda db: unguarded(db, delete(acts).where(acts.c.id == 1)), 2),
    "the newest is missing": (lambda db: unguarded(db, delete(acts).where(acts.c.id == 5)), None),
    "all are missing": (lambda db: unguarded(db, delete(acts)), None),
    "two have changed places": (swapped, 2),
    "one was added by somebody without the key": (
        lambda db: unguarded(db, insert(acts).values(at=NINE, actor="m", act="pause", about="x", chain=b"0" * 32)),
        6,
    ),
    "one was added without a chain": (
        lambda db: unguarded(db, insert(acts).values(at=NINE, actor="m", act="pause", about="x")),
        6,
    ),
    "the mark at the end is missing": (lambda db: unguarded(db, delete(audit_marks)), None),
    "the mark at the end was moved": (
        lambda db: unguarded(db, delete(acts).where(acts.c.id == 5), update(audit_marks).values(last_id=4, number=4)),
        None,
    ),
    "it is said that some were forgotten": (
        lambda db: unguarded(
            db,
            insert(audit_marks).values(name="forgotten", last_id=2, number=2, chain=b"0" * 32, seal=b"0" * 32),
            delete(acts).where(acts.c.id <= 2),
        ),
        None,
    ),
}


@pytest.mark.parametrize("what", HARM)
def test_what_was_altered_is_found_and_the_first_act_of_it_is_named(what: str) -> None:
    database = with_acts(5)
    harm, row = HARM[what]
    harm(database)
    found = checked(database)
    assert found.broken
    assert found.row == row


def test_another_key_does_not_take_it_for_its_own() -> None:
    database = with_acts(2)
    with database.read() as connection:
        assert chain.check(connection, bytes(32)).broken


def test_acts_from_before_there_was_a_chain_are_in_it_from_the_next_act_on() -> None:
    database = opened(None)
    database.audit_key = KEY
    with database.begin() as connection:
        connection.execute(insert(acts), [{"at": NINE, "actor": "eve", "act": f"{n}", "about": "x"} for n in range(3)])
    assert (checked(database).kept, checked(database).unchained, checked(database).broken) == (3, 3, "")
    with database.begin() as connection:
        audit.record(connection, NINE, "eve", "pause", "everything")
    assert (checked(database).kept, checked(database).unchained, checked(database).broken) == (4, 3, "")
    unguarded(database, update(acts).where(acts.c.id == 1).values(actor="mallory"))
    assert checked(database).row == 4


def test_what_is_old_is_forgotten_and_the_chain_goes_on_from_there() -> None:
    database = with_acts(6)
    with database.begin() as connection:
        assert chain.forget(connection, NINE + timedelta(hours=3), 100, dry_run=True) == 3
        assert chain.forget(connection, NINE + timedelta(hours=3), 2) == 2
        assert chain.forget(connection, NINE + timedelta(hours=3), 100) == 1
        assert chain.forget(connection, NINE + timedelta(hours=3), 100) == 0
    with database.begin() as connection:
        audit.record(connection, NINE, "eve", "forget", "3 acts")
    found = checked(database)
    assert (found.kept, found.end.number, found.broken) == (4, 7, "")
    unguarded(database, delete(acts).where(acts.c.id == 4))
    assert checked(database).row == 5


def test_the_newest_act_is_never_forgotten() -> None:
    database = with_acts(3)
    with database.begin() as connection:
        assert chain.forget(connection, NINE + timedelta(days=9), 100) == 2
    assert (checked(database).kept, checked(database).broken) == (1, "")


def test_a_mark_that_was_kept_elsewhere_tells_an_older_state_that_was_put_back() -> None:
    database = with_acts(3)
    early = str(checked(database).end)
    with database.begin() as connection:
        audit.record(connection, NINE, "eve", "pause", "everything")
    late = str(checked(database).end)
    assert checked(database, early).broken == checked(database, late).broken == ""
    older = with_acts(3)
    assert checked(older, early).broken == ""
    assert "kept elsewhere" in checked(older, late).broken
