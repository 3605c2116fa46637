"""What a couple's running campaigns give it, and why each activity was drawn, as a person or a program reads it."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from engine.define.digest import thaw
from engine.model.campaign import Audience, Campaign, Step
from engine.plan.calendar import DAYS, occurrences
from engine.plan.draw import MATCH, Turn
from engine.plan.epoch import read
from engine.plan.explain import Choice, Drawn, explain
from engine.store import definitions, learning
from engine.store.facts import Facts


@dataclass(frozen=True, slots=True)
class Explained:
    """One draw. `day` is its day by the campaign, `partner` 1 or 2 where it is for one of them, None for both.

    `come` says that either partner has a delivery for that day or a later one: it stays as it is whatever is learned.
    """

    campaign: str
    week: int
    day: str
    step: str
    partner: int | None
    activity: str | None
    title: str | None
    strategy: str | None
    come: bool
    why: str
    choice: Choice | None

    def entry(self) -> dict[str, Any]:
        """As JSON shows it."""
        return asdict(self)


def explained(connection: Connection, couple_id: int) -> list[Explained]:
    """Every draw of a couple's running enrollments, enrollment by enrollment, in the order of their days."""
    return [
        line
        for row in learning.running(connection, couple_id)
        for line in _of_enrollment(connection, row, thaw(definitions.body(connection, row.digest)))
    ]


def _of_enrollment(connection: Connection, row: Facts, campaign: Campaign) -> Iterator[Explained]:
    keys = {step.key for step in campaign.steps}
    begun = max((each.occurrence for each in learning.begun(connection, row.id) if each.step in keys), default=-1)
    for drawn in explain(campaign, row.start.weekday(), row.seed, read(row.learned), row.draws, row.variants):
        turn, activity = drawn.turn, campaign.activities.get(drawn.activity or "")
        yield Explained(
            campaign=row.campaign,
            week=turn.occurrence // DAYS + 1,
            day=(row.start + timedelta(days=turn.occurrence)).isoformat(),
            step=turn.step.key,
            partner=_whose(turn, row.start.weekday()),
            activity=drawn.activity,
            title=None if activity is None else activity.text("en").title,
            strategy=None if activity is None else activity.strategy,
            come=turn.occurrence <= begun,
            why=" ".join([*_sentences(drawn, campaign), *_chances(turn.step)]),
            choice=drawn.choice,
        )


def _whose(turn: Turn, start_weekday: int) -> int | None:
    if turn.step.audience is not Audience.ALTERNATING:
        return turn.position
    return list(occurrences(turn.step, start_weekday)).index(turn.occurrence) % 2 + 1


def _sentences(drawn: Drawn, campaign: Campaign) -> Iterator[str]:
    choice = drawn.choice
    if choice is None:
        yield "What it was chosen from was not kept."
        return
    if drawn.activity is None:
        yield f"None of {choice.suiting} has rested long enough." if choice.suiting else "Nothing suits it."
    else:
        yield _chosen_from(choice)
        strategy = campaign.activities[drawn.activity].strategy
        reasons = [f"for {cause}" for cause in choice.causes]
        if reasons:
            yield f"{MATCH ** len(reasons)} times as likely {' and '.join(reasons)}."
        if choice.tilt != 1:
            yield f"{choice.tilt:.2f} times as likely by what they told us of {campaign.strategies[strategy]!r}."
    if choice.barred:
        more, verb = " more" if choice.suiting else "", "is" if choice.barred == 1 else "are"
        yield f"{choice.barred}{more} would suit it, but {verb} not for them."


def _chances(step: Step) -> Iterator[str]:
    """What is left to chance until it falls due. It counts as given all the same: no later draw depends on that."""
    if step.randomize is not None and step.randomize.send is not None:
        yield f"It goes with a chance of {step.randomize.send:.0%}."
    if step.varies:
        yield "Each occurrence is given a variant anew, which may bring an activity of its own."


def _chosen_from(choice: Choice) -> str:
    if choice.suiting == 1:
        return "The only one that suits it."
    if choice.fresh == 1:
        if choice.again:
            return f"All {choice.suiting} that suit it had been given, this one longest ago."
        return f"The only one not given yet, of {choice.suiting} that suit it."
    if choice.again:
        found = f"All {choice.suiting} that suit it had been given; one of {choice.fresh} given longest ago"
    elif choice.fresh == choice.suiting:
        found = f"One of {choice.suiting} that suit it, all of them new"
    else:
        found = f"One of {choice.fresh} not given yet, of {choice.suiting} that suit it"
    return f"{found}, with a chance of {choice.weight / choice.total:.0%}."
