"""Characters that must not be in a definition: controls, bidirectional marks, exotic line ends, tabs as indentation."""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

_CONTROLS = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_LINE_ENDS = "\u2028\u2029"  # some readers end a line here: line numbers would differ
_REFUSED = re.compile(f"[{_CONTROLS}{_BIDI}{_LINE_ENDS}\ufeff\ufffe\uffff]")
_INDENT_TAB = re.compile(r"^ *(\t)[ \t]*(?=[^ \t\r\n])", re.MULTILINE)


class Refused(NamedTuple):
    """`position` counts characters from the start of the text."""

    position: int
    what: str
    fix: str


def refused(text: str) -> Iterator[Refused]:
    """Every character of `text` that must go, in the order of the rules."""
    for match in _REFUSED.finditer(text):
        yield Refused(match.start(), f"the text holds {character_name(match[0])}", "take it out; type the line anew")
    for match in _INDENT_TAB.finditer(text):
        yield Refused(match.start(1), "a tab in the indentation", "indent with spaces")


def harmless(text: str) -> str:
    """`text` of the same length with what `refused` names turned into spaces, so that the rest can still be read."""
    text = _REFUSED.sub(" ", text)
    return _INDENT_TAB.sub(lambda match: match[0].replace("\t", " "), text)


def first_refused(value: str) -> str | None:
    """The name of the first character that a value must not hold (it came in by an escape); None when there is none."""
    match = _REFUSED.search(value)
    return character_name(match[0]) if match else None


def character_name(character: str) -> str:
    """`U+201C LEFT DOUBLE QUOTATION MARK`; a control character has a number only."""
    return f"U+{ord(character):04X} {unicodedata.name(character, 'control character')}"
