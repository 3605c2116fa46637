"""Whether what somebody wrote speaks of danger: to themselves, to a partner, to a child, to anybody.

The phrases are data, a file a language in `safety/`; all languages are looked for in every text, for people switch.
Phrases match whole words, wherever they stand. A phrase that is innocent takes away every match that ends inside it:
"kill him with kindness" takes away "want to kill him", while the one in "I want to kill him" stands. When in doubt it
is a danger: somebody who is told needlessly where help is loses a minute, somebody who is not may lose everything.

This is a list of phrases: it understands nothing, and it misses things. docs/safety.md says how much.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence, Set
from functools import cache
from pathlib import Path

from engine.hear.finder import Finder
from engine.hear.phrases import plain_words
from engine.model.danger import URGENCY, Danger

FOLDER = Path(__file__).with_name("safety")


def screen(text: str) -> Danger | None:
    """The most urgent danger that `text` speaks of, or None.

    All of it is looked at, however long. Case, accents, punctuation, emoji, line breaks and the spellings of texting
    make no difference. It never fails, and takes time in proportion to the text.
    """
    words = plain_words(text).split()
    found = {danger for language in _languages() for danger in language.dangers(words)}
    return next((danger for danger in URGENCY if danger in found), None)


class Language:
    """What one file knows: how people spell, what is a danger, and what only sounds like one."""

    def __init__(self, file: Path) -> None:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
        self._spelling = {word: tuple(plain_words(meant).split()) for word, meant in table["spelling"].items()}
        self._spelling |= dict.fromkeys(table["fillers"], ())
        self._known: Set[str] = frozenset()
        phrases: list[tuple[str, Danger | None]] = [(phrase, None) for phrase in table["innocent"]]
        phrases += [(phrase, danger) for danger in Danger for phrase in table["danger"][danger.value]]
        self._finder = Finder(
            phrases,
            spell=lambda form: list(self._spelled(plain_words(form).split())),
            classes=table["classes"],
            closed=frozenset(table["negations"]),
        )
        self._known = self._finder.words | self._spelling.keys()

    def dangers(self, words: Sequence[str]) -> Set[Danger]:
        """Every danger that plain words speak of."""
        ends: dict[Danger, list[int]] = {}
        innocent: set[int] = set()
        for found in self._finder.find(self._spelled(words)):
            if found.label is None:
                innocent.update(range(found.start, found.end))
            else:
                ends.setdefault(found.label, []).append(found.end - 1)
        return {danger for danger, places in ends.items() if not innocent.issuperset(places)}

    def _spelled(self, words: Iterable[str]) -> Iterator[str]:
        """The words as phrases have them: written out, without fillers, and `hiiit` as `hit`."""
        for word in words:
            known = word if word in self._known else self._unstretched(word)
            yield from self._spelling.get(known, (known,))

    def _unstretched(self, word: str) -> str:
        if _STRETCHED.search(word):
            for letters in (r"\1\1", r"\1"):
                if (shorter := _STRETCHED.sub(letters, word)) in self._known:
                    return shorter
        return word


_STRETCHED = re.compile(r"(\w)\1{2,}")


@cache
def _languages() -> tuple[Language, ...]:
    return tuple(Language(file) for file in sorted(FOLDER.glob("*.toml")))
