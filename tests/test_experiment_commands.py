"""`rekindle experiment`: what it says of a campaign, before anybody is in it and after."""

import csv
from pathlib import Path

import pytest
from test_cli import Shell

TRIAL = """\
campaign: trial
title: Trial
weeks: 2
themes: {1-2: [affection, empathy]}
experiment: {couples: 40, strata: [size]}
steps:
  - step: talk
    days: [tuesday]
    template: prompt
    draw: {kind: conversation}
    variants: [{variant: full, weight: 2}, {variant: brief, template: exercise}]
  - step: try
    days: [thursday]
    template: exercise
    draw: {kind: exercise}
    randomize: {send: 0.6}
"""
PEOPLE = """couple,given_name,email,timezone,locale,channel,send_at
rivera,Ana,ana@example.com,UTC,en,email,12:00
rivera,Ben,ben@example.com,UTC,en,email,12:00
"""


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A workspace with a campaign in which chance decides twice."""
    made = Shell(tmp_path / "work", capsys, monkeypatch)
    made.run("init", str(made.folder))
    (made.folder / "campaigns").mkdir(exist_ok=True)
    (made.folder / "campaigns" / "trial.yaml").write_text(TRIAL, encoding="utf-8")
    return made


def enrolled(shell: Shell) -> Shell:
    (shell.folder / "people.csv").write_text(PEOPLE, encoding="utf-8")
    shell.run("couples", "import", str(shell.folder / "people.csv"), "--consent", "Yes.")
    shell.run("enroll", "trial", "--all", "--start", "2026-03-02")
    shell.run("tick", "--now", "2026-03-06T18:00:00Z")
    return shell


def test_what_chance_decides_is_listed_with_its_odds(shell: Shell) -> None:
    talk, tried = shell.json("experiment", "list", "trial")
    assert (talk["step"], talk["per"], talk["strata"], talk["couples"]) == ("talk", "couple", ["size"], 40)
    assert talk["arms"] == pytest.approx({"full": 2 / 3, "brief": 1 / 3})
    assert (tried["per"], tried["arms"]) == ("occurrence", pytest.approx({"not sent": 0.4, "sent": 0.6}))
    assert "full 67%, brief 33%" in shell.run("experiment", "list", "trial")


def test_a_campaign_in_which_chance_decides_nothing_says_so(shell: Shell) -> None:
    assert "Chance decides nothing" in shell.run("experiment", "list", "eight-weeks")
    assert "Give a step variants" in shell.run("experiment", "power", "eight-weeks", "--effect", "0.3", code=2)


def test_before_anybody_is_in_it_nothing_is_shown_or_exported(shell: Shell) -> None:
    assert "No couple has been given anything" in shell.run("experiment", "show", "trial")
    said = shell.run("experiment", "export", "trial", "--out", str(shell.folder / "t.csv"), code=2)
    assert "Nobody was ever enrolled" in said
    assert not (shell.folder / "t.csv").exists()


def test_of_a_single_couple_no_number_is_shown(shell: Shell) -> None:
    enrolled(shell)
    shown = shell.json("experiment", "show", "trial")
    assert {(each["step"], each["outcome"]) for each in shown} == {
        (step, outcome) for step in ("talk", "try") for outcome in ("answered", "opt-out")
    }
    for each in shown:
        assert each["couples"] is None or each["couples"] == 0
        assert all(arm["mean"] is None for arm in each["arms"])  # type: ignore[attr-defined]
    assert "Not enough couples to know" in shell.run("experiment", "show", "trial")


def test_a_couple_is_shown_with_its_arm_and_a_draw_with_its_odds(shell: Shell) -> None:
    (couple,) = enrolled(shell).json("couples", "show", "rivera")
    (enrollment,) = couple["enrollments"]  # type: ignore[misc]
    assert enrollment["arms"]["talk"] in ("full", "brief")
    assert any(each["why"].endswith("It goes with a chance of 60%.") for each in couple["draws"])  # type: ignore[attr-defined]


def test_the_export_is_written_with_its_dictionary(shell: Shell) -> None:
    file = enrolled(shell).folder / "trial.csv"
    (said,) = shell.json("experiment", "export", "trial", "--out", str(file))
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert said == {"rows": len(rows), "file": str(file), "dictionary": str(shell.folder / "trial.dictionary.csv")}
    assert {row["step"] for row in rows} == {"talk", "try"}
    assert "Pseudonyms hide who they are only" in shell.run("experiment", "export", "trial", "--out", str(file))
    assert "cannot be written" in shell.run("experiment", "export", "trial", "--out", str(file / "x"), code=2)


def test_power_takes_what_the_file_says_and_what_options_say_instead(shell: Shell) -> None:
    talk, tried = shell.json("experiment", "power", "trial", "--effect", "0.3")
    assert (talk["step"], talk["occasions"], talk["shares"]) == ("talk", 2, pytest.approx([2 / 3, 1 / 3]))
    assert int(str(talk["couples"])) > int(str(tried["couples"])) > 0
    (more, _) = shell.json("experiment", "power", "trial", "--effect", "0.3", "--occasions", "8")
    assert int(str(more["couples"])) < int(str(talk["couples"]))
    assert "couples must begin" in shell.run("experiment", "power", "--effect", "0.3")


@pytest.mark.parametrize(
    ("option", "value", "what"),
    [
        ("--effect", "0", "0 for effect"),
        ("--power", "1", "1 for power"),
        ("--alpha", "0", "0 for alpha"),
        ("--told", "2", "2 for told"),
        ("--share", "1", "0 for share"),
        ("--alike", "1", "1 for alike"),
        ("--available", "0", "0 for available"),
    ],
)
def test_what_no_experiment_can_have_is_refused_by_its_name(shell: Shell, option: str, value: str, what: str) -> None:
    said = shell.run("experiment", "power", "--effect", "0.3", option, value, code=2)
    assert f"No experiment can have {what}." in said
    assert "Mend:" in said
