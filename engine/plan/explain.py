"""Why each activity of an enrollment was drawn: every draw made again, by what it went by then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.keyed import fraction
from engine.model.campaign import Campaign
from engine.model.strategy import Cause
from engine.plan.draw import Drawing, Pools, Turn
from engine.plan.epoch import Epoch, in_force


@dataclass(frozen=True, slots=True)
class Choice:
    """What stood to choose from. The chance of the activity was `weight` of `total`, its share of the `fresh` ones."""

    suiting: int  # activities that suit the step, the week and the couple
    fresh: int  # of these: never given before, or where all were (`again`) those given longest ago
    again: bool
    weight: float
    total: float
    causes: tuple[Cause, ...]  # the stated causes that it addresses
    tilt: float  # how much likelier its strategy was by what was learned; 1 without
    barred: int  # how many more would suit, had they not been "not for us"


@dataclass(frozen=True, slots=True)
class Drawn:
    """One draw; `activity` is None where nothing was left, `choice` where it was not kept what the draw went by."""

    turn: Turn
    activity: str | None
    choice: Choice | None


def explain(
    campaign: Campaign,
    start_weekday: int,
    seed: str,
    epochs: Sequence[Epoch],
    draws: Mapping[str, str],
    variants: Mapping[str, str] | None = None,
) -> list[Drawn]:
    """Every draw of an enrollment in the order of their days, each with what it was chosen from and why it was likely.

    `draws` are those that are stored; a draw that comes out otherwise when it is made again is not explained.
    """
    drawing = Drawing(Pools(campaign), start_weekday, variants)
    found = []
    for turn in drawing.turns():
        stored, epoch = draws.get(turn.key), in_force(epochs, turn.occurrence)
        found.append(Drawn(turn, stored, None if epoch is None else _choice(drawing, turn, seed, epoch, stored)))
        if stored is not None:
            drawing.give(stored, turn.occurrence)
    return found


def _choice(drawing: Drawing, turn: Turn, seed: str, epoch: Epoch, stored: str | None) -> Choice | None:
    offer = drawing.offer(turn, epoch.tastes, epoch.learned)
    chosen = offer.pick(fraction(seed, turn.key))
    if (None if chosen is None else chosen.id) != stored:
        return None
    return Choice(
        suiting=len(offer.suiting),
        fresh=len(offer.fresh),
        again=chosen is not None and drawing.was_given(chosen.id),
        weight=0 if chosen is None else offer.weights[offer.fresh.index(chosen)],
        total=sum(offer.weights),
        causes=() if chosen is None else tuple(sorted(chosen.causes & epoch.tastes.causes)),
        tilt=1 if chosen is None else epoch.learned.tilt.get(chosen.strategy, 1),
        barred=offer.barred,
    )
