"""Draws: whether there is enough to draw from."""

from collections import Counter
from collections.abc import Iterator

from engine.check.subject import Definition
from engine.define.findings import Finding
from engine.model.campaign import Audience, Campaign, Step
from engine.model.strategy import Cause
from engine.plan.calendar import DAYS, occurrences
from engine.plan.draw import Tastes, draw_all, pool, slot_key

MOST_CAUTIOUS = Tastes(causes=frozenset({Cause.TRUST_VIOLATIONS}))
"""A couple that has not opted in to touch and whose trust was broken: a pool must do for them too."""

TRIAL_COUPLES = 28
"""Four for each weekday on which an enrollment may start; what one of them meets, many of a thousand will."""


def check_draws(definition: Definition) -> Iterator[Finding]:
    """Findings about steps that would have nothing to draw, or come round to an activity again: tried on couples."""
    campaign = definition.campaign
    repeats, undrawn = _tried(campaign)
    for step in campaign.steps:
        if step.draw is None:
            continue
        drawn = len(_slots(step, 0))
        pools = {week: pool(campaign, step.draw, week, MOST_CAUTIOUS) for week in step.weeks}
        choices = len({activity.id for activities in pools.values() for activity in activities})
        if empty := [week for week, activities in pools.items() if not activities]:
            what = f"step {step.key} has nothing to draw in week {empty[0]}"
            yield definition.at_step(step, "draw", what, "widen the draw or the week's theme")
        elif times := repeats[step.key]:
            what = f"step {step.key} draws {_times(drawn)} from a pool of {choices}; up to {times} come again"
            fix = "widen its kind, mode, depth or strategies, or say no_repeat_weeks"
            yield definition.at_step(step, "draw", what, fix)
        elif times := undrawn[step.key]:
            what = (
                f"step {step.key} draws {_times(drawn)} from a pool of {choices}; up to {times} find none rested enough"
            )
            yield definition.at_step(step, "draw", what, "lower no_repeat_weeks, or widen the draw")


def _tried(campaign: Campaign) -> tuple[Counter[str], Counter[str]]:
    """By step key, the most draws of a trial couple that repeat an activity, and the most that come to nothing.

    A step with `no_repeat_weeks` may repeat, and never does too soon: it would rather send nothing.
    """
    repeats: Counter[str] = Counter()
    undrawn: Counter[str] = Counter()
    for couple in range(TRIAL_COUPLES):
        start_weekday = couple % DAYS
        draws = draw_all(campaign, start_weekday, f"trial couple {couple}", MOST_CAUTIOUS)
        seen = {step.activity for step in campaign.steps}
        again: Counter[str] = Counter()
        for slot, activity in draws.items():  # in the order of their days
            again[slot.partition("/")[0]] += activity in seen
            seen.add(activity)
        for step in campaign.steps:
            if step.draw is not None and step.draw.no_repeat_weeks is None:
                repeats[step.key] = max(repeats[step.key], again[step.key])
            elif step.draw is not None:
                nothing = sum(slot not in draws for slot in _slots(step, start_weekday))
                undrawn[step.key] = max(undrawn[step.key], nothing)
    return repeats, undrawn


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _slots(step: Step, start_weekday: int) -> list[str]:
    """The key of every draw that the step makes in an enrollment."""
    positions = (1, 2) if step.audience is Audience.EACH else (None,)
    return [slot_key(step.key, day, position) for day in occurrences(step, start_weekday) for position in positions]
