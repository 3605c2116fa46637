"""Learn again how danger weighs, after sentences or phrases were changed: `.venv/bin/python -m bench.likeness`.

Logistic regression, step by step, over our own labelled sentences (`tests/hear/safety/LANGUAGE.tsv`, never the held-out
ones); those of `bench/everyday` and of the campaigns are ordinary too. The same input gives the same weights.
"""

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from math import exp, sqrt
from pathlib import Path
from typing import NamedTuple

from bench.safety import FOLDER, HELD_OUT, labelled
from engine.hear import safety
from engine.hear.likeness import ORDINARY, SENTENCE, features, heaviest
from engine.hear.phrases import plain_words

EVERYDAY = Path(__file__).parent / "everyday"
CAMPAIGNS = Path(__file__).parents[1] / "campaigns"
ROUNDS = 20
STEP, SLOWER, DECAY = 0.3, 0.3, 1e-3
"""How far a sentence moves the weights, how much less in later rounds, and what a weight loses each time."""
LEAST = 0.1
"""A weight that says less is left out."""
FOLDS = 5
WRONG = 0.01
"""The share of ordinary answers, half of them with frightening words, that may be taken for danger: no more, for
everybody who is paused needlessly makes the operator trust the next alert less."""


class Example(NamedTuple):
    """A sentence: its features, what it speaks of, and whether somebody might answer it."""

    found: Sequence[tuple[str, ...]]
    kind: str
    answer: bool


def learn(examples: Sequence[Example]) -> tuple[dict[str, float], float]:
    """The weights of features, and the odds of danger of a sentence that weighs nothing."""
    weights: dict[str, float] = defaultdict(float)
    base, order, shuffled = -3.0, list(examples), random.Random(0)
    for turn in range(ROUNDS):
        shuffled.shuffle(order)
        for found, kind, _ in order:
            _, start, end = heaviest(found, weights)
            weighed = sorted({each for word in found[start : end or SENTENCE] for each in word})
            odds = base + sum(weights.get(each, 0.0) for each in weighed)
            wrong = ((kind != ORDINARY) - 1 / (1 + exp(-max(-30.0, min(30.0, odds))))) * STEP / (1 + turn * SLOWER)
            base += wrong / 10
            for each in weighed:
                weights[each] = weights[each] * (1 - DECAY) + wrong / sqrt(len(weighed))
    return {each: weight for each, weight in sorted(weights.items()) if abs(weight) > LEAST}, base


def sure(examples: Sequence[Example]) -> float:
    """The odds above which few enough ordinary answers are wrongly taken, judged by those that were not learnt from."""
    order = list(examples)
    random.Random(0).shuffle(order)
    odds = []
    for fold in range(FOLDS):
        weights, base = learn([each for place, each in enumerate(order) if place % FOLDS != fold])
        odds += [
            base + heaviest(each.found, weights).weight
            for each in order[fold::FOLDS]
            if each.answer and each.kind == ORDINARY
        ]
    return sorted(odds, reverse=True)[int(len(odds) * WRONG)]


def kinds(examples: Sequence[Example]) -> Mapping[str, str]:
    """What a feature speaks of: the danger that the largest part of its sentences have it in."""
    sentences = Counter(each.kind for each in examples)
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for found, kind, _ in examples:
        if kind != ORDINARY:
            for each in {each for word in found for each in word}:
                seen[each][kind] += 1
    return {each: max(counts, key=lambda kind: counts[kind] / sentences[kind]) for each, counts in seen.items()}


def examples(language: str) -> Iterator[Example]:
    """Every sentence to learn from."""
    known = safety.Language(safety.FOLDER / f"{language}.toml")
    answers = [(line.text, line.kind if line.danger else ORDINARY) for line in labelled(FOLDER / f"{language}.tsv")]
    everyday = (EVERYDAY / f"{language}.txt").read_text(encoding="utf-8").splitlines()
    answers += [(text, ORDINARY) for text in everyday]
    for text, kind in answers:
        yield Example(features(known.words(plain_words(text))), kind, True)
    for text in sorted(set(_campaigns(language))):
        yield Example(features(known.words(plain_words(text))), ORDINARY, False)


def _campaigns(language: str) -> Iterator[str]:
    for file in sorted(CAMPAIGNS.rglob("*.yaml")):
        if (file.parent.name if len(file.parent.name) == 2 else "en") == language:
            yield from re.split(r"(?<=[.!?])\s+|\n", file.read_text(encoding="utf-8"))


def main() -> None:
    for language in sorted(file.stem for file in FOLDER.glob("*.tsv") if not file.stem.startswith(HELD_OUT)):
        given = [each for each in examples(language) if each.found]
        weights, base = learn(given)
        kind = kinds(given)
        lines = [f"{kind[each] if weight > 0 else ORDINARY} {weight:.2f} {each}" for each, weight in weights.items()]
        file = safety.FOLDER / f"{language}.weights"
        file.write_text("\n".join([f"{sure(given) - base:.2f}", *lines, ""]), encoding="utf-8")
        print(f"{file.name}: {len(given)} sentences, {len(lines)} weights")


if __name__ == "__main__":
    main()
