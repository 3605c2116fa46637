"""How much a text is like sentences of danger: a second ear, for what no phrase foresaw.

Every word has a weight, and so has every two that stand together or with one between: above nothing where sentences of
danger have it, below where ordinary ones do. The weights are learnt from labelled sentences (bench/likeness.py) and are
data, one a line: what it speaks of, how much, and the words. Those next to each other that weigh most together, up to a
sentence of them, are the weight of a text, so that what stands before and after lightens nothing.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from engine.model.danger import Danger

STEM = 6
"""Letters of a word that count: "strangled" and "strangling" are one."""
SENTENCE = 25
MOST = 5_000
"""Words that are weighed at either end of a text: nobody writes as many, and phrases are looked for in all of it."""


class Heaviest(NamedTuple):
    """The words, from `start` up to but not including `end`, that weigh most together."""

    weight: float
    start: int
    end: int


class Likeness:
    """The weights of one file, whose first line holds the threshold."""

    def __init__(self, file: Path) -> None:
        threshold, *lines = file.read_text(encoding="utf-8").splitlines()
        self._threshold = float(threshold)
        self._weights: dict[str, float] = {}
        self._kinds: dict[str, Danger] = {}
        for line in lines:
            kind, weight, feature = line.split(" ", 2)
            self._weights[feature] = float(weight)
            if kind != ORDINARY:
                self._kinds[feature] = Danger(kind)

    def danger(self, words: Sequence[str]) -> Danger | None:
        """What the words speak of by their weight, if of any danger."""
        ends = [words] if len(words) <= 2 * MOST else [words[:MOST], words[-MOST:]]
        for some in ends:
            found = features(some)
            weight, start, end = heaviest(found, self._weights)
            if weight > self._threshold:
                return self._kind(found[start:end])
        return None

    def _kind(self, found: Sequence[tuple[str, ...]]) -> Danger | None:
        weights: dict[Danger, float] = {}
        for feature in {each for word in found for each in word} & self._kinds.keys():
            kind = self._kinds[feature]
            weights[kind] = weights.get(kind, 0.0) + self._weights[feature]
        return max(weights, key=lambda kind: weights[kind], default=None)


ORDINARY = "ordinary"


def features(words: Sequence[str]) -> list[tuple[str, ...]]:
    """By word: itself, with the word before it, and with the one before that."""
    stems = [word[:STEM] for word in words]
    before = ["", "", *stems]
    return [(stem, f"{before[at + 1]} {stem}", f"{before[at]} _ {stem}") for at, stem in enumerate(stems)]


def heaviest(found: Sequence[tuple[str, ...]], weights: Mapping[str, float]) -> Heaviest:
    """Looks at every word once: `low` are the places, within a sentence of here, that it is best to begin at.

    What is said again within a sentence weighs nothing: "no no no no" is no more than "no".
    """
    best = Heaviest(0.0, 0, 0)
    total = 0.0
    said: dict[str, int] = {}
    low: deque[tuple[float, int]] = deque([(0.0, 0)])
    for place, word in enumerate(found, 1):
        for feature in word:
            weight = weights.get(feature)
            if weight is not None and place - said.get(feature, -SENTENCE) >= SENTENCE:
                total += weight
                said[feature] = place
        while low[0][1] < place - SENTENCE:
            low.popleft()
        if total - low[0][0] > best.weight:
            best = Heaviest(total - low[0][0], low[0][1], place)
        while low and low[-1][0] >= total:
            low.pop()
        low.append((total, place))
    return best
