"""What a text message orders, if anything: STOP, START or HELP in the words of several languages, or nothing.

The words are data, a file a language in `keywords/`. An order is the whole message, or a whole clause of it that can
mean nothing else ("We broke up. Please stop texting me."); never a word inside a sentence: an answer that is taken for
STOP silences someone. What only may be an order is an answer, and doubtful, for the operator to look at.

47 CFR 64.1200(a)(10): consent is revoked by stop, quit, end, revoke, opt out, cancel, unsubscribe, and by any other
reasonable wording.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engine.model.event import Command
from engine.model.keywords import HELP_WORDS, START_WORDS, STOP_WORDS

FOLDER = Path(__file__).with_name("keywords")
LONGEST = 1_600
"""Characters that are looked at: what Twilio takes in one message."""
FEW = 6
"""A word that may be an order raises a doubt only in so few words."""
AGREEING = "YES"
"""The one carrier word for START that is far more often an answer."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text orders. `doubtful`: an answer that may have been meant as STOP. `if_stopped`: it orders START only
    from someone who had stopped; from anyone else it is an answer.
    """

    command: Command | None = None
    doubtful: bool = False
    if_stopped: bool = False


def read(text: str) -> Reading:
    """What `text` orders. Case, accents, punctuation, emoji and politeness make no difference."""
    words = _words()
    text = text[:LONGEST]
    plain = _plain(text)
    order = _exact(words, plain)
    if order is not None:
        return order
    if _once(words.polite(plain)) in words.stop or words.whole.fullmatch(words.asked(plain)):
        return Reading(Command.STOP)
    if not _QUOTED.search(text):
        clauses = [words.asked(_plain(clause)) for clause in _CLAUSE.split(text)]
        if _order_in(words, [clause for clause in clauses if clause]):
            return Reading(Command.STOP)
    return Reading(doubtful=_doubtful(words, plain))


def _exact(words: "_Words", plain: str) -> Reading | None:
    """The order that the message is, when it is nothing but one of the known words."""
    if _once(plain) in words.stop:
        return Reading(Command.STOP)
    if plain in words.start:
        return Reading(Command.START)
    if plain in words.agree:
        return Reading(Command.START, if_stopped=True)
    return Reading(Command.HELP) if plain in words.help else None


def _order_in(words: "_Words", clauses: Sequence[str]) -> bool:
    """Whether every clause is an order, or the first or last by itself, and not what somebody is told to have said."""
    if not clauses:
        return False
    if len(clauses) > 1 and all(clause in words.stop or words.whole.fullmatch(clause) for clause in clauses):
        return True  # "Wrong number. Please stop."
    if words.clause.fullmatch(clauses[0]):
        return True
    told = set(clauses[-2].split()[-2:]) if len(clauses) > 1 else set()
    return bool(words.clause.fullmatch(clauses[-1])) and not told & words.telling


def _doubtful(words: "_Words", plain: str) -> bool:
    if words.buried.search(plain):
        return True
    left = words.innocent.sub(" ", plain)
    return len(plain.split()) <= FEW and words.maybe.search(left) is not None


class _Words:
    """The words of every language, ready to be looked for."""

    def __init__(self, files: Iterable[Path]) -> None:
        tables = [tomllib.loads(file.read_text(encoding="utf-8")) for file in sorted(files)]

        def every(name: str) -> list[str]:
            return [phrase for table in tables for phrase in table.get(name, ())]

        self.stop = _set(every("stop")) | _set(STOP_WORDS)
        self.start = _set(every("start")) | _set(START_WORDS - {AGREEING})
        self.agree = _set(every("agree")) | _set({AGREEING})
        self.help = _set(every("help")) | _set(HELP_WORDS)
        self.telling = _set(every("telling"))
        self.clause = _pattern(every("clause"))
        self.whole = _pattern([*every("clause"), *every("whole")])
        self.buried = _pattern(every("clause"), whole_words=True)
        self.maybe = _pattern([*every("maybe"), *every("whole")], whole_words=True)
        self.innocent = _pattern(every("innocent"), whole_words=True)
        self._polite = _set(every("polite"))
        self._asking = _set(every("asking"))

    def polite(self, plain: str) -> str:
        """A message without the courtesies around it; nothing when there is nothing else in it."""
        return _bare(plain, self._polite)

    def asked(self, plain: str) -> str:
        """The same, also without "can you" and its like before it: what is asked for."""
        return _bare(plain, self._polite, self._polite | self._asking)


@cache
def _words() -> _Words:
    return _Words(FOLDER.glob("*.toml"))


_CLAUSE = re.compile(r"[.!?;,\n…–—]+|\s-+\s")
_QUOTED = re.compile(r"[\"“”„«»]|(?<!\w)['‘]\w[^'’]*['’](?!\w)")
_APOSTROPHES = re.compile(r"['’‘`´ʼ]")
_SIZES = (5, 4, 3, 2, 1)  # words of a courtesy, longest first
_NOT_A_WORD = re.compile(r"[\W_]+")


def _plain(text: str) -> str:
    """Lower-case words with single spaces: no case, accent, width, punctuation or emoji."""
    folded = _APOSTROPHES.sub("", unicodedata.normalize("NFKC", text)).casefold()
    bare = "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))
    return _NOT_A_WORD.sub(" ", bare).strip()


def _bare(plain: str, after: frozenset[str], before: frozenset[str] | None = None) -> str:
    """What is left without these phrases at its ends, however many of them there are."""
    words = plain.split()
    start, end = 0, len(words)
    before = after if before is None else before
    while size := next((n for n in _SIZES if n <= end - start and " ".join(words[start : start + n]) in before), 0):
        start += size
    while size := next((n for n in _SIZES if n <= end - start and " ".join(words[end - n : end]) in after), 0):
        end -= size
    return " ".join(words[start:end])


def _once(plain: str) -> str:
    """`stop stop stop` is `stop`."""
    different = set(plain.split())
    return different.pop() if len(different) == 1 else plain


def _set(phrases: Iterable[str]) -> frozenset[str]:
    return frozenset(map(_plain, phrases))


def _pattern(phrases: Iterable[str], *, whole_words: bool = False) -> re.Pattern[str]:
    """Any of some phrases, in which `a/b` is one word or the other and `word?` may be missing."""
    joined = "|".join(dict.fromkeys(_phrase(phrase) for phrase in phrases)) or r"(?!)"
    return re.compile(rf"(?<!\S)(?:{joined})(?!\S)" if whole_words else rf"(?:{joined})")


def _phrase(phrase: str) -> str:
    """One phrase as a pattern that has no space at its ends, whatever is missing."""
    parts = []
    for word in phrase.split():
        forms = word.removesuffix("?").split("/")
        parts.append((f"(?:{'|'.join(map(_plain, forms))})", word.endswith("?")))
    first = next(place for place, (_, optional) in enumerate(parts) if not optional)
    before = "".join(f"(?:{form} )?" for form, _ in parts[:first])
    after = "".join(f"(?: {form})?" if optional else f" {form}" for form, optional in parts[first + 1 :])
    return before + parts[first][0] + after
