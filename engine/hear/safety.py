"""Whether what somebody wrote speaks of danger: to themselves, to a partner, to a child, to anybody.

The phrases are data, a file a language in `safety/`; all languages are looked for in every text, for people switch.
Phrases match whole words, wherever they stand. A phrase that is innocent takes away every match that ends inside it:
"kill him with kindness" takes away "want to kill him", while the one in "I want to kill him" stands. Where no phrase is
found, the text is weighed (likeness.py). When in doubt it is a danger: somebody who is told needlessly where help is
loses a minute, somebody who is not may lose everything.

All this understands nothing, and it misses things. docs/safety.md says how much.
"""

import re
import tomllib
from collections.abc import Set
from functools import cache
from pathlib import Path

from engine.hear.finder import Finder
from engine.hear.likeness import Likeness
from engine.hear.phrases import plain_words
from engine.model.danger import URGENCY, Danger

FOLDER = Path(__file__).with_name("safety")


def screen(text: str) -> Danger | None:
    """The most urgent danger that `text` speaks of, or None.

    All of it is looked at, however long. Case, accents, punctuation, emoji, line breaks and the spellings of texting
    make no difference. It never fails, and takes time in proportion to the text.
    """
    plain = plain_words(text)
    found = {danger for language in _languages() for danger in language.dangers(plain)}
    return next((danger for danger in URGENCY if danger in found), None)


class Language:
    """What one file knows: how people spell, what is a danger, and what only sounds like one."""

    def __init__(self, file: Path) -> None:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
        self._sounds = [(re.compile(letters), sound) for letters, sound in table["sounds"].items()]
        spelling: dict[str, str] = table["spelling"] | dict.fromkeys(table["fillers"], "")
        self._spelling = {self._heard(word): tuple(self._heard(meant).split()) for word, meant in spelling.items()}
        phrases: list[tuple[str, Danger | None]] = [(phrase, None) for phrase in table["innocent"]]
        phrases += [(phrase, danger) for danger in Danger for phrase in table["danger"][danger.value]]
        self._finder = Finder(
            phrases,
            spell=cache(lambda form: self.words(plain_words(form))),
            classes=table["classes"],
            closed=frozenset(map(self._heard, table["negations"])),
        )
        weights = file.with_suffix(".weights")
        self._likeness = Likeness(weights) if weights.is_file() else None

    def dangers(self, plain: str) -> Set[Danger]:
        """Every danger that phrases in plain words speak of, or else what they are like."""
        words = self.words(plain)
        ends: dict[Danger, list[int]] = {}
        innocent: set[int] = set()
        for found in self._finder.find(words):
            if found.label is None:
                innocent.update(range(found.start, found.end))
            else:
                ends.setdefault(found.label, []).append(found.end - 1)
        said = {danger for danger, places in ends.items() if not innocent.issuperset(places)}
        like = None if said or self._likeness is None else self._likeness.danger(words)
        return said if like is None else {like}

    def words(self, plain: str) -> list[str]:
        """The words as phrases have them: as they sound, written out, without fillers."""
        heard = self._heard(plain).split()
        return [each for word in heard for each in self._spelling.get(word, (word,))]

    def _heard(self, plain: str) -> str:
        """The same letters for what sounds the same, so that `hiiit` is `hit` and `kiero` is `quiero`."""
        for letters, sound in self._sounds:
            plain = letters.sub(sound, plain)
        return plain


@cache
def _languages() -> tuple[Language, ...]:
    return tuple(Language(file) for file in sorted(FOLDER.glob("*.toml")))
