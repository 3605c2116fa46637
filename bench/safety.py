"""How much the screen for danger hears and how much it hears wrongly, by language, on sentences with known labels.

`tests/hear/safety/LANGUAGE.tsv` are our own, which the phrases were made with; `heldout-LANGUAGE.tsv` were written by
somebody who had not seen the phrases. What is missed or heard wrongly is printed for our own lines only: whoever reads
those of the held-out set tunes on them, and it holds nothing out any more.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

from bench.figures import Figure
from engine.hear.safety import screen

FOLDER = Path(__file__).parents[1] / "tests" / "hear" / "safety"
HELD_OUT = "heldout-"
LABELS = ("danger", "ordinary")
AIMS = {True: (0.80, 0.80), False: (0.97, 0.95)}
"""Recall and precision that are asked of a held-out set and of our own."""


@dataclass(frozen=True, slots=True)
class Score:
    """What the screen made of labelled lines: `heard` of them are danger and were found, and so on."""

    heard: int
    missed: tuple[str, ...]
    false: tuple[str, ...]

    @property
    def recall(self) -> float:
        """The share of danger that is heard."""
        return self.heard / (self.heard + len(self.missed))

    @property
    def precision(self) -> float:
        """The share of what is taken for danger that is."""
        return self.heard / (self.heard + len(self.false))


@dataclass(frozen=True, slots=True)
class Labelled:
    """A sentence, whether it speaks of danger, and of which (as whoever labelled it calls it)."""

    danger: bool
    kind: str
    text: str


def labelled(file: Path) -> Iterator[Labelled]:
    """The sentences of a file of `label TAB kind TAB text`; ValueError for a line that is not of that form."""
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith(("#", "label\t")):
            continue
        label, _, rest = line.partition("\t")
        kind, _, text = rest.rpartition("\t")
        if label not in LABELS or not text.strip():
            raise ValueError(f"{file.name}:{number} is not a label, a kind and a text")
        yield Labelled(label == "danger", kind, text)


def score(file: Path) -> Score:
    """The screen's score on the sentences of a file."""
    heard, missed, false = 0, [], []
    for line in labelled(file):
        found = screen(line.text) is not None
        if line.danger:
            heard += found
            missed += [] if found else [line.text]
        elif found:
            false.append(line.text)
    return Score(heard, tuple(missed), tuple(false))


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927): honest near 1 and for few lines, where the plain one is not."""
    z = 1.96
    share = hits / of
    middle = share + z * z / (2 * of)
    width = z * sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return (middle - width) / (1 + z * z / of), (middle + width) / (1 + z * z / of)


def run() -> Iterator[Figure]:
    """Recall and precision on every set there is, each with its interval."""
    for file in sorted(FOLDER.glob("*.tsv")):
        held_out = file.stem.startswith(HELD_OUT)
        found = score(file)
        danger, taken = found.heard + len(found.missed), found.heard + len(found.false)
        shares = (("recall", found.recall, danger), ("precision", found.precision, taken))
        for (name, share, of), aim in zip(shares, AIMS[held_out], strict=True):
            low, high = wilson(found.heard, of)
            what = f"screen, {file.stem}: {name} (95 %: {low:.3f} to {high:.3f}, {found.heard} of {of})"
            yield Figure(what, share, "", aim=f"≥ {aim}", met=share >= aim)
        if not held_out:
            _tell("missed", file, found.missed)
            _tell("heard wrongly", file, found.false)


def _tell(what: str, file: Path, lines: tuple[str, ...]) -> None:
    """On the error channel, so that `--json` stays JSON."""
    for line in lines:
        print(f"  {file.stem}, {what}: {line}", file=sys.stderr)
