"""Draws and experiments: whether there is enough to draw from, and whether the arms of an experiment differ."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from engine.check.subject import Definition
from engine.define.findings import Finding
from engine.model.campaign import Audience, Draw, Step
from engine.plan.calendar import DAYS, occurrences
from engine.plan.draw import Tastes, pool

MOST_CAUTIOUS = Tastes()
"""A couple that has not opted in to touch: a pool must do for them too."""


@dataclass(frozen=True, slots=True)
class _Need:
    """One activity to be drawn: by which step, on which day, from which ids."""

    step: Step
    draw: Draw
    day: int
    choices: frozenset[str]


def check_draws(definition: Definition) -> Iterator[Finding]:
    """Findings about steps that would have nothing to draw, or would come round to the same activity again."""
    needs = list(_needs(definition))
    empty = {need.step.key: need.day // DAYS + 1 for need in reversed(needs) if not need.choices}
    repeats = _repeats([need for need in needs if need.choices])
    for step in definition.campaign.steps:
        drawn = [need for need in needs if need.step is step]
        if step.key in empty:
            what = f"step {step.key} has nothing to draw in week {empty[step.key]}"
            yield definition.at_step(
                step, "draw", what, "widen its kind, mode, depth or strategies, or the week's theme"
            )
        elif repeats.get(step.key):
            choices = len(frozenset().union(*(need.choices for need in drawn)))
            what = f"step {step.key} draws {len(drawn)} times from {choices} activities; {repeats[step.key]} repeat"
            fix = "widen its kind, mode, depth or strategies, or say no_repeat_weeks"
            yield definition.at_step(step, "draw", what, fix)
        elif short := _short_of_rest(drawn):
            what = f"step {step.key} draws {short[0]} times in {short[2]} weeks from {short[1]} activities"
            yield definition.at_step(step, "draw", what, "lower no_repeat_weeks, or widen the draw")


def check_variants(definition: Definition) -> Iterator[Finding]:
    """Findings about experiments that compare nothing."""
    for step in definition.campaign.steps:
        if len(step.variants) == 1:
            yield definition.at_step(
                step, "variants", f"step {step.key} has one variant only", "add another to compare"
            )
        seen: dict[tuple[str, str | None], str] = {}
        for arm in step.variants:
            twin = seen.setdefault((arm.template or step.template, arm.activity or step.activity), arm.name)
            if twin != arm.name:
                what = f"variants {twin} and {arm.name} of step {step.key} send the same"
                yield definition.at_step(step, "variants", what, "give one of them another template or activity")


def _needs(definition: Definition) -> Iterator[_Need]:
    for step in definition.campaign.steps:
        if step.draw is None:
            continue
        for day in occurrences(step, 0):
            choices = pool(definition.campaign, step.draw, day // DAYS + 1, MOST_CAUTIOUS)
            for _ in range(2 if step.audience is Audience.EACH else 1):
                yield _Need(step, step.draw, day, frozenset(activity.id for activity in choices))


def _repeats(needs: list[_Need]) -> Mapping[str, int]:
    """How many draws of each step cannot have an activity of their own, however well the others are drawn.

    A maximum matching of draws to activities (augmenting paths); steps that say after how long an activity may come
    again are left to `_short_of_rest`.
    """
    taken: dict[str, int] = {}
    unmatched: dict[str, int] = {}

    def place(index: int, tried: set[str]) -> bool:
        for choice in sorted(needs[index].choices - tried):
            tried.add(choice)
            if choice not in taken or place(taken[choice], tried):
                taken[choice] = index
                return True
        return False

    for index, need in enumerate(needs):
        if need.draw.no_repeat_weeks is None and not place(index, set()):
            unmatched[need.step.key] = unmatched.get(need.step.key, 0) + 1
    return unmatched


def _short_of_rest(needs: list[_Need]) -> tuple[int, int, int] | None:
    """Draws, choices and weeks of the first stretch of `no_repeat_weeks` that has more draws than choices."""
    for need in needs:
        weeks = need.draw.no_repeat_weeks
        if weeks is not None:
            since = need.day - weeks * DAYS
            draws = sum(since < other.day <= need.day for other in needs)
            if draws > len(need.choices):
                return draws, len(need.choices), weeks
    return None
