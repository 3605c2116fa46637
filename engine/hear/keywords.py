"""What a text message orders, if anything, in the words of several languages: STOP, START, HELP, LATER and so on.

The words are data, a file a language in `keywords/`. An order is the whole message, or a whole clause of it that can
mean nothing else ("We broke up. Please stop texting me."); never a word inside a sentence: an answer that is taken for
STOP silences someone. What only may be an order is an answer, and doubtful, for the operator to look at. What orders
anything but STOP is always the whole message.

47 CFR 64.1200(a)(10): consent is revoked by stop, quit, end, revoke, opt out, cancel, unsubscribe, and by any other
reasonable wording.
"""

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engine.hear.phrases import pattern, plain_set, plain_words
from engine.model.event import Command
from engine.model.keywords import HELP_WORDS, START_WORDS, STOP_WORDS

FOLDER = Path(__file__).with_name("keywords")
LONGEST = 1_600
"""Characters that are looked at: what Twilio takes in one message."""
FEW = 6
"""A word that may be an order raises a doubt only in so few words."""
AGREEING = "YES"
"""The one carrier word for START that is far more often an answer."""
ORDERS = tuple(command for command in Command if command not in (Command.STOP, Command.START, Command.HELP))
"""What only we understand, and no carrier: each has a list of its own name in the files."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text orders. `doubtful`: an answer that may have been meant as STOP. `if_stopped`: it orders START only
    from someone who had stopped; from anyone else it is an answer. `within`: the order is one clause of a text that
    says more.
    """

    command: Command | None = None
    doubtful: bool = False
    if_stopped: bool = False
    within: bool = False


def read(text: str) -> Reading:
    """What `text` orders. Case, accents, punctuation, emoji and politeness make no difference."""
    words = _words()
    text = text[:LONGEST]
    plain = plain_words(text)
    order = _exact(words, plain)
    if order is not None:
        return order
    if _once(words.polite(plain)) in words.stop or words.whole.fullmatch(words.asked(plain)):
        return Reading(Command.STOP)
    if not _QUOTED.search(text):
        clauses = [words.asked(plain_words(clause)) for clause in _CLAUSE.split(text)]
        if _order_in(words, [clause for clause in clauses if clause]):
            return Reading(Command.STOP, within=True)
    asked = words.orders.get(plain) or words.orders.get(words.asked(plain))
    return Reading(asked) if asked else Reading(doubtful=_doubtful(words, plain))


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

        self.stop = plain_set(every("stop")) | plain_set(STOP_WORDS)
        self.start = plain_set(every("start")) | plain_set(START_WORDS - {AGREEING})
        self.agree = plain_set(every("agree")) | plain_set({AGREEING})
        self.help = plain_set(every("help")) | plain_set(HELP_WORDS)
        self.orders = {phrase: command for command in ORDERS for phrase in plain_set(every(command.value))}
        self.telling = plain_set(every("telling"))
        self.clause = pattern(every("clause"))
        self.whole = pattern([*every("clause"), *every("whole")])
        self.buried = pattern(every("clause"), whole_words=True)
        self.maybe = pattern([*every("maybe"), *every("whole")], whole_words=True)
        self.innocent = pattern(every("innocent"), whole_words=True)
        self._polite = plain_set(every("polite"))
        self._asking = plain_set(every("asking"))

    def polite(self, plain: str) -> str:
        """A message without the courtesies around it; nothing when there is nothing else in it."""
        return bare(plain, self._polite)

    def asked(self, plain: str) -> str:
        """The same, also without "can you" and its like before it: what is asked for."""
        return bare(plain, self._polite, self._polite | self._asking)


@cache
def _words() -> _Words:
    return _Words(FOLDER.glob("*.toml"))


_CLAUSE = re.compile(r"[.!?;,\n…–—]+|\s-+\s")
_QUOTED = re.compile(r"[\"“”„«»]|(?<!\w)['‘]\w[^'’]*['’](?!\w)")
_SIZES = (5, 4, 3, 2, 1)  # words of a courtesy, longest first


def bare(plain: str, after: frozenset[str], before: frozenset[str] | None = None) -> str:
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
