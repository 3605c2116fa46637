"""Small campaigns and activities for tests of planning."""

from dataclasses import replace
from datetime import time
from operator import attrgetter
from typing import Any

from engine.model.campaign import Audience, Campaign, Caps, Draw, Step, Theme
from engine.model.strategy import Activity, ActivityText, Cause, Caution, Kind, Mode

WORDS = ActivityText("A title", "Some words.", "A text.", "What would you say?")


def activity(number: int, **given: Any) -> Activity:
    """An activity called `a1`, `a2`, …; a light conversation of strategy `s` unless told otherwise."""
    values = {"strategy": "s", "kind": Kind.CONVERSATION, "mode": Mode.TALK, "minutes": 10, "depth": 1}
    return Activity(id=f"a{number}", texts={"en": WORDS}, **{**values, **given})


def step(key: str = "talk", **given: Any) -> Step:
    """A Tuesday step at 09:00 in week 1 that draws anything."""
    values = {"template": "prompt", "weeks": (1,), "days": (1,), "at": time(9), "draw": Draw()}
    return Step(key=key, **{**values, **given})


def campaign(*steps: Step, activities: int | list[Activity] = 5, weeks: int = 12, **given: Any) -> Campaign:
    """A campaign with these steps and so many activities of strategy `s`."""
    pool = [activity(n) for n in range(activities)] if isinstance(activities, int) else activities
    return Campaign(
        id="test",
        title="Test",
        weeks=weeks,
        steps=steps,
        themes=(Theme(("s",)),) * weeks,
        activities={each.id: each for each in pool},
        strategies={"s": "Strategy"},
        digest="d",
        **{"caps": Caps(), **given},
    )


SEVEN = ("affection", "empathy", "meaning", "needs", "new", "time", "vulnerability")


def mixed(*steps: Step, each: int = 4, strategies: tuple[str, ...] = SEVEN, **given: Any) -> Campaign:
    """A campaign whose every week mixes strategies of `each` activities: a0 to a3 are the first's, and so on.

    The second of each strategy addresses a cause, the third involves touch.
    """
    activities = [
        activity(
            number,
            strategy=strategies[number // each],
            causes=frozenset({Cause.SELF_ESTEEM} if number % each == 1 else ()),
            cautions=frozenset({Caution.TOUCH} if number % each == 2 else ()),
        )
        for number in range(each * len(strategies))
    ]
    # In the order that a stored campaign has them in.
    made = campaign(*steps, activities=sorted(activities, key=attrgetter("id")), **given)
    return replace(made, themes=(Theme(strategies),) * made.weeks, strategies={name: name for name in strategies})


__all__ = ["Audience", "Cause", "Caution", "activity", "campaign", "mixed", "step"]
