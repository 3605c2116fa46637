"""Which variant of a step a couple gets: by couple, in proportion to the weights, from the enrollment's seed alone."""

from engine.keyed import fraction, pick
from engine.model.campaign import Campaign


def assign(campaign: Campaign, seed: str) -> dict[str, str]:
    """The variant's name for each step that has any, by step key. Both partners share it; it never changes."""
    return {
        step.key: step.variants[pick(fraction(seed, "variant", step.key), [v.weight for v in step.variants])].name
        for step in campaign.steps
        if step.variants
    }
