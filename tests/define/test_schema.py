"""The JSON Schemas that editors use: generated, current, and named by every shipped file."""

import json
from pathlib import Path

import pytest

from engine.define.campaign_file import CampaignFile
from engine.define.schema import FOLDER, MODELS, schema
from engine.shipped import shipped

CAMPAIGNS = shipped("campaigns")
PREFIX = "# yaml-language-server: $schema="


@pytest.mark.parametrize("name", MODELS)
def test_the_committed_schema_is_current(name: str) -> None:
    """When this fails: python -c 'from engine.define.schema import write; write()'."""
    assert (FOLDER / f"{name}.json").read_text(encoding="utf-8") == schema(name)


@pytest.mark.parametrize("file", sorted(CAMPAIGNS.rglob("*.yaml")), ids=lambda file: file.stem)
def test_every_shipped_file_names_its_schema_on_its_first_line(file: Path) -> None:
    """The path is relative, so that editors find it in a checkout."""
    first = file.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith(PREFIX)
    expected = (
        "campaign" if file.parent == CAMPAIGNS else "strategy" if file.parent.parent == CAMPAIGNS else "translation"
    )
    assert (file.parent / first.removeprefix(PREFIX)).resolve() == (FOLDER / f"{expected}.json").resolve()


def test_every_key_is_described_and_no_other_is_allowed() -> None:
    """An editor can explain each key, and underlines one that is misspelt."""
    for name in MODELS:
        document = json.loads(schema(name))
        for model in [document, *document["$defs"].values()]:
            if "properties" in model:
                assert model["additionalProperties"] is False
                assert all("description" in field for field in model["properties"].values())


def test_the_schema_asks_for_what_the_loader_asks_for() -> None:
    """The required keys are the same."""
    required = [name for name, field in CampaignFile.model_fields.items() if field.is_required()]
    assert json.loads(schema("campaign"))["required"] == required
