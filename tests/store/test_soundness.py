"""`rekindle db check`: a whole database has no fault, and each kind of harm is one that is named."""

from collections.abc import Callable

import pytest
from sqlalchemy import LargeBinary, insert, text, update
from world import VAULT, World, person

from engine.deliver.halting import EVERYTHING
from engine.operating import Operator
from engine.store import leftovers, schema, sealed
from engine.store.leftovers import Kind
from engine.store.metadata import metadata
from engine.store.replies import SEALED_TEXT
from engine.store.soundness import faults_of
from engine.store.vault import Vault

HASHES = {"partners.email_index", "partners.phone_index", "suppressions.address_index", "deliveries.to_index"}
HASHES |= {"confirmations.address_index", "events.address_index", "intake.digest", "rates.key"}
HASHES |= {"audit.chain", "audit_marks.chain", "audit_marks.seal"}


def lived() -> World:
    """Ana and Ben were written to, one wrote back, and the operator did something."""
    world = World()
    world.join("x", person("Ana"), person("Ben"))
    world.enroll()
    world.go_to("2026-03-03T09:00")
    Operator(world.engine).pause(EVERYTHING)
    now = world.clock.now()
    with world.database.begin() as connection:
        said = {"source": "twilio", "key": "r1", "channel": "sms", "at": now}
        connection.execute(
            insert(schema.replies).values(partner_id=1, text_cipher=VAULT.seal("Hello", SEALED_TEXT), **said)
        )
        leftovers.add(connection, VAULT, [(Kind.COPY, "twilio", "SM1")], now)
    return world


def faults(world: World, vault: Vault = VAULT, newest: int | None = None) -> list[str]:
    return [*faults_of(world.database, vault, newest)]


def unguarded(world: World, statement: str) -> None:
    with world.database.begin() as connection:
        if world.database.server:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            connection.execute(text("DROP TRIGGER IF EXISTS audit_never_changed"))
        connection.execute(text(statement))


def swapped(world: World) -> None:
    """What was sealed as an email stands where a reply's words should."""
    with world.database.begin() as connection:
        given = {"text_cipher": VAULT.seal("ana@example.com", "partner.email")}
        connection.execute(update(schema.replies).values(given))


HARM: dict[str, tuple[Callable[[World], object], str]] = {
    "an address is damaged": (
        lambda world: world.alter("Ana", email_cipher=b"\x01\x02k1" + b"0" * 40),
        "1 values of partners.email_cipher do not open with these keys, such as row 1",
    ),
    "something is sealed for another purpose": (swapped, "1 values of replies.text_cipher do not open"),
    "an act was altered": (
        lambda world: unguarded(world, "UPDATE audit SET actor = 'mallory'"),
        "the audit was altered: act 1 is not as it was written",
    ),
}


@pytest.mark.parametrize("newest", [None, 100])
def test_a_whole_database_has_no_fault(newest: int | None) -> None:
    assert faults(lived(), newest=newest) == []


@pytest.mark.parametrize("newest", [None, 100])
@pytest.mark.parametrize("what", HARM)
def test_each_harm_is_named(what: str, newest: int | None) -> None:
    world = lived()
    harm, said = HARM[what]
    harm(world)
    (fault,) = faults(world, newest=newest)
    assert said in fault


def test_the_keys_of_another_workspace_open_nothing_and_each_column_says_so() -> None:
    other = Vault({"k1": bytes(range(1, 33))}, "k1", bytes(range(32)))
    found = " ".join(faults(lived(), other))
    assert "2 values of partners.email_cipher" in found
    assert "1 values of leftovers.cipher" in found


def test_a_look_at_the_newest_passes_by_what_is_older() -> None:
    world = lived()
    world.alter("Ana", email_cipher=b"\x01\x02k1" + b"0" * 40)
    assert faults(world, newest=1) == []


def test_every_column_that_holds_something_sealed_is_looked_into() -> None:
    binary = {
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    assert binary - HASHES == {str(each) for each in sealed.COLUMNS}


def test_how_many_values_each_key_has_sealed_is_counted() -> None:
    world = lived()
    newer = Vault({"k1": bytes(32), "k2": bytes(range(2, 34))}, "k2", bytes(range(32)))
    with world.database.begin() as connection:
        leftovers.add(connection, newer, [(Kind.COPY, "twilio", "SM2")], world.clock.now())
        assert dict(sealed.by_key(connection)) == {"k1": 6, "k2": 1}
