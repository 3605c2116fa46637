"""Finds many phrases in a text at once, word by word, in time that grows with the text alone.

Every phrase is laid out as states, one a word, and all of them are followed together; where they stand after a word is
worked out once and remembered, so that one more phrase costs an ordinary text nothing. A word is looked at once and
never again: no text, however it is made, can hold the search up.

Besides `a/b` and `word?` (phrases.py), a phrase here may hold:

    ..        a gap: up to three words, whatever they are, but never a closed one
    @name     any phrase of that class; @name? may be missing
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from typing import Generic, NamedTuple, TypeVar

from engine.hear.phrases import Part, parts

GAP = Part(("..",))
WIDEST = 3
MOST = 20_000
"""Steps that are remembered; beyond them the finder begins to learn anew, so that its memory stays bounded."""

Label = TypeVar("Label")
Reached = Sequence[tuple[int, int]]
"""Where a phrase may stand after some of its parts: how many words that took, and the state."""


class Found(NamedTuple, Generic[Label]):
    """A phrase whose words are those from `start` up to, but not including, `end`."""

    label: Label
    start: int
    end: int


class Finder(Generic[Label]):
    """All of some phrases, each with a label, ready to be looked for. Safe to share between threads.

    `spell` gives the words of a phrase as those of texts are given. `classes` are what `@name` stands for, and `closed`
    the words that no gap leaps over. ValueError when a phrase cannot be read.
    """

    def __init__(
        self,
        phrases: Iterable[tuple[str, Label]],
        *,
        spell: Callable[[str], Sequence[str]],
        classes: Mapping[str, Sequence[str]],
        closed: Set[str],
    ) -> None:
        self._spell = spell
        self._classes = classes
        self._closed = closed
        self._steps: list[dict[str, set[int]]] = [{}]  # by state: the states that a word leads to
        self._leaps: list[set[int]] = [set()]  # by state: those that any word leads to that is not closed
        self._ends: list[tuple[Label, int] | None] = [None]  # by state: what is complete there, and its length
        self._laid: dict[tuple[Part, ...], Reached] = {(): [(0, 0)]}  # phrases share the states they begin with
        for phrase, label in phrases:
            self._lay(phrase, label)
        self.words = frozenset(word for steps in self._steps for word in steps) | closed
        self._forget()

    def find(self, words: Iterable[str]) -> Iterator[Found[Label]]:
        """Every place where a phrase ends; of one label's that end there, the longest."""
        standing = self._start
        for place, word in enumerate(words, 1):
            # All unknown words are one and the same, so that there are few different steps to remember.
            known = word if word in self.words else ""
            following = standing.after.get(known)
            standing = self._follow(standing, known) if following is None else following
            for label, length in standing.ends:
                yield Found(label, place - length, place)

    def _follow(self, standing: "_Standing[Label]", word: str) -> "_Standing[Label]":
        """The step that nobody has taken yet. Two threads may take it at once: they come to the same."""
        reached = {0}
        for state in standing.states:
            reached.update(self._steps[state].get(word, ()))
            if word not in self._closed:
                reached.update(self._leaps[state])
        self.remembered += 1
        if self.remembered > MOST:
            self._forget()
        states = frozenset(reached)
        following = self._known.setdefault(states, _Standing(states, self._complete(states)))
        standing.after[word] = following
        return following

    def _complete(self, states: Iterable[int]) -> tuple[tuple[Label, int], ...]:
        longest: dict[Label, int] = {}
        for end in (self._ends[state] for state in states):
            if end is not None:
                longest[end[0]] = max(end[1], longest.get(end[0], 0))
        return tuple(longest.items())

    def _forget(self) -> None:
        self._start: _Standing[Label] = _Standing(frozenset({0}), ())
        self._known = {self._start.states: self._start}
        self.remembered = 0

    def _lay(self, phrase: str, label: Label) -> None:
        """Add a phrase's states. A state is reached by one number of words only, so that the end knows its start."""
        read = parts(phrase)
        firm = [part for part in read if not part.optional]
        if GAP in (firm[0], firm[-1]):
            raise ValueError(f"{phrase!r} begins or ends with a gap, or may")
        for count, part in enumerate(read, 1):
            if read[:count] not in self._laid:
                before = self._laid[read[: count - 1]]
                self._laid[read[:count]] = self._leap(before) if part == GAP else self._take(before, part)
        for length, state in self._laid[read]:
            if state == 0:
                raise ValueError(f"{phrase!r} may be nothing at all")
            if self._ends[state] not in (None, (label, length)):
                raise ValueError(f"{phrase!r} is in two lists")
            self._ends[state] = (label, length)

    def _take(self, before: Reached, part: Part) -> Reached:
        """The states after a part: one for each number of words, and those before it where it may be missing."""
        forms = self._forms(part)
        after: dict[int, int] = {}
        for length, state in before:
            branches: dict[tuple[str, ...], int] = {(): state}
            for form in forms:
                for count in range(1, len(form)):
                    if form[:count] not in branches:
                        branches[form[:count]] = self._step(branches[form[: count - 1]], form[count - 1])
                total = length + len(form)
                after[total] = self._step(branches[form[:-1]], form[-1], after.get(total))
        return [*(before if part.optional or not forms else ()), *after.items()]

    def _leap(self, before: Reached) -> Reached:
        reached = list(before)
        latest = before
        for _ in range(WIDEST):
            after: dict[int, int] = {}
            for length, state in latest:
                self._leaps[state].add(after.setdefault(length + 1, self._new()))
            latest = list(after.items())
            reached += latest
        return reached

    def _forms(self, part: Part) -> list[tuple[str, ...]]:
        """The words that may stand there, as texts have them; nothing for what is left out of texts."""
        written = [each for form in part.forms for each in (self._class(form) if form.startswith("@") else (form,))]
        return [form for form in dict.fromkeys(tuple(self._spell(form)) for form in written) if form]

    def _class(self, name: str) -> Sequence[str]:
        if name[1:] not in self._classes:
            raise ValueError(f"there is no class {name}")
        return self._classes[name[1:]]

    def _step(self, state: int, word: str, to: int | None = None) -> int:
        to = self._new() if to is None else to
        self._steps[state].setdefault(word, set()).add(to)
        return to

    def _new(self) -> int:
        self._steps.append({})
        self._leaps.append(set())
        self._ends.append(None)
        return len(self._steps) - 1


class _Standing(Generic[Label]):
    """All states that hold at once after some words, what is complete there, and the steps known to lead on."""

    __slots__ = ("after", "ends", "states")

    def __init__(self, states: frozenset[int], ends: tuple[tuple[Label, int], ...]) -> None:
        self.states = states
        self.ends = ends
        self.after: dict[str, _Standing[Label]] = {}
