"""Which variant of a step a couple gets and keeps, in proportion to the weights: by chance that nobody can predict.

Where nothing divides couples, each is given its arm by itself, from its enrollment's seed alone. Where they are divided
into strata, the places within a stratum are filled block by block: every block has each arm as often as its weight
says, in an order that only the workspace's key knows, so that arms never differ by much within a stratum.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from math import gcd

from engine.keyed import fraction, pick
from engine.model.campaign import Campaign, Variant
from engine.model.experiment import Assigned

UNITS = 2
"""A block has each arm this many times its smallest whole share: with two even arms it is of four couples."""

Place = Callable[[str, str], int]
"""The next place, from 0, in (step, stratum)."""


def assign(campaign: Campaign, seed: str) -> dict[str, str]:
    """The variant's name for each step of which a couple keeps one, by step key, where nothing divides couples."""
    return {each.step: each.arm for each in _one_by_one(campaign, seed)}


def assigned(
    campaign: Campaign, seed: str, stratum: str = "", place: Place | None = None, key: str = ""
) -> tuple[Assigned, ...]:
    """What `assign` gives, with the chances; or, where `place` counts places, by blocks in `stratum`, keyed by `key`.

    Both partners share it, and it never changes.
    """
    if place is None:
        return tuple(_one_by_one(campaign, seed))
    return tuple(_by_blocks(campaign, stratum, place, key))


def _one_by_one(campaign: Campaign, seed: str) -> Iterator[Assigned]:
    for step in campaign.steps:
        if step.kept_arms:
            arm = step.variants[pick(fraction(seed, "variant", step.key), [each.weight for each in step.variants])]
            yield Assigned(step.key, arm.name, _share(arm, step.variants))


def _by_blocks(campaign: Campaign, stratum: str, place: Place, key: str) -> Iterator[Assigned]:
    for step in campaign.steps:
        if step.kept_arms:
            here = place(step.key, stratum)
            unit = gcd(*(each.weight for each in step.variants))
            shares = tuple(each.weight // unit * UNITS for each in step.variants)
            block, within = divmod(here, sum(shares))
            arm = step.variants[_order(key, campaign.id, step.key, stratum, block, shares)[within]]
            yield Assigned(step.key, arm.name, _share(arm, step.variants), stratum, here)


@lru_cache(maxsize=4_096)
def _order(key: str, campaign: str, step: str, stratum: str, block: int, shares: tuple[int, ...]) -> Sequence[int]:
    """The arms of one block, by number, in their order."""
    arms = [arm for arm, share in enumerate(shares) for _ in range(share)]
    order = sorted(range(len(arms)), key=lambda place: fraction(key, "block", campaign, step, stratum, block, place))
    return [arms[place] for place in order]


def _share(arm: Variant, arms: Sequence[Variant]) -> float:
    return arm.weight / sum(each.weight for each in arms)
