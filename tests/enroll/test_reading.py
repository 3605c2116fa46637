"""A large file is read by a process of its own, which tells what a thread would."""

import multiprocessing
import os
import signal
from contextlib import closing
from pathlib import Path

import pytest
from world import VAULT

from engine.enroll import reading
from engine.enroll.reading import Batch, batches
from engine.errors import Refused, RekindleError
from engine.store.vault import SEALED_EMAIL, Vault

pytestmark = pytest.mark.storeless

HEADER = "couple,given_name,email,phone,timezone,send_at,causes\n"
ROWS = [
    "c-1,Ana,ana@example.com,+12025550123,Europe/Lisbon,19:00,limited-affection\n",
    "c-1,Ben,,+12025550124,America/New_York,,\n",
    "c-2,Zoë,no address,,Asia/Tokyo,,\n",
    'c-3,"Bad quote,cy@example.com,,Asia/Tokyo,,\n',
    *(f"d-{number},Dee,dee{number}@example.com,,Asia/Tokyo,,\n" for number in range(40)),
]


@pytest.fixture
def sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that counts as large where there is more than one processor, as there is said to be."""
    monkeypatch.setattr(reading, "LARGE", 500)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    path = tmp_path / "couples.csv"
    path.write_text(HEADER + "".join(ROWS), encoding="utf-8")
    return path


def seen(each: Batch, vault: Vault) -> object:
    """All of it; what is sealed is never alike, and is opened."""
    people = [
        (who.row, who.cells, who.addresses[:2], who.addresses[2] and vault.open(who.addresses[2], SEALED_EMAIL))
        for who in each.candidates
    ]
    return people, [(line, why.what, why.fix, cells) for line, why, cells in each.aside], each.bytes_read


@pytest.mark.parametrize("filed", [False, True], ids=["keys", "key file"])
def test_it_tells_of_every_row_what_a_thread_tells_of_it(
    sheet: Path, tmp_path: Path, filed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = Vault.write_key_file(tmp_path / "keys") if filed else VAULT
    apart = [seen(each, vault) for each in batches(sheet, vault, 15)]
    monkeypatch.setattr(reading, "LARGE", 1_000_000)
    assert apart == [seen(each, vault) for each in batches(sheet, vault, 15)]
    assert len(apart) == 3


def test_it_ends_with_whoever_asked(sheet: Path) -> None:
    """Stopped half-way, nothing of it is left running."""
    coming = batches(sheet, VAULT, 5)
    next(coming)
    assert multiprocessing.active_children()
    coming.close()
    assert not multiprocessing.active_children()


def test_where_it_is_killed_the_mend_is_said(sheet: Path) -> None:
    """What had come before stays."""
    sheet.write_text(sheet.read_text(encoding="utf-8") + "".join(ROWS[4:]) * 200, encoding="utf-8")
    coming = batches(sheet, VAULT, 2_000)
    assert len(next(coming).candidates) == 1_998
    (child,) = multiprocessing.active_children()
    os.kill(child.pid or 0, signal.SIGKILL)
    with pytest.raises(RekindleError, match="ended before the file did") as caught:
        list(coming)
    assert "Import it again" in caught.value.fix


@pytest.mark.parametrize("large", [500, 1_000_000], ids=["a process", "a thread"])
def test_a_file_that_has_another_header_by_then_is_refused_with_its_mend(
    sheet: Path, monkeypatch: pytest.MonkeyPatch, large: int
) -> None:
    monkeypatch.setattr(reading, "LARGE", large)
    coming = batches(sheet, VAULT, 5)
    sheet.write_text(HEADER.replace("given_name", "nickname") + "".join(ROWS), encoding="utf-8")
    with pytest.raises(Refused, match="given_name") as caught:
        next(coming)
    assert caught.value.fix
    assert not multiprocessing.active_children()


def test_a_small_file_is_read_here(sheet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LARGE", 1_000_000)
    with closing(batches(sheet, VAULT, 5)) as coming:
        next(coming)
        assert not multiprocessing.active_children()
