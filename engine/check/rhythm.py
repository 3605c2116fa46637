"""A campaign's rhythm: empty weeks, steps that never fall or never fall in a window, caps that are always exceeded."""

from collections import Counter
from collections.abc import Iterator
from datetime import time

from engine.check.subject import Definition
from engine.define.findings import Finding
from engine.model.campaign import START_DAY, Campaign, Step
from engine.plan.calendar import DAYS, calendar, occurrences

ANY_DAY = range(7)
EVENING = time(19)
"""A partner's own time, for counting only; `DEFAULT_SEND_AT` is the same."""


def check_rhythm(definition: Definition) -> Iterator[Finding]:
    """Findings about when the campaign's steps fall."""
    yield from _empty_weeks(definition)
    for step in definition.campaign.steps:
        yield from _never_falls(definition, step)
        yield from _never_in_window(definition, step)
    yield from _over_caps(definition)


def _empty_weeks(definition: Definition) -> Iterator[Finding]:
    campaign = definition.campaign
    filled = {day // DAYS + 1 for step in campaign.steps for day in occurrences(step, 0)}
    for week in range(1, campaign.weeks + 1):
        if week not in filled:
            fix = "add a step that falls in it, or take a week off"
            yield definition.finding(("weeks",), f"week {week} has no step", fix)


def _never_falls(definition: Definition, step: Step) -> Iterator[Finding]:
    if not any(True for _ in occurrences(step, 0)):
        what = f"step {step.key} falls on no day: every {step.every_days} days from the start is never in its weeks"
        yield definition.at_step(step, "every_days", what, "use fewer days between, or other weeks")


def _never_in_window(definition: Definition, step: Step) -> Iterator[Finding]:
    days = [day for day in step.days if day < START_DAY]
    if step.every_days or len(days) < len(step.days):
        days = list(ANY_DAY)
    open_days = [hours for day in days if (hours := definition.campaign.window[day]) is not None]
    if not open_days:
        what = f"step {step.key} falls only on days that the window closes"
        yield definition.at_step(step, "days", what, "choose another day, or open the window")
    elif step.at is not None and not any(hours.opens <= step.at < hours.closes for hours in open_days):
        opens, closes = min(hours.opens for hours in open_days), max(hours.closes for hours in open_days)
        what = f"step {step.key} at {step.at:%H:%M} is never within the window ({opens:%H:%M}-{closes:%H:%M})"
        yield definition.at_step(step, "at", what, "choose a time within it; else it always waits for the next one")


def _over_caps(definition: Definition) -> Iterator[Finding]:
    """Only what no start weekday avoids: a busy first day that a cap spreads out is what caps are for."""
    campaign = definition.campaign
    busiest = [_busiest(campaign, weekday) for weekday in ANY_DAY]
    for name, most, cap in (
        ("day", min(day for day, _ in busiest), campaign.caps.per_day),
        ("week", min(week for _, week in busiest), campaign.caps.per_week),
    ):
        if most > cap:
            what = f"{most} messages always fall in one {name} of this campaign, and its cap is {cap}"
            yield definition.finding(("caps", f"per_{name}"), what, f"take a step out, or set caps: per_{name}: {most}")


def _busiest(campaign: Campaign, start_weekday: int) -> tuple[int, int]:
    """The most messages to one partner in a day, and in a Monday-to-Sunday week. Conditional steps are left out."""
    days: Counter[tuple[int, int]] = Counter()
    weeks: Counter[tuple[int, int]] = Counter()
    for position in (1, 2):
        for slot in calendar(campaign, start_weekday, EVENING, position):
            if slot.step.when is None:
                days[position, slot.occurrence] += 1
                weeks[position, (slot.occurrence + start_weekday) // DAYS] += 1
    return max(days.values(), default=0), max(weeks.values(), default=0)
