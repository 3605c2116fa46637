"""What was set aside, on the command line: told with why, looked over by the doctor, taken up again by a command."""

import sqlite3
from pathlib import Path

import pytest
from shell import Shell
from test_cli import PEOPLE

NOW = "2026-03-02T08:00:00Z"


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A workspace with one couple, enrolled."""
    made = Shell(tmp_path / "work", capsys, monkeypatch)
    made.run("init")
    (tmp_path / "people.csv").write_text(PEOPLE, encoding="utf-8")
    made.run("couples", "import", str(tmp_path / "people.csv"), "--consent", "Yes to all of it")
    made.run("enroll", "eight-weeks", "--all", "--start", "2026-03-02")
    return made


def swap(shell: Shell, body: str) -> str:
    """Store another text as the campaign; the one that was there."""
    with sqlite3.connect(shell.folder / "rekindle.sqlite3") as connection:
        ((was,),) = connection.execute("SELECT body FROM definitions WHERE campaign = 'eight-weeks'").fetchall()
        connection.execute("UPDATE definitions SET body = ? WHERE campaign = 'eight-weeks'", [body])
    connection.close()
    return str(was)


def test_a_broken_campaign_is_told_by_tick_list_and_doctor_and_taken_up_again_when_it_is_mended(shell: Shell) -> None:
    assert "Nothing is set aside." in shell.run("aside", "list")
    whole = swap(shell, "[]")
    said, err = shell.said("tick", "--now", NOW)
    assert "Planned 0" in said
    assert "Traceback" not in err
    (aside,) = shell.json("aside", "list")
    assert (aside["what"], aside["of"], aside["number"]) == ("steps due", "eight-weeks", 1)
    assert "cannot be read" in str(aside["why"])
    assert "1 due steps of eight-weeks cannot be planned" in " ".join(shell.run("doctor", "--offline", code=1).split())
    assert "Still set aside: 1" in shell.run("aside", "retry", code=1)
    swap(shell, whole)
    assert "would be taken up: 1" in shell.run("aside", "retry", "--dry-run")
    assert "Steps due taken up: 1" in shell.run("aside", "retry")
    assert "Nothing is set aside." in shell.run("aside", "list")
    assert "Planned 1, sent 1" in shell.run("tick", "--now", NOW)
    assert "retry aside" in shell.run("audit", "list")
