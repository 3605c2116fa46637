"""What stands in an answer for the pictures and files that came with a text.

They stay with whoever carried them: fetching them would be keeping what may be the most private thing of all.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from engine.model.locale import closest
from engine.model.strategy import DEFAULT_LOCALE

FILE = Path(__file__).with_name("pictures.toml")


def with_pictures(text: str, count: int, locale: str) -> str:
    """A text as it is kept in an answer: its words as they came, and a line for what came with it."""
    if not count:
        return text
    forms = closest(_forms(), locale) or _forms()[DEFAULT_LOCALE]
    line = forms["one"] if count == 1 else forms["many"].format(count=count)
    return f"{text}\n{line}" if text.strip() else line


@cache
def _forms() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))
