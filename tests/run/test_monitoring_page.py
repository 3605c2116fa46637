"""docs/monitoring.md names every action, metric, kind of incident and check that there is."""

import asyncio
import re
from pathlib import Path

import httpx
import pytest
from world import World

from engine.model.action import Action
from engine.model.incident import IncidentKind
from engine.web.app import create_metrics_app

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("word", [*Action, *IncidentKind])
def test_every_action_and_kind_of_incident_is_on_the_page(word: str) -> None:
    assert f"`{word}`" in PAGE


def test_every_metric_is_on_the_page_and_no_other() -> None:
    world = World()

    async def read() -> str:
        wire = httpx.ASGITransport(app=create_metrics_app(world.engine))
        async with httpx.AsyncClient(transport=wire, base_url="https://x.example") as client:
            return (await client.get("/metrics")).text

    there = set(re.findall(r"^# TYPE (rekindle_\w+)", asyncio.run(read()), re.MULTILINE))
    assert set(re.findall(r"`(rekindle_\w+)`", PAGE)) == there


def test_every_check_of_the_doctor_is_on_the_page() -> None:
    rooms = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "engine" / "doctor").glob("*.py"))
    named = set(re.findall(r'(?:problem|warning|fine|say|_silent)\(\s*"([a-z_ ]+)"', rooms)) | {"public_url", "clock"}
    assert {name for name in named if f"`{name}`" not in PAGE} == set()
