"""`rekindle diff`, `campaigns`, `snapshot` and the dry runs: what they say, and what they say when used wrongly."""

import pytest
from test_cli import Shell, bare, shell  # noqa: F401 - the fixtures
from world import at

from engine import app
from engine.clock import VirtualClock

FILE = """\
campaign: little
title: A little
weeks: 3
themes: {1-3: affection}
steps:
  - {step: welcome, days: [start], weeks: 1, at: "09:00", template: welcome}
  - {step: talk, days: [tuesday], template: prompt, draw: {kind: conversation}}
"""


@pytest.fixture
def begun(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:  # noqa: F811
    """One couple in the middle of `little`, on 4 March 2026, whose talk has moved to Friday since."""
    file = shell.folder / "campaigns" / "little.yaml"
    file.write_text(FILE, encoding="utf-8")
    clock = VirtualClock(at("2026-03-01T09:00"))
    monkeypatch.setattr(app, "SystemClock", lambda: clock)
    shell.run("enroll", "little", "--all", "--start", "2026-03-02")
    clock.move_to(at("2026-03-02T09:00"))
    shell.run("tick")
    clock.move_to(at("2026-03-04T12:00"))
    file.write_text(FILE.replace("tuesday", "friday"), encoding="utf-8")
    return shell


def test_diff_says_what_changed_and_what_it_means_for_whom(begun: Shell) -> None:
    said = begun.run("diff", "little")
    assert "~ step talk" in said
    assert "days: tuesday → friday" in said
    assert "1 couple, 2 partners under way" in said
    (told,) = begun.json("diff", "little")
    assert told["couples"] == 1
    assert told["messages"]["changed"] + told["messages"]["same"] == told["messages"]["to_come"]  # type: ignore[index]
    assert [change["headline"] for change in told["changes"]] == ["~ step talk"]  # type: ignore[attr-defined]
    assert begun.json("diff", "little", "--from", str(told["from"])[:6]) == [told]


def test_diff_of_a_campaign_that_nobody_is_in_says_so(begun: Shell) -> None:
    assert "Nobody is in eight-weeks yet" in begun.run("diff", "eight-weeks")
    assert begun.json("diff", "eight-weeks") == []


def test_a_digest_that_no_version_begins_with_is_told_with_the_mend(begun: Shell) -> None:
    said = begun.run("diff", "little", "--from", "zzz", code=2)
    assert "begins with 'zzz'" in said
    assert "rekindle campaigns list" in said
    assert "begin" in begun.run("campaigns", "upgrade", "little", "--from", "zzz", "--all", code=2)


def test_a_campaign_is_listed_with_its_versions_and_whether_the_file_is_newer(begun: Shell) -> None:
    listed = {(each["campaign"], each["file"]): each for each in begun.json("campaigns", "list")}
    assert listed["little", "the file is another version"]["active"] == 1
    assert ("little", "the file, nobody in it") in listed
    assert ("eight-weeks", "the file, nobody in it") in listed
    said = begun.run("campaigns", "show", "little")
    assert "friday" in said
    assert "Versions" in said


def test_couples_are_moved_on_this_command_only_and_once(begun: Shell) -> None:
    (dry,) = begun.json("campaigns", "upgrade", "little", "--all", "--dry-run")
    assert dry["dry_run"] is True
    (done,) = begun.json("campaigns", "upgrade", "little", "--couple", "rivera")
    assert (done["couples"], done["messages"]) == (dry["couples"], dry["messages"])
    assert begun.json("campaigns", "upgrade", "little", "--all") == []
    assert "Nobody to move" in begun.run("campaigns", "upgrade", "little", "--all")
    assert "couple 1 " in begun.run("audit", "list")  # by id: a couple's name may be made of theirs
    fridays = {str(each["local_time"])[:10] for each in begun.json("schedule") if each["step"] == "talk"}
    assert "2026-03-13" in fridays


@pytest.mark.parametrize("words", [(), ("--all", "--couple", "rivera")])
def test_moving_asks_whom(begun: Shell, words: tuple[str, ...]) -> None:
    assert "Say whom" in begun.run("campaigns", "upgrade", "little", *words, code=2)


def test_moving_into_a_campaign_that_nobody_is_in_is_refused(begun: Shell) -> None:
    assert "no version to move from" in begun.run("campaigns", "upgrade", "eight-weeks", "--all", code=2)


def test_a_snapshot_is_checked_with_the_campaigns(begun: Shell) -> None:
    assert "there is no snapshot" in begun.run("check", "--snapshot", code=1)
    assert "written" in begun.run("snapshot", "little")
    assert "No problems" in begun.run("check", "--snapshot")
    file = begun.folder / "campaigns" / "little.yaml"
    file.write_text(FILE, encoding="utf-8")
    said = begun.run("check", "--snapshot", code=1)
    assert "snapshots/little/weeks.txt" in said
    assert "rekindle snapshot little" in said


def test_a_dry_enrolling_says_what_would_go_and_who_is_left_and_why(begun: Shell) -> None:
    said = begun.run("enroll", "twenty-one-days", "--all", "--start", "2026-04-06", "--dry-run")
    assert "1 couple would be enrolled" in said
    assert "The first: 2026-04-06" in said
    assert "in Europe/Madrid" in said or "in America/New_York" in said
    (left,) = begun.json("enroll", "little", "--all", "--start", "2026-04-06", "--dry-run")
    assert left["left"] == {"in it already": {"couples": 1, "examples": ["rivera"]}}
    assert left["enrolled"] == 0


def test_the_schedule_is_summed_up(begun: Shell) -> None:
    (said,) = begun.json("schedule", "--summary")
    assert said["couples"] == 1
    assert said == begun.json("schedule", "--dry-run")[0]
    assert "messages are to go" in begun.run("schedule", "--summary")
    assert "leave out --cost" in begun.run("schedule", "--summary", "--cost", code=2)
