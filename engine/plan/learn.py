"""What a couple's own history says to its draws: activities never to come again, and how far each strategy leans.

The leaning is modest on purpose. One couple's data are few and noisy: how close a week felt has a hundred causes, and
who does not press "we did it" may have done it. So evidence is shrunk towards none, and no strategy is ever more than
twice as likely as without it, nor less than half: among the strategies of one pool none weighs less than a quarter of
another because of what was learned, and all of them stay within reach.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby, pairwise
from operator import attrgetter

from engine.model.reply import Feedback

COUNTS: Mapping[Feedback, float] = {Feedback.DID: 1.0, Feedback.SMALLER: 0.25}
"""What each verdict counts for the strategy of its activity. "Not for us" is about that activity and no other."""

PULSE = 0.5
"""What a pulse above the one before it counts for what came in between, and one below it counts against it, in all."""

PRIOR = 4.0
"""As if there had been so much evidence already that pointed nowhere: after four "did it" half of the way is gone."""

MOST = 2.0
"""No strategy becomes more than this many times likelier by what was learned, or less likely."""

GRAIN = 64
"""Odds are whole 64ths. Powers differ between machines in their last bits, and draws must not; and a few hundred floats
of so few bits add up exactly, in any order."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one partner said of an activity; `strategy` is None where nobody knows any more which one it was of."""

    activity: str
    strategy: str | None
    verdict: Feedback


@dataclass(frozen=True, slots=True)
class Felt:
    """One partner's answer to a pulse that was asked `occurrence` days after the start."""

    partner: int
    occurrence: int
    value: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Given:
    """An activity of `strategy` was sent, for the day `occurrence` days after the start."""

    occurrence: int
    strategy: str


@dataclass(frozen=True, slots=True)
class Learned:
    """What draws mind besides what the couple asked for. A strategy that `tilt` does not name has its ordinary odds."""

    banned: frozenset[str] = frozenset()  # activities
    tilt: Mapping[str, float] = field(default_factory=dict)  # by strategy, within 1/MOST and MOST


NOTHING = Learned()
"""Nothing was learned: draws are what they would be without learning."""


def learn(said: Iterable[Said], felt: Iterable[Felt] = (), given: Iterable[Given] = ()) -> Learned:
    """What a couple's verdicts in all its enrollments say, with the pulses of one enrollment and what it was given.

    The rows' order does not matter, nor which of the two partners a row is of.
    """
    verdicts = list(said)
    banned = frozenset(each.activity for each in verdicts if each.verdict is Feedback.NOT_FOR_US)
    evidence: dict[str, list[float]] = defaultdict(list)
    for strategy, counts in (*_of_verdicts(verdicts, banned), *_of_pulses(felt, list(given))):
        evidence[strategy].append(counts)
    tilts = {strategy: tilt(evidence[strategy]) for strategy in sorted(evidence)}
    return Learned(banned, {strategy: each for strategy, each in tilts.items() if each != 1})


def tilt(evidence: Sequence[float]) -> float:
    """The odds of a strategy for and against which so much speaks: 1 for nothing, never beyond 1/MOST and MOST."""
    # fsum is exact, so that no order of adding matters.
    leaning = math.fsum(evidence) / (math.fsum(map(abs, evidence)) + PRIOR)
    return int(math.pow(MOST, leaning) * GRAIN + 0.5) / GRAIN


def _of_verdicts(said: Iterable[Said], banned: frozenset[str]) -> Iterator[tuple[str, float]]:
    for each in said:
        # Having done what turned out not to be for them speaks for nothing.
        if each.strategy is not None and each.activity not in banned and each.verdict in COUNTS:
            yield each.strategy, COUNTS[each.verdict]


def _of_pulses(felt: Iterable[Felt], given: Sequence[Given]) -> Iterator[tuple[str, float]]:
    """A pulse is held against the same partner's before it, and speaks of what came after that one and up to this."""
    in_order = sorted(felt, key=attrgetter("partner", "occurrence", "at", "value"))
    for _, pulses in groupby(in_order, key=attrgetter("partner")):
        for before, after in pairwise(pulses):
            between = {each.strategy for each in given if before.occurrence < each.occurrence <= after.occurrence}
            if before.value != after.value:
                way = PULSE if after.value > before.value else -PULSE
                yield from ((strategy, way / len(between)) for strategy in between)
