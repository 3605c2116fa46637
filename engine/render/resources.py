"""Where help is, by country: `resources/COUNTRY.toml` in the template folders, the first of which wins.

An operator changes a country by a file of the same name in the workspace. A country without one, and somebody whose
country is not known, gets `default.toml`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from engine.files import toml_file
from engine.model.danger import Danger
from engine.render.spec_errors import RenderError

FOLDER = "resources"
DEFAULT = "default"
MOST = 2
"""Lines that are named: whoever reads this needs one to call, not a list."""


@dataclass(frozen=True, slots=True)
class Line:
    """Somebody to turn to: what it is called, and how it is reached (a number, or a short instruction)."""

    name: str
    reach: str


@dataclass(frozen=True, slots=True)
class Help:
    """What to tell somebody in one kind of danger. `emergency` is "" where the country's number is not known."""

    emergency: str
    lines: tuple[Line, ...]


class Resources:
    """The files in some folders. RenderError names a file that cannot be used, and what in it."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folder / FOLDER for folder in folders)
        self._read = lru_cache(maxsize=None)(self._file)

    def of(self, country: str | None, danger: Danger) -> Help:
        """Help in a country (ISO 3166, two letters) against a danger; never empty of both number and line."""
        table = (self._read(country) if country else None) or self._read(DEFAULT) or {}
        found = tuple(
            Line(each["name"], each["reach"]) for each in table.get("line", ()) if danger.value in each["for"]
        )
        anywhere = self._read(DEFAULT) or {}
        usual = tuple(Line(each["name"], each["reach"]) for each in anywhere.get("line", ()))
        return Help(table.get("emergency", ""), (found or usual)[:MOST])

    def countries(self) -> list[str]:
        """Those that have a file, in alphabetical order."""
        return sorted({file.stem for folder in self._folders for file in folder.glob("[A-Z][A-Z].toml")})

    def _file(self, name: str) -> dict[str, Any] | None:
        file = next((found for folder in self._folders if (found := folder / f"{name}.toml").is_file()), None)
        if file is None:
            return None
        try:
            table = toml_file(file)
        except (ValueError, OSError) as error:
            raise RenderError(f"{file.name} cannot be read: {error}", "Mend it.", template=str(file)) from None
        for problem in _wrong(table):
            raise RenderError(f"{file.name}: {problem}", "See docs/safety.md.", template=str(file))
        return table


def _lines(table: dict[str, Any], danger: Danger) -> tuple[Line, ...]:
    return tuple(Line(each["name"], each["reach"]) for each in table.get("line", ()) if danger.value in each["for"])


def _wrong(table: dict[str, Any]) -> list[str]:
    """What in a file's table is not as it must be."""
    wrong = [f"there is no key {key}" for key in table.keys() - {"emergency", "line"}]
    if not isinstance(table.get("emergency", ""), str):
        wrong.append("emergency is a number in quotes")
    kinds = {danger.value for danger in Danger}
    for place, line in enumerate(table.get("line", ()), start=1):
        if not all(isinstance(line.get(key), str) and line[key].strip() for key in ("name", "reach")):
            wrong.append(f"line {place} needs a name and how to reach it")
        given = line.get("for")
        if not isinstance(given, list) or not given or not kinds.issuperset(given):
            wrong.append(f"line {place} is for some of {', '.join(sorted(kinds))}")
    return wrong
