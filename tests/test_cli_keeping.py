"""The commands of what is to be trusted: backups and what comes after one was put back, checks, keys, erasing."""

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from shell import Shell

SHEET = """couple,given_name,email,phone,timezone,channel
rivera,Ana,ana@example.com,+12025550143,Europe/Lisbon,email
rivera,Ben,ben@example.com,+12025550144,Europe/Lisbon,sms
"""


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A workspace with one couple in it."""
    made = Shell(tmp_path / "work", capsys, monkeypatch)
    made.run("init")
    (made.folder / "couples.csv").write_text(SHEET, encoding="utf-8")
    made.run("couples", "import", str(made.folder / "couples.csv"), "--consent", "Yes.")
    return made


def test_a_backup_is_tried_put_back_looked_at_and_let_go(shell: Shell) -> None:
    copy = shell.folder / "copy.sqlite3"
    assert "a trial restore gave" in shell.run("db", "backup", str(copy))
    shell.run("enroll", "eight-weeks", "--all", "--start", "2026-03-02")
    assert "No backup was put back" in shell.run("db", "restored")
    assert "rekindle db restored" in shell.run("db", "restore", str(copy))
    assert "was put back" in shell.run("resume", "--all", code=2)
    assert "Everything is held." in shell.run("db", "restored")
    assert shell.json("db", "restored") == []
    (done,) = shell.json("db", "restored", "--confirm")
    assert done == {"skipped": 0, "still_paused": False}
    assert "Nothing is paused." in shell.run("paused")
    acts = [each["act"] for each in shell.json("audit", "list")]
    assert acts == ["confirm restore", "restore"]
    assert "Every act is as it was written" in shell.run("audit", "check")


def test_what_would_go_out_is_listed_with_what_becomes_of_it(shell: Shell) -> None:
    shell.run("enroll", "eight-weeks", "--all", "--start", "2026-03-02")
    shell.run("db", "quarantine", "--dry-run")
    assert "No backup was put back" in shell.run("db", "restored")
    shell.run("db", "quarantine")
    said = shell.run("db", "restored")
    assert "skipped: may have been sent" in said
    assert "rekindle suppressions add" in said
    first, *_ = shell.json("db", "restored", "--limit", "1")
    assert (first["couple"], first["in_doubt"], first["delivery_id"]) == ("rivera", True, None)
    assert "may have been sent since are skipped" in shell.run("db", "restored", "--confirm")


def test_knowing_that_nothing_was_sent_is_no_order_by_itself(shell: Shell) -> None:
    assert "--confirm" in shell.run("db", "restored", "--nothing-sent-since", code=2)


def test_a_whole_database_is_said_to_be_so(shell: Shell) -> None:
    assert "The database is whole." in shell.run("db", "check")
    assert shell.json("db", "check", "--all") == [{"faults": []}]


def test_what_does_not_open_is_named_by_the_check(shell: Shell) -> None:
    with closing(sqlite3.connect(shell.folder / "rekindle.sqlite3")) as file, file:
        file.execute("UPDATE partners SET email_cipher = x'0000' WHERE id = 1")
    assert "1 values of partners.email_cipher do not open" in shell.run("db", "check", code=1)
    (said,) = json.loads(shell.run("db", "check", "--json", code=1))["faults"]
    assert "row 1" in said


def garbage(file: Path) -> None:
    file.write_bytes(b"this is no database, though it is as long as one might be" * 100)


def cut_short(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 3])


def newer(file: Path) -> None:
    with closing(sqlite3.connect(file)) as opened, opened:
        opened.execute("UPDATE alembic_version SET version_num = '9999'")
        opened.execute("UPDATE compatibility SET oldest = '9998'")


@pytest.mark.parametrize(
    "words",
    [
        ("couples", "list"),
        ("tick",),
        ("schedule",),
        ("doctor",),
        ("pause", "--all"),
        ("db", "check"),
        ("db", "backup"),
        ("db", "upgrade"),
        ("couples", "import", "couples.csv", "--consent", "Yes."),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize(("harm", "way"), [(garbage, "damaged"), (cut_short, "damaged"), (newer, "newer Rekindle")])
def test_a_damaged_or_newer_database_is_refused_by_every_command_with_the_way_out(
    shell: Shell, harm: object, way: str, words: tuple[str, ...]
) -> None:
    file = shell.folder / "rekindle.sqlite3"
    harm(file)  # type: ignore[operator]
    before = file.read_bytes()
    said = shell.run(*words, code=1)
    assert way in said
    assert "Traceback" not in said
    assert file.read_bytes() == before


def test_what_is_kept_of_a_partner_is_handed_out_and_nothing_of_the_others(shell: Shell) -> None:
    folder = shell.folder / "asked"
    assert "partner-1.json" in shell.run("couples", "export", "rivera", "--out", str(folder))
    ana, ben = (json.loads((folder / f"partner-{each}.json").read_text(encoding="utf-8")) for each in (1, 2))
    assert (ana["about_you"]["given_name"], ben["about_you"]["given_name"]) == ("Ana", "Ben")
    assert "ben@example.com" not in json.dumps(ana)
    assert {each["address"] for each in ana["addresses"]} == {"ana@example.com", "+12025550143"}
    assert (folder / "partner-1.json").stat().st_mode & 0o077 == 0
    alone = json.loads(shell.run("couples", "export", "rivera", "--partner", "2"))
    assert alone == ben
    assert [each["act"] for each in shell.json("audit", "list")] == ["export"] * 3


def test_a_partner_is_erased_with_the_files_of_the_outbox_and_the_other_stays(shell: Shell) -> None:
    shell.run("enroll", "eight-weeks", "--all", "--start", "2026-03-02")
    shell.run("tick", "--now", "2026-03-02T19:00:00Z")
    sent = {each.name for each in (shell.folder / "outbox").iterdir()}
    assert sent
    (dry,) = shell.json("couples", "erase", "rivera", "--partner", "1", "--dry-run")
    assert dry["rows"]["deliveries"] == 1
    assert "would be erased" in shell.run("couples", "erase", "rivera", "--partner", "1", "--dry-run")
    assert {each.name for each in (shell.folder / "outbox").iterdir()} == sent
    assert "Deleted at providers: 1 copies." in shell.run("couples", "erase", "rivera", "--partner", "1")
    left = [each.read_bytes() for each in (shell.folder / "outbox").iterdir()]
    assert len(left) == len(sent) - 1
    assert not any(b"ana@example.com" in each for each in left)
    assert "Ben" in shell.run("couples", "show", "rivera")
    assert "no partner 1" in shell.run("couples", "erase", "rivera", "--partner", "1", code=2)
    shell.run("couples", "erase", "rivera")
    assert shell.json("couples", "list") == []


def test_keys_are_added_rotated_listed_and_retired(shell: Shell) -> None:
    assert "rekindle keys rotate k2" in shell.run("keys", "add")
    assert [(each["key"], each["current"], each["values"]) for each in shell.json("keys", "list")] == [
        ("k1", True, 4),
        ("k2", False, 0),
    ]
    assert shell.json("keys", "rotate", "k2") == [{"current": "k2", "resealed": 4}]
    assert "changed just now" in shell.run("keys", "retire", "k1", code=2)
    os.utime(shell.folder / "rekindle.key", (0, 0))
    assert "would be out" in shell.run("keys", "retire", "k1", "--dry-run")
    assert "is out of the key file" in shell.run("keys", "retire", "k1")
    assert [each["key"] for each in shell.json("keys", "list")] == ["k2"]
    assert "The database is whole." in shell.run("db", "check", "--all")
    acts = [each["act"] for each in shell.json("audit", "list")]
    assert acts == ["retire key", "rotate keys", "add key"]


def test_a_key_that_seals_something_and_is_not_listed_is_a_problem(shell: Shell) -> None:
    shell.run("keys", "add")
    shell.run("keys", "rotate", "k2")
    file = shell.folder / "rekindle.key"
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith(("k2 ", "current"))]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert "NOT THERE" in shell.run("keys", "list", code=1)
