"""What chance makes of one occurrence of a step: whether it goes, and with which variant.

Asked of every occurrence that could go (its gates are passed), and of no other: who could not have had a message says
nothing about it. Both partners get the same answer where they get the same activity; where each has one of their own,
each is asked for alone. From the enrollment's seed, so that asking again changes nothing.
"""

from collections.abc import Mapping
from typing import NamedTuple

from engine.keyed import fraction, pick
from engine.model.campaign import Audience, Step

GRAIN = 12  # decimals: what is left of 0.9 is 0.1


class Chance(NamedTuple):
    """What is to be done, and how likely that was; None where nothing was left to chance."""

    send: bool
    variant: str | None
    probability: float | None


def kept_arm(step: Step, variants: Mapping[str, str]) -> str | None:
    """The variant of a step that a couple keeps, of those it was given in this version or an earlier one."""
    return None if step.varies else variants.get(step.key)


def randomize(step: Step, seed: str, occurrence: int, position: int, kept: str | None) -> Chance:
    """The answer of chance for the partner at `position`; `kept` is the variant that their couple keeps, if any."""
    if step.randomize is None:
        return Chance(True, kept, None)
    words = (step.key, occurrence, position) if step.audience is Audience.EACH else (step.key, occurrence)
    probability, send = 1.0, step.randomize.send
    if send is not None:
        if fraction(seed, "send", *words) >= send:
            return Chance(False, None if step.varies else kept, round(1 - send, GRAIN))
        probability = send
    if not step.varies:
        return Chance(True, kept, probability)
    weights = [each.weight for each in step.variants]
    arm = step.variants[pick(fraction(seed, "variant", *words), weights)]
    return Chance(True, arm.name, round(probability * arm.weight / sum(weights), GRAIN))
