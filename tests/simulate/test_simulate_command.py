"""`rekindle simulate`: the plan in 80 columns and without colour, as a page, and for a program; and wrong use."""

import json
from pathlib import Path

import pytest
from shell import Shell

CAMPAIGN = """campaign: small
title: Small
weeks: 2
themes:
  1-2: {strategies: meaningful-conversation, depth: 1}
steps:
  - {step: talk, days: [tuesday], at: "19:30", template: prompt, draw: {kind: conversation}}
  - {step: pulse, days: [sunday], template: pulse}
"""
FAULTS = '[[outage]]\nkind = "silent"\nfrom = "sunday 00:00"\nuntil = "monday 23:00"\nweek = 1\n'


class Place:
    """A folder with a small campaign, and a way to simulate it in this process."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.shell = Shell(folder, capsys, monkeypatch)
        self.write("small.yaml", CAMPAIGN)

    def write(self, name: str, text: str) -> Path:
        file = self.folder / name
        file.write_text(text, encoding="utf-8")
        return file

    def simulate(self, *words: str, code: int = 0) -> str:
        """What the command said, on standard output; it must end with `code`, and then also what it complained of."""
        start = ("simulate", str(self.folder / "small.yaml"), "--start", "2026-03-02", "--couples", "3")
        out, err = self.shell.said(*start, *words, code=code)
        return out if code == 0 else err


@pytest.fixture
def place(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Place:
    return Place(tmp_path, capsys, monkeypatch)


def test_the_heat_maps_are_read_in_eighty_columns_and_without_colour(place: Place) -> None:
    said = place.simulate().splitlines()
    assert not any("\x1b" in line for line in said)
    shaded = [line for line in said if {"░", "▒", "▓", "█"} & set(line) and " · " in line]
    assert len(shaded) > 8
    assert max(map(len, shaded)) <= 80
    assert any(line.startswith("Busiest hour: ") for line in said)


def test_the_terminal_says_why_what_is_dear_and_what_the_clocks_do(place: Place) -> None:
    place.write("rekindle.toml", "[prices]\nsms = 0.01\n")
    people = "couple,given_name,email,timezone,channel,send_at\nx,Ana,a@example.com,America/New_York,email,09:00\n"
    said = place.simulate("--couples", str(place.write("people.csv", people)))
    for words in (
        " USD ",
        "The longest silences",
        "The densest weeks",
        "Strategies",
        "What the gates did",
        "2026-03-08: America/New_York",
        "Because of them, nobody",
    ):
        assert words in said


def test_plan_json_is_one_object_with_all_that_was_asked(place: Place) -> None:
    faults = place.write("faults.toml", FAULTS)
    later = place.write("later.yaml", CAMPAIGN.replace("tuesday", "thursday"))
    (line,) = place.simulate("--plan-json", "--faults", str(faults), "--against", str(later)).splitlines()
    found = json.loads(line)
    assert set(found) == {"run", "faults", "against"}
    assert found["faults"]["in_doubt"] > 0
    assert found["against"]["couples_changed"] == 3
    assert found["run"]["cost"]["currency"] is None


def test_the_page_is_written_beside_what_is_printed(place: Place) -> None:
    place.simulate("--out", str(place.folder / "plan.html"))
    assert "<h1>Small: the plan</h1>" in (place.folder / "plan.html").read_text(encoding="utf-8")


def test_a_stored_version_is_found_by_the_beginning_of_its_digest(place: Place) -> None:
    from engine.app import build
    from engine.settings import load

    rekindle = place.shell.run
    rekindle("init")
    place.write("c.csv", "couple,given_name,email,timezone,channel,send_at\nx,Ana,a@example.com,UTC,email,09:00\n")
    rekindle("couples", "import", str(place.folder / "c.csv"), "--consent", "Yes")
    rekindle("enroll", str(place.folder / "small.yaml"), "--all", "--start", "2026-03-02")
    digest = build(load(place.folder)).campaign(str(place.folder / "small.yaml")).digest
    place.write("small.yaml", CAMPAIGN.replace("tuesday", "thursday"))
    found = json.loads(place.simulate("--plan-json", "--against", digest[:8]).splitlines()[-1])
    assert found["against"]["digests"][0] == digest
    assert found["against"]["couples_changed"] == 3


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--json", "--plan-json"), "--plan-json"),
        (("--json", "--out", "x.html"), "--json prints deliveries"),
        (("--faults", "none.toml"), "none.toml cannot be read: No such file"),
        (("--against", "none.yaml"), "none.yaml"),
        (("--processes", "0"), "--processes"),
        (("--couples", "none.csv"), "none.csv"),
        (("--out", "nowhere/plan.html"), "nowhere/plan.html cannot be written"),
    ],
)
def test_wrong_use_is_explained(place: Place, words: tuple[str, ...], says: str) -> None:
    assert says in " ".join(place.simulate(*words, code=2).split())
