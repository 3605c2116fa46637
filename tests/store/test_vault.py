"""The vault: what it seals opens again, only for its purpose, only with its keys, and only unaltered."""

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Refused, RekindleError, SettingsError, StoreError
from engine.model.campaign import Channel
from engine.store.vault import Vault, address_index

pytestmark = pytest.mark.storeless

OLD, NEW, LASTING = b"o" * 32, b"n" * 32, b"l" * 32
VAULT = Vault({"k1": OLD}, "k1", LASTING)
KEY = "bGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGxsbGw="  # LASTING in base64


@given(st.text(), st.text())
def test_what_is_sealed_for_a_purpose_opens_for_it(text: str, purpose: str) -> None:
    assert VAULT.open(VAULT.seal(text, purpose), purpose) == text


@given(st.text(min_size=1, max_size=40), st.data())
def test_a_change_of_any_byte_is_noticed(text: str, data: st.DataObject) -> None:
    blob = bytearray(VAULT.seal(text, "email"))
    at = data.draw(st.integers(0, len(blob) - 1))
    blob[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(StoreError):
        VAULT.open(bytes(blob), "email")


@given(st.text(max_size=20), st.integers(min_value=0))
def test_a_cut_value_is_noticed(text: str, length: int) -> None:
    blob = VAULT.seal(text, "email")
    with pytest.raises(StoreError):
        VAULT.open(blob[: length % len(blob)], "email")


def test_a_value_does_not_open_for_another_purpose() -> None:
    with pytest.raises(StoreError) as refused:
        VAULT.open(VAULT.seal("ana@example.com", "email"), "phone")
    assert "ana" not in str(refused.value)
    assert refused.value.fix


def test_sealing_twice_never_looks_the_same() -> None:
    assert len({VAULT.seal("ana@example.com", "email") for _ in range(50)}) == 50


def test_after_rotation_old_values_open_new_ones_use_the_new_key_and_look_ups_stay() -> None:
    rotated = Vault({"k1": OLD, "k2": NEW}, "k2", LASTING)
    before = VAULT.seal("ana@example.com", "email")
    after = rotated.seal("ana@example.com", "email")
    assert rotated.open(before, "email") == rotated.open(after, "email") == "ana@example.com"
    with pytest.raises(StoreError, match="not listed"):
        VAULT.open(after, "email")
    assert rotated.index("ana@example.com", "email") == VAULT.index("ana@example.com", "email")
    assert rotated.subkey("tokens") == VAULT.subkey("tokens")


def test_hashes_and_subkeys_differ_by_purpose_and_by_lasting_key() -> None:
    other = Vault({"k1": OLD}, "k1", NEW)
    for made in (lambda vault, purpose: vault.index("x", purpose), Vault.subkey):
        assert len({made(VAULT, "a"), made(VAULT, "b"), made(other, "a")}) == 3
    assert len(VAULT.index("x", "a")) == 16
    assert len(VAULT.subkey("a")) == 32


def test_an_email_is_looked_up_without_case_and_never_meets_a_phone() -> None:
    assert address_index(VAULT, Channel.EMAIL, "Ana@x.org") == address_index(VAULT, Channel.EMAIL, "ana@x.org")
    assert address_index(VAULT, Channel.EMAIL, "+1202") != address_index(VAULT, Channel.SMS, "+1202")


def test_no_key_shows_in_its_repr() -> None:
    assert repr(VAULT) == "Vault(keys=['k1'], current='k1')"


def test_a_fresh_key_file_is_its_owners_alone_and_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "rekindle.key"
    made = Vault.write_key_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Vault.load_key_file(path).open(made.seal("hello", "x"), "x") == "hello"
    assert "never change" in path.read_text().lower()


def test_a_key_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "rekindle.key"
    Vault.write_key_file(path)
    before = path.read_bytes()
    with pytest.raises(Refused):
        Vault.write_key_file(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_file_that_others_can_read_is_refused_with_the_command_that_mends_it(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "rekindle.key"
    Vault.write_key_file(path)
    path.chmod(mode)
    with pytest.raises(SettingsError) as refused:
        Vault.load_key_file(path)
    assert refused.value.fix == f"Run `chmod 600 {path}`."


def test_a_missing_key_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        Vault.load_key_file(tmp_path / "rekindle.key")
    assert "rekindle init" in refused.value.fix


def test_keys_may_come_on_one_line_as_from_an_environment_variable() -> None:
    assert VAULT.index("x", "a") == Vault.from_text(f"current = k1; k1 = {KEY}; lasting = {KEY}").index("x", "a")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no `lasting` key"),
        (f"lasting = {KEY}", "no seal key"),
        (f"k1 = {KEY}", "no `lasting` key"),
        (f"k1 = {KEY[:-4]}\nlasting = {KEY}", "bytes long"),
        (f"k1 = {KEY[:-1]}\nlasting = {KEY}", "line 1: the key is not base64"),
        (f"k1 = {KEY}\nk1 = {KEY}\nlasting = {KEY}", "line 2: a key's name is missing or given twice"),
        (f"{KEY[:-1]}\nlasting = {KEY}", "line 1: a key's name"),
        (f"current = k2\nk1 = {KEY}\nlasting = {KEY}", "'k2' is not among"),
        (f"K 1 = {KEY}\nlasting = {KEY}", "cannot be a key's name"),
    ],
)
def test_a_wrong_key_text_says_what_is_wrong_and_never_a_key(text: str, says: str) -> None:
    with pytest.raises(RekindleError) as refused:
        Vault.from_text(text, "rekindle.key")
    assert says in str(refused.value)
    assert refused.value.fix
    assert KEY[:12] not in str(refused.value) + refused.value.fix
