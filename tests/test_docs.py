"""What the documentation shows is true: its campaign runs, its commands exist, its links lead somewhere."""

import re
from datetime import date
from pathlib import Path

import pytest
import typer

from engine.app import campaign_folders
from engine.console.app import app
from engine.define.load import load_campaign, load_library
from engine.settings import load
from engine.shipped import shipped
from engine.simulate.simulation import Simulation, read_faults

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a language on a page."""
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def commands() -> dict[str, object]:
    """Every command of the command line, by its words."""
    root = typer.main.get_command(app)
    found = {}
    for name, command in root.commands.items():  # type: ignore[attr-defined]
        found[name] = command
        for inner, sub in getattr(command, "commands", {}).items():
            found[f"{name} {inner}"] = sub
    return found


def test_the_first_campaign_of_the_readme_is_fifteen_lines_that_run(tmp_path: Path) -> None:
    (text,) = blocks(ROOT / "README.md", "yaml")
    file = tmp_path / "ten-minutes.yaml"
    file.write_text(text, encoding="utf-8")
    campaign = load_campaign(file, load_library([shipped("campaigns")]))
    simulation = Simulation(load(tmp_path), "0", date(2026, 3, 2))
    simulation.make_up(3)
    simulation.run(campaign)
    lines = list(simulation.lines())
    assert {line.step for line in lines} == {"talk", "pulse"}
    assert {line.local_time[11:16] for line in lines if line.step == "talk"} == {"19:30"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_page_shows_exists(page: Path) -> None:
    known = commands()
    for block in blocks(page, "console"):
        for line in re.findall(r"^\$ rekindle (.*)$", block, re.MULTILINE):
            words = re.sub(r"^(-C|--workspace) \S+ ", "", line).split()
            assert " ".join(words[:2]) in known or words[0] in known, line
            command = known.get(" ".join(words[:2]), known.get(words[0]))
            options = {option for parameter in command.params for option in parameter.opts}  # type: ignore[attr-defined]
            assert {word for word in words if word.startswith("--")} <= options, line


def test_the_faults_that_are_documented_are_the_faults_there_are(tmp_path: Path) -> None:
    (text,) = blocks(ROOT / "docs" / "simulate.md", "toml")
    file = tmp_path / "faults.toml"
    file.write_text(text, encoding="utf-8")
    faults = read_faults(file)
    assert faults.seed == "7"
    assert all(share > 0 for share in faults.rates.shares)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text) + re.findall(r'<img src="([^"]+)"', text):
        assert (page.parent / target).exists(), target


def test_shipped_folders_are_where_the_settings_look(tmp_path: Path) -> None:
    assert campaign_folders(load(tmp_path)) == [shipped("campaigns").resolve()]
