"""What is wrong in a file, where, and how to mend it."""

import difflib
import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.errors import DefinitionError

MOST_FINDINGS = 100
"""Of one file at a time: whoever has more to mend begins with these."""
LONGEST = 300
"""Characters of what is said of one: it may repeat a value, and that may be the whole file."""


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


def first_of(findings: Sequence[Finding]) -> list[Finding]:
    """The first MOST_FINDINGS of a file's findings, in their order; that there are more is the last then."""
    if len(findings) <= MOST_FINDINGS:
        return sorted(findings)
    first = heapq.nsmallest(MOST_FINDINGS, findings)
    last = first[-1]
    more = Finding(last.file, last.line, last.column, f"more than {MOST_FINDINGS} problems", "mend those before first")
    return [*first, more]


def brief(what: str) -> str:
    """What is said, as far as there is room for it."""
    return what if len(what) <= LONGEST else what[: LONGEST - 1] + "…"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like `word`, or None when nothing is like it."""
    matches = difflib.get_close_matches(word[:LONGEST].lower(), sorted(known), n=1, cutoff=0.6)
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
