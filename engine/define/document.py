"""A file as read: plain values, and the line and column of each of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.define.findings import Finding, brief

Path = tuple[str | int, ...]
"""Where in a document: keys and list positions from the top, such as ("steps", 2, "at")."""


class Place(NamedTuple):
    """Counts from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Document:
    """`data` is dicts, lists, str, int, float and bool (never None below the top); places are by path."""

    file: str
    data: object
    values: Mapping[Path, Place]
    keys: Mapping[Path, Place]
    findings: tuple[Finding, ...] = field(default=())

    def finding(self, path: Path, what: str, fix: str, *, key: bool = False, note: bool = False) -> Finding:
        """A finding at the value at `path`, or at its key; where that does not exist, at what would hold it."""
        place = self._place(path, self.keys if key else self.values)
        return Finding(self.file, place.line, place.column, brief(what), brief(fix), note)

    def _place(self, path: Path, first: Mapping[Path, Place]) -> Place:
        if path in first:
            return first[path]
        while path and path not in self.values:
            path = path[:-1]
        if path and isinstance(path[-1], str):
            return self.keys[path]  # its value may start only on the next line
        return self.values.get(path, Place(1, 1))
