"""JSON Schemas of the definition files, generated from the file models so that editors complete and check them."""

import json
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Any

from engine.define.campaign_file import CampaignFile
from engine.define.strategy_file import FileModel, StrategyFile, TranslationFile

MODELS: Mapping[str, type[FileModel]] = {
    "campaign": CampaignFile,
    "strategy": StrategyFile,
    "translation": TranslationFile,
}
FOLDER = FilePath(__file__).with_name("schema")
"""Where the generated schemas are kept, one `<name>.json` each; files refer to them in their first line."""


def schema(name: str) -> str:
    """The schema called `name` (campaign, strategy or translation) as indented JSON; KeyError for another name."""
    generated = MODELS[name].model_json_schema()
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.dumps(head | _tidy(generated), indent=2, ensure_ascii=False) + "\n"


def write(folder: FilePath = FOLDER) -> None:
    """Write every schema anew, after a file model has changed."""
    for name in MODELS:
        (folder / f"{name}.json").write_text(schema(name), encoding="utf-8")


def _tidy(node: Any) -> Any:
    """Without generated titles and defaults, and without null: a file leaves a key out instead."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {
        key: {name: _tidy(item) for name, item in value.items()} if key in ("properties", "$defs") else _tidy(value)
        for key, value in node.items()
        if key not in ("title", "default")
    }
    arms = [arm for arm in kept.get("anyOf", []) if arm != {"type": "null"}]
    if len(arms) == 1:
        del kept["anyOf"]
        return arms[0] | kept
    return kept | ({"anyOf": arms} if arms else {})
