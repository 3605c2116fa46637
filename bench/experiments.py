"""Whether the estimators tell the truth: differences that we put in are found, those that are not there are not.

Made-up trials of couples go through the engine's own assignment (blocks within strata, and chance at each occurrence)
into its own estimators. Of 1,000 trials the 95 % interval must hold the truth in 930 to 970.
`python -m bench.experiments` prints the table of docs/experiments.md.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from statistics import NormalDist
from typing import NamedTuple

from bench.figures import Figure
from engine.keyed import fraction
from engine.model.campaign import Campaign, Step, Variant
from engine.model.experiment import Per, Randomize
from engine.plan.assign import assigned
from engine.plan.randomize import randomize
from engine.report.experiments_fit import Difference, OfCouple, OfOccurrence, by_couple, by_occurrence
from engine.report.experiments_power import Plan, couples_needed

SEEDS = 1_000
ALIKE, TOLD, SEND = 0.4, 0.6, 0.6
KEPT = Step("talk", "prompt", (1,), (1,), variants=(Variant("plain"), Variant("brief")))
ANEW = Step("try", "prompt", (1,), (1,), randomize=Randomize(SEND))
CAMPAIGN = Campaign("bench", "Bench", 1, (KEPT, ANEW), (), {}, {})
_inverse = lru_cache(maxsize=1)(NormalDist)


class Truth(NamedTuple):
    """What became of many trials of one kind."""

    trials: int
    held: float  # the share of intervals that hold the truth
    seen: float  # the share whose interval leaves zero out
    mean: float  # of the estimates


def bell(*words: object) -> float:
    """A draw from the standard normal distribution."""
    return _inverse().inv_cdf(min(max(fraction("bench", *words), 1e-12), 1 - 1e-12))


def kept(seed: int, couples: int, effect: float, *, occasions: int = 2) -> list[Difference]:
    """A trial in which couples keep an arm, balanced by blocks within three strata that differ in their outcomes."""
    places: dict[tuple[str, str], int] = {}

    def place(step: str, stratum: str) -> int:
        places[step, stratum] = places.get((step, stratum), -1) + 1
        return places[step, stratum]

    found = []
    for couple in range(couples):
        stratum = f"size={int(fraction('bench', seed, couple, 'stratum') ** 2 * 3)}"
        (arm,) = assigned(CAMPAIGN, "", stratum, place, f"key {seed}")
        own = ALIKE**0.5 * bell(seed, couple, "own") + 0.5 * int(stratum[-1])
        values = [
            3 + effect * (arm.arm == "brief") + own + (1 - ALIKE) ** 0.5 * bell(seed, couple, occasion, person)
            for occasion in range(occasions)
            for person in (1, 2)
            if fraction("bench", seed, couple, occasion, person, "told") < TOLD
        ]
        if values:
            found.append(OfCouple(couple, arm.arm, stratum, sum(values) / len(values)))
    return by_couple(found, ["plain", "brief"])


def anew(seed: int, couples: int, effect: float, *, occasions: int = 8, carried: float = 0.3) -> list[Difference]:
    """A trial in which chance decides at each occasion, for both at once.

    What went before bears on whether the couple is available, and so much of it is `carried` on into the outcome; where
    nothing is, the estimator is not told of it either.
    """
    found = []
    for couple in range(couples):
        own, before = ALIKE**0.5 * bell(seed, couple, "own"), None
        for occasion in range(occasions):
            noise = [(1 - ALIKE) ** 0.5 * bell(seed, couple, occasion, person) for person in (1, 2)]
            chance = randomize(ANEW, f"{seed}/{couple}", occasion * 7, 1, None)
            away = 0.3 if (before or 0) < 0 else 0.05
            available = fraction("bench", seed, couple, occasion, "away") >= away
            level = 0.05 * occasion + carried * (before or 0) + own + effect * (chance.send and available)
            told = [
                level + each
                for person, each in enumerate(noise)
                if fraction("bench", seed, couple, occasion, person, "told") < TOLD
            ]
            if available and chance.probability is not None:
                arm = "sent" if chance.send else "not sent"
                prior = before if carried else None
                found += [OfOccurrence(couple, arm, chance.probability, each, occasion, prior) for each in told]
            before = sum(told) / len(told) if told else before
    return by_occurrence(found, {"not sent": 1 - SEND, "sent": SEND})


DESIGNS: dict[Per, Callable[..., list[Difference]]] = {Per.COUPLE: kept, Per.OCCURRENCE: anew}


def truth(per: Per, couples: int, effect: float, seeds: int, **more: float) -> Truth:
    """Many trials of one kind, each with the 95 % interval that is shown at the planned end."""
    held = seen = 0
    total = 0.0
    for seed in range(seeds):
        (found,) = DESIGNS[per](seed, couples, effect, **more)
        low, high = found.interval()
        held += low <= effect <= high
        seen += not low <= 0 <= high
        total += found.estimate
    return Truth(seeds, held / seeds, seen / seeds, total / seeds)


def planned(per: Per, effect: float, power: float = 0.8) -> int:
    """How many couples the formula asks for, for the trials above."""
    occasions = 2 if per is Per.COUPLE else 8
    shares = (0.5, 0.5) if per is Per.COUPLE else (1 - SEND, SEND)
    return couples_needed(Plan(per, effect, 1.0, ALIKE, occasions, 2, TOLD, shares, power=power, available=0.83))


def run(seeds: int = SEEDS) -> Iterator[Figure]:
    """Coverage, false alarms and power of both designs: some minutes."""
    for per, couples, effect in (
        (Per.COUPLE, 40, 0.0),
        (Per.COUPLE, 120, 0.4),
        (Per.OCCURRENCE, 25, 0.0),
        (Per.OCCURRENCE, 60, 0.4),
    ):
        found = truth(per, couples, effect, seeds)
        what = f"each {per}, {couples} couples, effect {effect:g}"
        yield Figure(f"{what}: intervals that hold it", 100 * found.held, "%", aim="93 to 97", met=_within(found.held))
        yield Figure(f"{what}: mean estimate", found.mean, "")
        if not effect:
            yield Figure(f"{what}: false alarms", 100 * found.seen, "%", aim="3 to 7", met=_within(1 - found.seen))
    for per, effect in ((Per.COUPLE, 0.5), (Per.OCCURRENCE, 0.3)):
        needed = planned(per, effect)
        # The formula knows nothing of a pulse before, which takes noise away: it is held against trials without.
        found = truth(per, needed, effect, seeds // 2, **({} if per is Per.COUPLE else {"carried": 0.0}))
        what = f"each {per}, effect {effect:g}, {needed} couples for a power of 80 %: found"
        yield Figure(what, 100 * found.seen, "%", aim="75 to 85", met=0.75 <= found.seen <= 0.85)


def _within(share: float) -> bool:
    return 0.93 <= share <= 0.97


if __name__ == "__main__":
    from bench.figures import as_markdown

    print(as_markdown(list(run())))
