"""What is wrong in a file, where, and how to mend it."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.errors import DefinitionError


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing to mend. `line` and `column` count from 1; a `note` is worth knowing but fails no check."""

    file: str
    line: int
    column: int
    what: str
    fix: str
    note: bool = False

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}  {self.what}  →  {self.fix}"


class FindingsError(DefinitionError):
    """Files that cannot be used as they stand: `findings` holds every problem found, sorted."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings: tuple[Finding, ...] = tuple(sorted(findings))
        super().__init__("\n".join(map(str, self.findings)), "mend each line above, then run `rekindle check`")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like `word`, or None when nothing is like it."""
    matches = difflib.get_close_matches(word.lower(), sorted(known), n=1, cutoff=0.6)
    return matches[0] if matches else None


def suggest(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """How to mend an unknown word: the nearest right one, else `otherwise`, else all the right ones."""
    choices = sorted(known)
    if match := nearest(word, choices):
        return f"did you mean {match}?"
    return otherwise or f"use {one_of(choices)}"


def one_of(words: Sequence[str]) -> str:
    """`a`, `a or b`, `a, b or c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} or {words[-1]}"
