"""What the style sheets of our pages may count on."""

import re
from pathlib import Path

import pytest

from engine.shipped import shipped

SHEETS = [sheet for sheet in sorted(shipped("templates").rglob("*.css")) if "color-scheme: dark" in sheet.read_text()]
OF_COLOURS = re.compile(r"--[a-z0-9-]+|background|fill|stroke")


def in_the_dark(css: str) -> str:
    """All that counts only where dark is preferred."""
    found = []
    for begin in re.finditer(r"@media [^{]*prefers-color-scheme: dark\) \{", css):
        depth, end = 1, begin.end()
        while depth:
            depth += {"{": 1, "}": -1}.get(css[end], 0)
            end += 1
        found.append(css[begin.end() : end - 1])
    return "".join(found)


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.stem)
def test_the_dark_is_other_colours_and_nothing_more(sheet: Path) -> None:
    """So whether everything else is right need be tried in the light alone (`flaws` in `browser.py`)."""
    dark = re.sub(r"/\*.*?\*/", "", in_the_dark(sheet.read_text(encoding="utf-8")), flags=re.S)
    set_there = re.findall(r"([a-z0-9-]+)\s*:[^;{}]+[;}]", dark)
    assert set_there
    assert [each for each in set_there if not OF_COLOURS.fullmatch(each)] == []
