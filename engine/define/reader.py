"""Reads a definition file: YAML 1.2 core schema on PyYAML's C parser, with the line and column of everything.

Refused, each with its place and the mend: duplicate keys, anchors and aliases, tags, directives, a second document,
empty values, unquoted words that readers disagree about (see `scalars`), tabs as indentation, control and
bidirectional characters. Every problem is reported, but for a syntax error, after which nothing more can be read, and
but for what comes after so many problems, or values, that it is no definition any more.
"""

import itertools
from collections.abc import Iterable, Iterator
from errno import EFBIG
from pathlib import Path as FilePath
from typing import Any

import yaml

from engine import files
from engine.define import scalars
from engine.define.characters import first_refused, harmless, refused
from engine.define.document import Document, Path, Place
from engine.define.findings import MOST_FINDINGS, Finding, brief, first_of

LARGEST_FILE = files.LARGEST
DEEPEST = 12  # nested mappings and lists; the formats need six
MOST_VALUES = 50_000  # keys and values; the longest shipped file has under 1,500

_Loader = getattr(yaml, "CLoader", yaml.Loader)

# libyaml's words for a syntax error, and what to do about it.
_MENDS = {
    "mapping values are not allowed": 'put text that holds ": " in quotes',
    "cannot start any token": "put text that starts with a special character in quotes",
    "could not find expected ':'": "end the line above with a value, or indent this one",
    "did not find expected key": "check the indentation and the quotes of the lines above",
    "did not find expected '-' indicator": "indent this line like the list item it belongs to",
    "did not find expected ',' or": "close the [ ] or { }, and put a comma between its items",
    "unexpected end of stream": "close the quote that was opened",
    "unexpected document indicator": "close the quote that was opened",
    "unknown escape character": "use 'single quotes' around text that holds a backslash",
}


class _Stop(Exception):
    pass


def read(file: FilePath) -> Document:
    """The document in `file`, its findings included; `data` is None when nothing could be read. OSError as usual."""
    name = str(file)
    try:
        raw = files.whole(file, LARGEST_FILE)
    except OSError as error:
        if error.errno != EFBIG:
            raise
        return _unreadable(name, Place(1, 1), f"the file is larger than {LARGEST_FILE:,} bytes", "split it")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        place = Place(before.count(b"\n") + 1, len(before) - (before.rfind(b"\n") + 1) + 1)
        return _unreadable(name, place, "the file is not UTF-8", "save it as UTF-8")
    return parse(text, name)


def parse(text: str, file: str = "<text>") -> Document:
    """Like `read`, for text that is already in hand."""
    some = itertools.islice(refused(text), MOST_FINDINGS + 1)  # each is looked for from the beginning of the text
    found = [Finding(file, *_place_of(text, item.position), item.what, item.fix) for item in some]
    building = _Building(file, harmless(text) if found else text, found)
    data = building.build()
    return Document(file, data, building.values, building.keys, tuple(first_of(building.findings)))


def _unreadable(file: str, place: Place, what: str, fix: str) -> Document:
    return Document(file, None, {}, {}, (Finding(file, *place, what, fix),))


def _place_of(text: str, index: int) -> Place:
    return Place(text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index))


class _Building:
    """Turns parser events into plain values, noting places and problems on the way."""

    def __init__(self, file: str, text: str, findings: list[Finding]) -> None:
        self.file, self.findings = file, findings
        self.values: dict[Path, Place] = {}
        self.keys: dict[Path, Place] = {}
        self._events: Iterator[Any] = iter(yaml.parse(text, Loader=_Loader))

    def build(self) -> object:
        already_found = bool(self.findings)
        try:
            return self._document()
        except yaml.YAMLError as error:
            # What was refused in the text may itself have broken the syntax; then its own finding says more.
            if not already_found:
                self._syntax(error)
        except _Stop:
            pass
        return None

    def _document(self) -> object:
        next(self._events)  # the stream starts
        event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            self._empty()
            return None
        if event.version or event.tags:
            self._note(_place(event), "directives (%) are not used here", "take the line out")
        data = self._node(next(self._events), ())
        if data is None:
            self._empty()
        next(self._events)  # the document ends
        event = next(self._events)
        if isinstance(event, yaml.DocumentStartEvent):
            self._note(_place(event), "a second document in one file", "give it a file of its own, and take out ---")
        return data

    def _empty(self) -> None:
        self._note(Place(1, 1), "the file is empty", "write a definition, or take the file away")

    def _node(self, event: Any, path: Path) -> object:
        self.values[path] = _place(event)
        if len(self.values) > MOST_VALUES:
            self._note(_place(event), f"more than {MOST_VALUES:,} keys and values", "split the file")
            raise _Stop
        if isinstance(event, yaml.AliasEvent):
            self._note(_place(event), f"*{event.anchor} copies another part of the file", "write the value out")
            return ""
        if event.anchor:
            self._note(_place(event), f"anchors (&{event.anchor}) are not used here", "take it out")
        if event.tag:
            self._note(_place(event), f"tags ({event.tag}) are not used here", "take it out")
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if len(path) >= DEEPEST:
            self._note(_place(event), f"nested more than {DEEPEST} deep", "flatten it")
            raise _Stop
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path)
        return [self._given(item, (*path, index)) for index, item in enumerate(self._until(yaml.SequenceEndEvent))]

    def _mapping(self, path: Path) -> dict[str | int, object]:
        mapping: dict[str | int, object] = {}
        for event in self._until(yaml.MappingEndEvent):
            place, key = _place(event), self._node(event, (*path, "\0key"))
            if not isinstance(key, str | int) or isinstance(key, bool):
                self._note(place, "a key must be a word or a whole number", "use a plain word as the key")
                key = f"\0{len(mapping)}"
            below = (*path, key)
            if key in mapping:
                first = self.keys[below]
                self._note(place, f"{key} appears twice", f"keep one of the two; the first is on line {first.line}")
                self._given(next(self._events), (*path, "\0again"))
                continue
            self.keys[below] = place
            mapping[key] = self._given(next(self._events), below)
        return {key: value for key, value in mapping.items() if not (isinstance(key, str) and key[:1] == "\0")}

    def _given(self, event: Any, path: Path) -> object:
        """The node's value; one that is empty is reported, and read as an empty text."""
        value = self._node(event, path)
        if value is not None:
            return value
        if path and isinstance(path[-1], str):
            self._note(self.keys.get(path, _place(event)), f"{path[-1]} has no value", "give it one, or take it out")
        else:
            self._note(_place(event), "an empty list item", "fill it in, or take it out")
        return ""

    def _scalar(self, event: Any) -> scalars.Scalar:
        value: str = event.value
        if event.implicit[0]:
            try:
                return scalars.resolve(value)
            except scalars.Trap as trap:
                self._note(_place(event), trap.what, trap.fix)
                return value
        if (name := first_refused(value)) is not None:
            self._note(_place(event), f"the text holds {name}", "take the escape out")
        return value

    def _until(self, end: type) -> Iterable[Any]:
        return itertools.takewhile(lambda event: not isinstance(event, end), self._events)

    def _syntax(self, error: yaml.YAMLError) -> None:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        fix = next((mend for words, mend in _MENDS.items() if words in problem), "check this line and the one above")
        self._note(Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1), f"not YAML: {problem}", fix)

    def _note(self, place: Place, what: str, fix: str) -> None:
        self.findings.append(Finding(self.file, *place, brief(what), brief(fix)))
        if len(self.findings) > MOST_FINDINGS:
            raise _Stop


def _place(event: Any) -> Place:
    return Place(event.start_mark.line + 1, event.start_mark.column + 1)
