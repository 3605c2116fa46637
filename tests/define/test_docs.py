"""docs/campaigns.md and docs/adding-a-strategy.md: their files work, and every key is explained."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.define.campaign_file import WindowFile
from engine.define.library import load_library
from engine.define.load import load_campaign
from engine.define.strategy_file import FileModel
from engine.model.campaign import Audience
from engine.model.strategy import Cause, Caution, Mode
from engine.shipped import shipped

DOCS = Path(__file__).parents[2] / "docs"
PAGE = "".join((DOCS / f"{name}.md").read_text(encoding="utf-8") for name in ("campaigns", "adding-a-strategy"))
FILES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def models(base: type[FileModel]) -> Iterator[type[FileModel]]:
    """Every part that a file may have."""
    for model in base.__subclasses__():
        yield model
        yield from models(model)


@pytest.mark.parametrize("text", [text for text in FILES if re.search("^campaign:", text, re.MULTILINE)])
def test_each_campaign_on_the_page_loads(tmp_path: Path, text: str) -> None:
    """With the strategies that ship."""
    (tmp_path / "page.yaml").write_text(text, encoding="utf-8")
    assert load_campaign(tmp_path / "page.yaml", load_library([shipped("campaigns")])).steps


def test_the_strategy_on_the_page_and_its_translation_load(tmp_path: Path) -> None:
    """Side by side, as the page says."""
    strategy, translation = (text for text in FILES if re.search("^strategy:", text, re.MULTILINE))
    (tmp_path / "strategies" / "es").mkdir(parents=True)
    (tmp_path / "strategies" / "laughter.yaml").write_text(strategy, encoding="utf-8")
    (tmp_path / "strategies" / "es" / "laughter.yaml").write_text(translation, encoding="utf-8")
    activity = load_library([tmp_path]).activities["laughter-worst-joke"]
    assert activity.text("es-MX").title == "El peor chiste"


def test_every_key_and_word_of_the_format_is_on_the_page() -> None:
    """A key that is added has to be explained."""
    weekdays = set(WindowFile.model_fields) - {"daily"}
    keys = {name for model in models(FileModel) for name in model.model_fields}
    words = {str(word) for enum in (Audience, Caution, Cause, Mode) for word in enum}
    assert [key for key in sorted((keys | words) - weekdays) if not re.search(rf"\b{re.escape(key)}\b", PAGE)] == []
