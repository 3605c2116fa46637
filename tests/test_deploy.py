"""What containers are told is what there is: commands, settings, services, and files that reach an image."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
import yaml

from engine.console.app import app
from engine.settings import NESTED, PREFIX, TABLES, Settings

ROOT = Path(__file__).parents[1]
COMPOSE = sorted((ROOT / "deploy").glob("compose*.yaml"))


def services(file: Path) -> dict[str, dict[str, object]]:
    """The services of a compose file that run Rekindle."""
    found = yaml.safe_load(file.read_text(encoding="utf-8"))["services"]
    return {name: service for name, service in found.items() if "build" in service}


def assert_command(words: list[str]) -> None:
    """The words call a command that exists, with options that it has."""
    command = typer.main.get_command(app)
    while words and hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    options = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options


@pytest.mark.parametrize("file", COMPOSE, ids=lambda file: file.name)
def test_services_call_commands_that_exist_with_settings_that_exist(file: Path) -> None:
    assert services(file)
    for service in services(file).values():
        assert_command(list(service.get("command", ["run"])))
        for name in service["environment"]:
            if name.startswith(PREFIX):
                table, _, inner = name.removeprefix(PREFIX).lower().partition(NESTED)
                assert inner in TABLES[table].model_fields if inner else table in Settings.model_fields


@pytest.mark.parametrize("file", COMPOSE, ids=lambda file: file.name)
def test_all_services_share_an_image_a_workspace_and_their_bounds(file: Path) -> None:
    for service in services(file).values():
        assert service["image"] == "rekindle"
        assert service["volumes"] == ["workspace:/workspace"]
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "ports" not in service  # only the proxy is reached from outside: its word on who calls is believed


def test_a_database_that_is_being_made_is_not_healthy() -> None:
    """The image's server answers on its socket while it makes the database, stops, and starts again for the network."""
    file = yaml.safe_load((ROOT / "deploy" / "compose.postgresql.yaml").read_text(encoding="utf-8"))
    check = file["services"]["database"]["healthcheck"]["test"]
    assert check[check.index("-h") + 1] == "127.0.0.1"


def told() -> Iterator[tuple[str, str]]:
    """The service, and the rest of the line, of each `docker compose run` and `exec` in docs/go-live.md."""
    text = (ROOT / "docs" / "go-live.md").read_text(encoding="utf-8")
    yield from re.findall(r"^docker compose (?:run --rm|exec)(?: -T| -e \S+)* ([a-z]+) (.*)$", text, re.MULTILINE)


def test_what_is_told_to_type_calls_commands_that_exist() -> None:
    names = {name for file in COMPOSE for name in services(file)}
    ours = [(name, words) for name, words in told() if name in names]
    assert len(ours) > 8
    for _, line in ours:
        if not line.startswith(("sh ", "cat ")):
            assert_command(line.removeprefix("rekindle ").partition("#")[0].partition(' "')[0].split())


def test_what_the_image_is_made_of_is_let_into_it_and_nothing_else_is() -> None:
    copied = {
        source
        for line in re.findall(r"^COPY (?!--from)(.*)$", (ROOT / "deploy" / "Dockerfile").read_text(), re.MULTILINE)
        for source in line.split()[:-1]
    }
    rules = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in rules
    assert {rule[1:] for rule in rules if rule.startswith("!")} == copied
    assert all((ROOT / source).exists() for source in copied)


def test_an_image_is_made_of_nothing_whose_hash_is_not_locked() -> None:
    """Each call of pip checks hashes; or it takes what is there already, and nothing that this needs."""
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    calls = re.findall(r"bin/pip (install|wheel) (.*?)(?: && | \\$|$)", dockerfile, re.MULTILINE)
    assert len(calls) == 4
    for what, options in calls:
        there = "--no-build-isolation" if what == "wheel" else "/dist/"
        assert "--require-hashes" in options or ("--no-deps" in options and there in options)


def test_images_and_checkouts_build_with_the_same_packages() -> None:
    build, ours = (
        {line.split()[0] for line in file.read_text(encoding="utf-8").splitlines() if "==" in line}
        for file in (ROOT / "deploy" / "build.lock", ROOT / "requirements.lock")
    )
    assert any(pin.startswith("hatchling==") for pin in build)
    assert build <= ours
