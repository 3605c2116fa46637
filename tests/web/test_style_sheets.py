"""What the style sheets of our pages may count on."""

import re

import pytest

from engine.shipped import shipped

TEMPLATES = shipped("templates")
SHEETS = {
    sheet.relative_to(TEMPLATES).as_posix(): css
    for sheet in sorted(TEMPLATES.rglob("*.css"))
    if "color-scheme: dark" in (css := sheet.read_text(encoding="utf-8"))
}
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


@pytest.mark.parametrize("name", SHEETS)
def test_the_dark_is_other_colours_and_nothing_more(name: str) -> None:
    """So whether everything else is right need be tried in the light alone (`flaws` in `browser.py`)."""
    dark = re.sub(r"/\*.*?\*/", "", in_the_dark(SHEETS[name]), flags=re.S)
    set_there = re.findall(r"([a-z0-9-]+)\s*:[^;{}]+[;}]", dark)
    assert set_there
    assert [each for each in set_there if not OF_COLOURS.fullmatch(each)] == []
