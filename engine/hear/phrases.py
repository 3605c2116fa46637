"""What lists of phrases are made of: plain words, and a little notation for saying several phrases at once.

    a/b       one word or the other
    word?     may be missing; a/b? likewise

Apostrophes and accents are left out of phrases as they are of texts.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

_APOSTROPHES = re.compile(r"['’‘`´ʼ′]")
_NOT_A_WORD = re.compile(r"[\W_]+")
# Signs that stand for whole words ("㎏", "ﷺ"): as letters they are many times as long, and nobody spells so.
_WORDS_IN_ONE = re.compile("[\u3200-\u33ff\ufdf0-\ufdff]")
# Soft hyphens, joiners and the like: they are seen by nobody and must not cut a word in two.
_UNSEEN = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")


@dataclass(frozen=True, slots=True)
class Part:
    """One place of a phrase: the words, any of which may stand there, and whether it may stay empty."""

    forms: tuple[str, ...]
    optional: bool = False


def plain_words(text: str) -> str:
    """Lower-case words with single spaces: no case, accent, width, punctuation, emoji or unseen character."""
    seen = _WORDS_IN_ONE.sub(" ", _UNSEEN.sub("", text))
    folded = _APOSTROPHES.sub("", unicodedata.normalize("NFKC", seen)).casefold()
    if not folded.isascii():
        bare = unicodedata.normalize("NFKD", folded)
        folded = "".join(c for c in bare if not unicodedata.combining(c))
    return _NOT_A_WORD.sub(" ", folded).strip()


def plain_set(phrases: Iterable[str]) -> frozenset[str]:
    """Phrases without notation, as plain words."""
    return frozenset(map(plain_words, phrases))


def parts(phrase: str) -> tuple[Part, ...]:
    """A phrase in notation, place by place; ValueError when every place of it may stay empty."""
    found = tuple(
        Part(tuple(word.removesuffix("?").split("/")), optional=word.endswith("?")) for word in phrase.split()
    )
    if all(part.optional for part in found):
        raise ValueError(f"{phrase!r} may be nothing at all")
    return found


def pattern(phrases: Iterable[str], *, whole_words: bool = False) -> re.Pattern[str]:
    """Any of some phrases in notation, to be looked for in plain words; `whole_words` also within a longer text."""
    joined = "|".join(dict.fromkeys(_expression(phrase) for phrase in phrases)) or r"(?!)"
    return re.compile(rf"(?<!\S)(?:{joined})(?!\S)" if whole_words else rf"(?:{joined})")


def _expression(phrase: str) -> str:
    """One phrase as a regular expression that has no space at its ends, whatever is missing."""
    places = [(f"(?:{'|'.join(map(plain_words, part.forms))})", part.optional) for part in parts(phrase)]
    first = next(place for place, (_, optional) in enumerate(places) if not optional)
    before = "".join(f"(?:{form} )?" for form, _ in places[:first])
    after = "".join(f"(?: {form})?" if optional else f" {form}" for form, optional in places[first + 1 :])
    return before + places[first][0] + after
