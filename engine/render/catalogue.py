"""A file of words, web/words.toml: one table a page, a text a key, and where each of them stands.

[unsubscribe]
title = "Stop {what}"        the text of unsubscribe.title; {what} is filled in by the page
left.one = "One left"        two keys make a plural: unsubscribe.left.one and unsubscribe.left.many
left.many = "{count} left"
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.files import NotToml, toml, toml_text
from engine.render.spec_errors import RenderError

FILE = "words.toml"
ONE, MANY = ".one", ".many"

PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_TOML_PLACE = re.compile(r"\(at line (\d+)")
_TABLE = re.compile(r"\s*\[([\w.\- ]+)\]")
_KEY = re.compile(r"\s*([\w\-]+(?:\s*\.\s*[\w\-]+)*)\s*=\s*(.*)")
_LONG = ('"""', "'''")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The texts of one file by their whole key, such as `unsubscribe.title`."""

    file: Path
    texts: Mapping[str, str] = field(default_factory=dict)

    def lines(self) -> Mapping[str, int]:
        """The line of each key, from 1."""
        return dict(_lines(toml_text(self.file)))


def read(file: Path, name: str) -> Catalogue:
    """The catalogue in `file`, which errors call `name`; RenderError, with the line if known, when it is not one."""
    try:
        source = toml_text(file)
        return Catalogue(file, dict(_flat(toml(source), "", name)))
    except OSError as error:
        raise RenderError(f"the file cannot be read: {error.strerror}", "Check the file.", template=name) from None
    except UnicodeDecodeError:
        raise RenderError("the file is not UTF-8 text", "Save it as UTF-8.", template=name) from None
    except NotToml as error:
        place = _TOML_PLACE.search(str(error))
        line = int(place[1]) if place else source.count("\n") + 1  # else it is at the end, the message says
        what = f"the file is not TOML: {str(error).partition(' (at')[0].lower()}"
        raise RenderError(what, "A text is in quotes; see toml.io.", template=name, line=line) from None


def _flat(table: Mapping[str, Any], prefix: str, name: str) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, str):
            yield prefix + key, value
        elif isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.", name)
        else:
            raise RenderError(f"{prefix}{key} is no text", "Put it in quotes.", template=name)


def _lines(source: str) -> Iterator[tuple[str, int]]:
    """Python's reader of TOML tells no places; keys are found again by their form, long texts left out."""
    table, closing = "", ""
    for number, line in enumerate(source.splitlines(), 1):
        if closing:
            closing = "" if closing in line else closing
        elif found := _TABLE.match(line):
            table = found[1].replace(" ", "") + "."
        elif found := _KEY.match(line):
            yield table + found[1].replace(" ", ""), number
            opening = next((sign for sign in _LONG if found[2].startswith(sign)), "")
            closing = opening if opening and opening not in found[2][3:] else ""
