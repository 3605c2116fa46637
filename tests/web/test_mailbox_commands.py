"""`rekindle bounces` and `rekindle suppressions`: what they say, what they change, and what they never show."""

import json
import mailbox
from collections.abc import Callable
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from shell import Shell
from world import VAULT, Answering, World, opened, person

from engine.model.campaign import Channel
from engine.render.links import reference
from engine.store import schema
from engine.store.suppressions import is_suppressed
from engine.store.vault import Vault

SAMPLES = Path(__file__).parents[1] / "data" / "dsn"
ANA = "ana@example.com"
Rekindle = Callable[..., str]


@pytest.fixture
def rekindle(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Rekindle:
    """Runs a command in a workspace, whose keys are the test's own; what it said on both streams."""

    run = Shell(tmp_path, capsys, monkeypatch).run
    monkeypatch.setattr(Vault, "load_key_file", lambda path: VAULT)
    run("init")
    return run


@pytest.fixture
def sent(rekindle: Rekindle, tmp_path: Path) -> World:
    """A workspace in which Ana was sent one email."""
    world = World(database=opened(tmp_path / "rekindle.sqlite3"), transport=Answering(lambda message, attempt: None))
    world.join("rivera", person("Ana"))
    world.enroll()
    world.go_to("2026-03-03T09:00")
    assert world.ends() == [("sent", None)]
    return world


def bounced(world: World, sample: str = "exim-failed") -> bytes:
    """A sample, as it would come back about the one message of a world."""
    (delivery,) = world.rows()
    (enrollment,) = world.rows(schema.enrollments)
    (of,) = {"exim-failed": [b"2001"], "postfix-delayed": [b"1043"], "complaint": [b"2005"]}[sample]
    own = reference(enrollment.seed, delivery.id).encode()
    mail = (SAMPLES / f"{sample}.eml").read_bytes().replace(of + b".9f86d081884c7d659a2feaa0c55ad015", own)
    return mail.replace(b"late@slow.example", ANA.encode()).replace(b"Eve@Mailbox.example", ANA.encode())


def stopped(world: World) -> bool:
    with world.database.read() as connection:
        return is_suppressed(connection, VAULT, Channel.EMAIL, ANA)


def counts(said: str) -> dict[str, Any]:
    """What a `--json` command said, without what is nought."""
    (line,) = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    return {name: value for name, value in line.items() if value}


def test_a_bounce_of_ours_stops_its_address_and_reading_it_again_changes_nothing(
    rekindle: Rekindle, sent: World, tmp_path: Path
) -> None:
    file = tmp_path / "mail.eml"
    file.write_bytes(bounced(sent))
    assert counts(rekindle("bounces", "read", str(file), "--dry-run", "--json")) == {
        "mails": 1, "bounces": 1, "dry_run": True,
    }  # fmt: skip
    assert not stopped(sent)
    assert sent.rows(schema.intake) == []
    for _ in range(2):
        assert "1 mails: 1 bounces, 0 complaints" in rekindle("bounces", "read", str(file))
        assert stopped(sent)
        assert len(sent.rows(schema.events)) == len(sent.rows(schema.intake)) == 1
    assert file.read_bytes() == bounced(sent)


def test_somebody_elses_bounce_stops_nobody(rekindle: Rekindle, sent: World) -> None:
    """Anyone can write to a bounce address."""
    said = rekindle("bounces", "read", str(SAMPLES / "exim-failed.eml"), "--json")
    assert counts(said) == {"mails": 1, "unknown": 1}
    assert not stopped(sent)


def test_a_maildir_an_mbox_and_files_are_read_and_what_is_no_bounce_is_not_kept(
    rekindle: Rekindle, sent: World, tmp_path: Path
) -> None:
    for room, sample in (("new", "exim-failed"), ("cur", "postfix-delayed")):
        (tmp_path / "Maildir" / room).mkdir(parents=True)
        (tmp_path / "Maildir" / room / f"1.{sample}").write_bytes(bounced(sent, sample))
    box = mailbox.mbox(tmp_path / "box")
    for mail in (bounced(sent, "complaint"), (SAMPLES / "out-of-office.eml").read_bytes()):
        box.add(mail)
    box.close()
    before = (tmp_path / "box").read_bytes()
    said = rekindle("bounces", "read", str(tmp_path / "Maildir"), str(tmp_path / "box"), "--json")
    assert counts(said) == {"mails": 4, "bounces": 1, "notices": 1, "complaints": 1, "not_bounces": 1}
    assert len(sent.rows(schema.intake)) == 3
    assert (tmp_path / "box").read_bytes() == before


@pytest.mark.parametrize("what", ["nothing-there", "no-maildir"])
def test_what_cannot_be_read_is_said_and_the_rest_is_read(rekindle: Rekindle, tmp_path: Path, what: str) -> None:
    (tmp_path / "no-maildir").mkdir()
    said = rekindle("bounces", "read", str(tmp_path / what), str(SAMPLES / "complaint.eml"), code=1)
    assert "1 mails: " in said
    assert "1 could not be read" in said
    assert "Traceback" not in said


def test_bounces_belong_to_the_first_smtp_transport_unless_another_is_named(
    rekindle: Rekindle, sent: World, tmp_path: Path
) -> None:
    with (tmp_path / "rekindle.toml").open("a") as settings:
        settings.write('\n[transports.relay]\nuse = "smtp"\nhost = "localhost"\n')
    file = tmp_path / "mail.eml"
    file.write_bytes(bounced(sent))
    rekindle("bounces", "read", str(file))
    rekindle("bounces", "read", str(file), "--as", "other")
    assert {row.source for row in sent.rows(schema.intake)} == {"relay", "other"}


def test_an_address_is_put_on_the_list_in_the_form_that_an_import_gives_it_and_taken_off(
    rekindle: Rekindle, sent: World
) -> None:
    assert "would be on the list" in rekindle("suppressions", "add", "--email", " Ana@EXAMPLE.com ", "--dry-run")
    assert not stopped(sent)
    assert "is on the list now" in rekindle("suppressions", "add", "--email", " Ana@EXAMPLE.com ")
    assert stopped(sent)
    assert "was on the list already" in rekindle("suppressions", "add", "--email", ANA)
    assert "would be off the list" in rekindle("suppressions", "remove", "--email", ANA, "--dry-run")
    assert stopped(sent)
    assert counts(rekindle("suppressions", "remove", "--email", ANA, "--json")) == {"kind": "email", "removed": True}
    assert not stopped(sent)
    assert "was not on the list" in rekindle("suppressions", "remove", "--email", ANA)


def test_a_number_is_taken_however_it_is_written(rekindle: Rekindle, sent: World) -> None:
    assert "That phone is on the list now." in rekindle("suppressions", "add", "--phone", "00 44 7700 900123")
    assert "was on the list already" in rekindle("suppressions", "add", "--phone", "+44 7700-900123")


def test_the_list_says_why_and_since_when_and_never_whose_page_by_page(rekindle: Rekindle, sent: World) -> None:
    assert "Nobody has stopped" in rekindle("suppressions", "list")
    for number in range(5):
        rekindle("suppressions", "add", "--email", f"canary{number}@example.com")
    seen: list[dict[str, Any]] = []
    mark: tuple[str, ...] = ()
    for _ in range(3):
        page = rekindle("suppressions", "list", "--limit", "2", "--json", *mark)
        seen += [json.loads(line) for line in page.splitlines()]
        mark = ("--after", seen[-1]["mark"])
    assert rekindle("suppressions", "list", "--json", *mark) == ""
    assert len({line["id"] for line in seen}) == len(seen) == 5
    said = rekindle("suppressions", "list", "--limit", "3")
    assert "The operator put it on the list." in said
    assert "There are more: --after " in said
    assert "canary" not in said + json.dumps(seen)
    assert all(len(line["id"]) == 10 for line in seen)


WRONG = [
    (("suppressions", "add"), "Give one address"),
    (("suppressions", "add", "--email", ANA, "--phone", "+12025550123"), "Give one address"),
    (("suppressions", "add", "--email", "ana(at)example.com"), "has no @"),
    (("suppressions", "remove", "--phone", "12"), "Mend:"),
    (("suppressions", "list", "--after", "yesterday"), "is not a mark"),
    (("suppressions", "list", "--after", "99999999999999999999.ab"), "is not a mark"),
    (("bounces", "read"), "Missing argument"),
]


@pytest.mark.parametrize(("words", "says"), WRONG, ids=[" ".join(row[0]) for row in WRONG])
def test_wrong_use_is_explained_without_repeating_an_address(
    rekindle: Rekindle, words: tuple[str, ...], says: str
) -> None:
    said = rekindle(*words, code=2)
    assert says in said
    assert ANA not in said
    assert "Traceback" not in said


def test_mails_are_one_message_each_in_an_mbox(tmp_path: Path) -> None:
    from engine.transport.mailbox import mails

    box = mailbox.mbox(tmp_path / "box")
    for number in range(3):
        mail = Message()
        mail["Subject"] = str(number)
        mail.set_payload("From here\n")
        box.add(mail)
    box.close()
    assert [
        b"Subject: %d" % number in (mail.content or b"") for number, mail in enumerate(mails([tmp_path / "box"]))
    ] == [True] * 3
