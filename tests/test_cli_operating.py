"""The operator's commands: pause and resume, what is paused, the audit, a password for the dashboard."""

import io
import json
import re
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from shell import Shell

from engine.settings import load


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    made = Shell(tmp_path / "work", capsys, monkeypatch)
    made.run("init")
    return made


def test_everything_is_paused_listed_and_resumed(shell: Shell) -> None:
    assert "Nothing is paused." in shell.run("paused")
    assert "Everything would be paused." in shell.run("pause", "--all", "--dry-run")
    assert "Nothing is paused." in shell.run("paused")
    assert "Everything is paused." in shell.run("pause", "--all")
    assert "Everything is paused already." in shell.run("pause", "--all")
    (held,) = [json.loads(line) for line in shell.run("paused", "--json").splitlines()]
    assert (held["kind"], held["name"], held["actor"]) == ("everything", "", "command line")
    assert "Everything would be resumed." in shell.run("resume", "--all", "--dry-run")
    assert "Everything is resumed." in shell.run("resume", "--all")
    assert "Everything is not paused." in shell.run("resume", "--all")


def test_resuming_one_thing_says_what_is_still_paused(shell: Shell) -> None:
    shell.run("pause", "--transport", "outbox")
    shell.run("pause", "--all")
    assert "Still paused: transport outbox." in shell.run("resume", "--all")


@pytest.mark.parametrize("words", [(), ("--all", "--campaign", "x"), ("--campaign", "x", "--transport", "y")], ids=str)
@pytest.mark.parametrize("command", ["pause", "resume"])
def test_exactly_one_thing_is_named(shell: Shell, command: str, words: tuple[str, ...]) -> None:
    assert "--all, --campaign CAMPAIGN and --transport NAME" in " ".join(shell.run(command, *words, code=2).split())


@pytest.mark.parametrize("words", [("--campaign", "nope"), ("--transport", "nope")], ids=str)
def test_what_there_is_not_is_named_with_what_there_is(shell: Shell, words: tuple[str, ...]) -> None:
    said = shell.run("pause", *words, code=2)
    assert "'nope'" in said
    assert "Those there are" in said


def test_the_audit_tells_what_was_done_the_newest_first_a_page_at_a_time(shell: Shell) -> None:
    assert "Nobody did anything yet." in shell.run("audit", "list")
    shell.run("pause", "--all")
    shell.run("resume", "--all")
    (newest, more) = shell.run("audit", "list", "--limit", "1", "--json"), shell.run("audit", "list", "--limit", "1")
    assert json.loads(newest)["act"] == "resume"
    assert "There are more: --before 2" in more
    assert json.loads(shell.run("audit", "list", "--before", "2", "--json"))["act"] == "pause"
    assert "Nobody did anything about 'couple 1'." in shell.run("audit", "list", "--about", "couple 1")


def test_a_password_is_read_from_a_pipe_and_its_hash_fits_the_settings(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("a few words nobody guesses\n"))
    said = shell.run("operator", "hash-password")
    assert re.fullmatch(r'\[operator\]\npassword_hash = "\$argon2id\$[^"]+"\n', said)
    assert "guesses" not in said
    file = shell.folder / "rekindle.toml"
    file.write_text(file.read_text(encoding="utf-8") + said, encoding="utf-8")
    assert load(shell.folder).operator.any()


def test_a_short_password_is_refused_and_not_repeated(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("hunter2\n"))
    said = shell.run("operator", "hash-password", code=2)
    assert "too short" in said
    assert "hunter2" not in said


def test_the_audit_is_checked_and_its_mark_given_back_later(shell: Shell) -> None:
    shell.run("pause", "--all")
    (early,) = shell.json("audit", "check")
    shell.run("resume", "--all")
    assert "Every act is as it was written (2 of them)." in shell.run("audit", "check", "--mark", early["mark"])
    assert "was altered" in shell.run("audit", "check", "--mark", "7:00", code=1)


def test_an_act_that_somebody_altered_in_the_file_is_named(shell: Shell) -> None:
    shell.run("pause", "--all")
    shell.run("resume", "--all")
    with closing(sqlite3.connect(shell.folder / "rekindle.sqlite3")) as file, file:
        file.execute("DROP TRIGGER audit_never_changed")
        file.execute("UPDATE audit SET actor = 'somebody else' WHERE id = 1")
    assert "act 1 is not as it was written" in shell.run("audit", "check", code=1)
    assert json.loads(shell.run("audit", "check", "--json", code=1))["act"] == 1
