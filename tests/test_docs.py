"""What the documentation shows is true: its campaign runs, its commands exist, its links lead somewhere."""

import importlib.util
import re
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
import typer
from pydantic import BaseModel

from engine.console.app import app
from engine.define.load import load_campaign, load_library
from engine.errors import SettingsError
from engine.parts import campaign_folders
from engine.settings import TABLES, Settings, load
from engine.shipped import shipped
from engine.simulate.faults import read_faults
from engine.simulate.simulation import Simulation
from engine.transport.registry import available
from engine.transport.setup import Setup

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


TRANSPORTS = (ROOT / "docs" / "transports.md").read_text(encoding="utf-8")


def options() -> dict[str, set[str]]:
    """The options that each shipped transport's `configure` accepts."""
    accepted: dict[str, set[str]] = {}
    for name, point in available().items():

        class Asked(Setup):
            """Notes what is known and goes no further."""

            def refuse_unknown(self, *known: str) -> None:
                accepted[name] = set(known)  # noqa: B023 - called before the next turn
                raise SettingsError("asked")

        with suppress(SettingsError):
            point.load().configure(Asked(name))
    return accepted


@pytest.mark.parametrize(("transport", "accepted"), sorted(options().items()))
def test_every_option_of_a_transport_is_on_its_page(transport: str, accepted: set[str]) -> None:
    page = TRANSPORTS + (ROOT / "docs" / "simulate.md").read_text(encoding="utf-8") * (transport == "chaos")
    assert {option for option in accepted if not re.search(rf"`{option}`|^{option} = ", page, re.MULTILINE)} == set()


@pytest.mark.parametrize("transport", ["smtp", "sendgrid", "twilio"])
def test_every_option_in_a_transports_table_is_one_that_it_accepts(transport: str) -> None:
    section = re.search(rf"### {transport}\n(.*?)\n##", TRANSPORTS, re.DOTALL)
    assert section is not None
    shown = {
        word for row in re.findall(r"^\| (`[^|]*) \|", section[1], re.MULTILINE) for word in re.findall(r"`(\w+)`", row)
    }
    assert shown
    assert shown <= options()[transport]


@pytest.mark.parametrize("model", [Settings, *TABLES.values()], ids=lambda model: model.__name__)
def test_every_setting_is_on_some_page(model: type[BaseModel]) -> None:
    said = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    found = {
        name for name in model.model_fields if re.search(rf"(?:^|[`\[{{, ]){name}(?:`| *=|[.\]])", said, re.MULTILINE)
    }
    assert set(model.model_fields) - found - {"workspace"} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text) + re.findall(r'<img src="([^"]+)"', text):
        assert (page.parent / target).exists(), target


def test_shipped_folders_are_where_the_settings_look(tmp_path: Path) -> None:
    assert campaign_folders(load(tmp_path)) == [shipped("campaigns").resolve()]


@pytest.mark.parametrize("page", ["cli", "settings"])
def test_the_pages_that_are_made_of_the_code_are_as_the_code_is(page: str) -> None:
    """`make docs` makes them."""
    spec = importlib.util.spec_from_file_location("reference", ROOT / "docs" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    reference = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reference)
    made = getattr(reference, page)().rstrip("\n") + "\n"
    assert (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8") == made


@pytest.mark.parametrize("file", sorted((ROOT / "deploy").iterdir()), ids=lambda file: file.name)
def test_what_is_deployed_calls_commands_that_exist(file: Path) -> None:
    called = re.findall(r"bin/rekindle (?:-C \S+ )?([a-z]+(?: backup)?)", file.read_text(encoding="utf-8"))
    assert set(called) <= set(commands())
