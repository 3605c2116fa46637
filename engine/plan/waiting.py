"""For which earlier answers a step holds back."""

from engine.model.campaign import Campaign, Step
from engine.plan.calendar import occurrences


def awaited(campaign: Campaign, step: Step, occurrence: int, start_weekday: int) -> tuple[str, int] | None:
    """The step and occurrence whose answers this occurrence of `step` waits for; None when it waits for none.

    The latest on or before its own day on the enrollment's calendar: the same one for both partners.
    """
    if step.wait is None:
        return None
    asked = campaign.step(step.wait.answers)
    days = [day for day in occurrences(asked, start_weekday) if day <= occurrence]
    return (asked.key, days[-1]) if days else None
