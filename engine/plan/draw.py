"""Which activity a step gives a couple: deterministic, no repeat before the pool is exhausted, mindful of causes.

A draw depends on the enrollment's seed, the step's key, the day it falls on and what was drawn before: nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.keyed import fraction, pick
from engine.model.campaign import Audience, Campaign, Draw, Step
from engine.model.strategy import Activity, Cause, Caution
from engine.plan.calendar import DAYS, occurrences

MATCH = 3  # an activity that addresses a stated cause is this many times likelier per cause than one that does not
EACH_POSITION = (1, 2)
SHARED = (None,)


@dataclass(frozen=True, slots=True)
class Tastes:
    """What a draw may know of a couple: the causes either partner stated, and whether all of them opted in to touch."""

    causes: frozenset[Cause] = frozenset()
    touch: bool = False

    @property
    def cautions(self) -> frozenset[Caution]:
        """What this couple is spared in every campaign. Nobody says how long ago trust was broken: it may be recent."""
        spared = set() if self.touch else {Caution.TOUCH}
        if Cause.TRUST_VIOLATIONS in self.causes:
            spared.add(Caution.RECENT_BREACH)
        return frozenset(spared)


def slot_key(step: str, occurrence: int, position: int | None) -> str:
    """The name of a draw in `Enrollment.draws`; `position` only where each partner has an activity of their own."""
    return f"{step}/{occurrence}" if position is None else f"{step}/{occurrence}/{position}"


def drawn_for(step: Step, occurrence: int, position: int) -> str:
    """The key under which the activity of `step` for the partner at `position` is found."""
    return slot_key(step.key, occurrence, position if step.audience is Audience.EACH else None)


def pool(campaign: Campaign, draw: Draw, week: int, tastes: Tastes) -> list[Activity]:
    """The activities `draw` may give in `week`, in the definition's order."""
    theme = campaign.themes[week - 1]
    strategies = draw.strategies or frozenset(theme.strategies)
    shallowest, deepest = draw.depth or theme.depth
    avoid = campaign.avoid | tastes.cautions
    return [
        activity
        for activity in campaign.activities.values()
        if activity.strategy in strategies
        and shallowest <= activity.depth <= deepest
        and (not draw.kinds or activity.kind in draw.kinds)
        and (not draw.modes or activity.mode in draw.modes)
        and not activity.cautions & avoid
    ]


def draw_all(
    campaign: Campaign, start_weekday: int, seed: str, tastes: Tastes, variants: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Every draw of an enrollment, by slot key. A slot whose pool is empty is left out.

    Days are drawn in order, so that "not before the pool is exhausted" looks back over all earlier days. Where each
    partner has an activity of their own, one does not get what the other has while there is anything else. What a
    step gives outright, or this couple's variant of it (`variants`, by step key), counts as given.
    """
    turns = sorted(
        (
            (occurrence, order, step)
            for order, step in enumerate(campaign.steps)
            for occurrence in occurrences(step, start_weekday)
        ),
        key=lambda turn: turn[:2],
    )
    arms = variants or {}
    outright = {
        step.key: next((arm.activity for arm in step.variants if arm.name == arms.get(step.key)), None) or step.activity
        for step in campaign.steps
    }
    given = {activity: 0 for activity in outright.values() if activity}
    pools: dict[tuple[int, int], list[Activity]] = {}
    draws: dict[str, str] = {}
    for occurrence, order, step in turns:
        draw, fixed = step.draw, outright[step.key]
        if fixed is not None:
            given[fixed] = occurrence
        if draw is None:
            continue
        week = occurrence // DAYS + 1
        candidates = pools.get((order, week))
        if candidates is None:
            candidates = pools[order, week] = pool(campaign, draw, week, tastes)
        for position in EACH_POSITION if step.audience is Audience.EACH else SHARED:
            key = slot_key(step.key, occurrence, position)
            fresh = _freshest(candidates, given, occurrence, draw.no_repeat_weeks)
            if fresh:
                weights = [MATCH ** len(activity.causes & tastes.causes) for activity in fresh]
                chosen = fresh[pick(fraction(seed, key), weights)]
                draws[key] = chosen.id
                given[chosen.id] = occurrence
    return draws


def _freshest(
    candidates: list[Activity], given: Mapping[str, int], occurrence: int, no_repeat_weeks: int | None
) -> list[Activity]:
    """Those never given; when there are none left, those given longest ago (and over `no_repeat_weeks` ago, if set)."""
    unused = [activity for activity in candidates if activity.id not in given]
    if unused or not candidates:
        return unused
    oldest = min(given[activity.id] for activity in candidates)
    if no_repeat_weeks is not None and occurrence - oldest < no_repeat_weeks * DAYS:
        return []
    return [activity for activity in candidates if given[activity.id] == oldest]
