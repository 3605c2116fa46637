"""Keys rotate while processes run: all is sealed anew, nothing is overwritten, and no key goes that is needed."""

import os
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update
from world import CONSENT, World, opened, person

from engine.errors import NotFound, Refused, SettingsError, StoreError
from engine.operating import Operator
from engine.store import couples, key_file, leftovers, resealing, schema, sealed
from engine.store.leftovers import Kind
from engine.store.replies import SEALED_TEXT
from engine.store.vault import SEALED_EMAIL, Vault


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A key file with one key."""
    Vault.write_key_file(tmp_path / "rekindle.key")
    return tmp_path / "rekindle.key"


def peopled(vault: Vault, number: int = 3) -> World:
    """So many couples, a text of one of them, and a leftover, sealed by `vault`."""
    world = World(database=opened(None))
    now = world.clock.now()
    with world.database.begin() as connection:
        for each in range(number):
            couples.add(connection, vault, f"c{each}", [person(f"Ana{each}"), person(f"Ben{each}")], CONSENT, now)
        said = {"source": "twilio", "key": "r1", "channel": "sms", "at": now}
        text = vault.seal("Hello", SEALED_TEXT)
        connection.execute(insert(schema.replies).values(partner_id=1, text_cipher=text, **said))
        leftovers.add(connection, vault, [(Kind.COPY, "twilio", "SM1")], now)
    return world


def rotated(path: Path) -> str:
    key_id = key_file.add(path)
    key_file.make_current(path, key_id)
    return key_id


def counted(world: World) -> dict[str, int]:
    with world.database.read() as connection:
        return dict(sealed.by_key(connection))


def faults(world: World, vault: Vault) -> list[str]:
    with world.database.read() as connection:
        return [*sealed.faults_of(connection, vault, None)]


def test_everything_is_sealed_anew_and_says_what_it_said(path: Path) -> None:
    vault = Vault.load_key_file(path)
    world = peopled(vault)
    before = [vault.open(bytes(row.email_cipher), SEALED_EMAIL) for row in world.rows(schema.partners)]
    rotated(path)
    vault.look_again()
    assert resealing.reseal(world.database, vault) == 14
    assert counted(world) == {"k2": 14}
    after = [vault.open(bytes(row.email_cipher), SEALED_EMAIL) for row in world.rows(schema.partners)]
    assert (after, faults(world, vault)) == (before, [])
    assert resealing.reseal(world.database, vault) == 0


def test_killed_half_way_it_goes_on_where_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vault = Vault.load_key_file(path)
    world = peopled(vault)
    rotated(path)
    vault.look_again()
    monkeypatch.setattr(resealing, "PAGE", 2)

    def killed(column: str, values: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        resealing.reseal(world.database, vault, killed)
    assert counted(world) == {"k1": 12, "k2": 2}
    assert faults(world, vault) == []
    assert resealing.reseal(world.database, vault) == 12


def test_what_another_process_seals_with_the_old_key_meanwhile_is_found_as_well(path: Path) -> None:
    vault, other = Vault.load_key_file(path), Vault.from_text(path.read_text())
    world = peopled(vault)
    rotated(path)
    vault.look_again()
    added: list[int] = []

    def meanwhile(column: str, values: int) -> None:
        if not added:
            with world.database.begin() as connection:
                added.append(
                    couples.add(connection, other, "late", [person("Cem"), person("Dora")], CONSENT, world.clock.now())
                )
                given = {"email_cipher": other.seal("new@example.com", SEALED_EMAIL)}
                connection.execute(update(schema.partners).where(schema.partners.c.id == 1).values(given))

    assert resealing.reseal(world.database, vault, meanwhile) == 19
    assert counted(world) == {"k2": 18}
    first = world.rows(schema.partners)[0]
    assert vault.open(bytes(first.email_cipher), SEALED_EMAIL) == "new@example.com"


def test_a_running_process_seals_with_the_new_key_and_opens_what_it_sealed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = Vault.load_key_file(path)
    rotated(path)
    fresh = Vault.load_key_file(path)
    assert running.open(fresh.seal("hello", "x"), "x") == "hello"
    assert running.current == "k2"
    assert fresh.open(running.seal("hello", "x"), "x") == "hello"
    key_file.add(path)
    key_file.make_current(path, "k3")
    monkeypatch.setattr("engine.store.vault.LOOK_SECONDS", 0.0)
    running.seal("hello", "x")
    assert running.current == "k3"


@pytest.mark.parametrize(
    "harm",
    [
        lambda path: path.unlink(),
        lambda path: path.write_text("nothing"),
        lambda path: path.chmod(0o644),
        lambda path: path.write_text(Vault.generate_key_text()),
    ],
    ids=["gone", "no key file", "open to others", "another workspace's"],
)
def test_a_key_file_that_cannot_be_believed_changes_nothing_in_a_running_process(
    path: Path, harm: Callable[[Path], object]
) -> None:
    running = Vault.load_key_file(path)
    said = running.seal("hello", "x")
    harm(path)
    running.look_again()
    assert running.open(said, "x") == "hello"
    with pytest.raises(StoreError):
        running.open(Vault.from_text(Vault.generate_key_text()).seal("hello", "x"), "x")


def test_the_rest_of_a_key_file_stays_as_it_was(path: Path) -> None:
    path.write_text(path.read_text() + "# mine\n")
    before = path.read_text().splitlines()
    assert key_file.add(path) == "k2"
    key_file.make_current(path, "k2")
    key_file.retire(path, "k1", lambda: 0)
    after = path.read_text().splitlines()
    assert after[-2:] == before[-2:]
    assert {each.partition(" ")[0] for each in after} == {"#", "current", "k2", "lasting"}
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["rekindle.key"]


@pytest.mark.parametrize(
    ("key_id", "seals", "error", "said"),
    [("k2", 0, Refused, "current"), ("k1", 3, Refused, "3 values"), ("k9", 0, NotFound, "no key 'k9'")],
)
def test_a_key_that_is_needed_stays(path: Path, key_id: str, seals: int, error: Any, said: str) -> None:
    rotated(path)
    before = path.read_bytes()
    with pytest.raises(error, match=said):
        key_file.retire(path, key_id, lambda: seals)
    assert path.read_bytes() == before


def test_a_key_that_is_not_listed_becomes_not_current(path: Path) -> None:
    with pytest.raises(NotFound):
        key_file.make_current(path, "k7")
    assert Vault.load_key_file(path).current == "k1"


@contextmanager
def with_file(world: World, path: Path, age: float) -> Any:
    """An operator of a workspace whose key file was last changed so many seconds ago."""
    settings = world.settings.model_copy(update={"workspace": path.parent, "key_file": path.name})
    world.engine.settings = settings
    world.engine.vault = Vault.load_key_file(path)
    changed = world.clock.now().timestamp() - age
    os.utime(path, (changed, changed))
    yield Operator(world.engine)


def test_a_key_is_retired_no_sooner_than_every_process_must_have_noticed(path: Path) -> None:
    world = peopled(Vault.load_key_file(path))
    rotated(path)
    with with_file(world, path, 5) as operator, pytest.raises(Refused, match="just now"):
        operator.retire_key("k1")
    with with_file(world, path, 61) as operator:
        with pytest.raises(Refused, match="14 values"):
            operator.retire_key("k1")
        operator.rotate_keys(None, lambda column, values: None)
        operator.retire_key("k1", dry_run=True)
        operator.retire_key("k1")
    assert Vault.load_key_file(path).key_ids == ["k2"]
    assert faults(world, Vault.load_key_file(path)) == []


def test_keys_in_a_setting_are_changed_there(path: Path) -> None:
    world = peopled(Vault.load_key_file(path))
    world.engine.settings = world.settings.model_copy(update={"key": "k1 = x"})
    with pytest.raises(Refused, match="REKINDLE_KEY"):
        Operator(world.engine).add_key()


def test_a_file_that_would_be_no_key_file_is_not_written(path: Path) -> None:
    path.write_text("k1 = ?\n")
    with pytest.raises(SettingsError):
        key_file.add(path)
    assert path.read_text() == "k1 = ?\n"
