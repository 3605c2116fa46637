"""Which activity a step gives a couple: deterministic, no repeat before the pool is exhausted, mindful of causes.

A draw depends on the enrollment's seed, the step's key, the day it falls on, what was drawn before and what was learned
of the couple (plan.learn): nothing else.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from engine.keyed import fraction, pick
from engine.model.campaign import Audience, Campaign, Draw, Step
from engine.model.strategy import Activity, Cause, Caution
from engine.plan.calendar import DAYS, occurrences
from engine.plan.learn import NOTHING, Learned

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


def given_by(step: Step, occurrence: int, position: int, variant: str | None, draws: Mapping[str, str]) -> str | None:
    """The activity that the partner at `position` gets: their variant's, else the one drawn, else the step's own."""
    for arm in step.variants:
        if arm.name == variant and arm.activity:
            return arm.activity
    return step.activity if step.draw is None else draws.get(drawn_for(step, occurrence, position))


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


class Turn(NamedTuple):
    """One draw of an enrollment; `position` only where each partner has an activity of their own."""

    key: str
    occurrence: int
    order: int  # the step's place in its campaign
    step: Step
    draw: Draw
    position: int | None


class Offer(NamedTuple):
    """What a turn chooses from."""

    suiting: Sequence[Activity]  # all that suit the draw and the couple
    barred: int  # how many more would, were they not banned
    fresh: Sequence[Activity]  # those whose turn it is
    weights: list[float]  # of the fresh ones

    def pick(self, point: float) -> Activity | None:
        """The one that `point` in [0, 1) falls on; None when there is none."""
        return self.fresh[pick(point, self.weights)] if self.fresh else None


class Pools:
    """The pools of one campaign, each worked out once: couples with the same cautions share them."""

    def __init__(self, campaign: Campaign) -> None:
        self.campaign = campaign
        self._known: dict[tuple[int, int, frozenset[Caution]], list[Activity]] = {}

    def of(self, turn: Turn, tastes: Tastes) -> list[Activity]:
        """What a turn may draw for a couple with these tastes, whatever it was given before."""
        key = (turn.order, turn.occurrence // DAYS + 1, tastes.cautions)
        if key not in self._known:
            self._known[key] = pool(self.campaign, turn.draw, key[1], tastes)
        return self._known[key]


class Drawing:
    """The draws of one enrollment, day by day: what each may choose from, given what went before."""

    def __init__(self, pools: Pools, start_weekday: int, variants: Mapping[str, str] | None = None) -> None:
        self._pools = pools
        self._start_weekday = start_weekday
        arms = variants or {}
        self._outright = {
            step.key: next((arm.activity for arm in step.kept_arms if arm.name == arms.get(step.key)), None)
            or step.activity
            for step in pools.campaign.steps
        }
        # Which arm an occurrence gets is chance's to say when it is planned: no draw may depend on it.
        tossed = (arm.activity for step in pools.campaign.steps if step.varies for arm in step.variants)
        self._given = {activity: 0 for activity in (*self._outright.values(), *tossed) if activity}

    def turns(self) -> Iterator[Turn]:
        """Every draw, in the order of their days; say of each what it gave (`give`) before asking for the next."""
        days = sorted(
            (
                (occurrence, order, step)
                for order, step in enumerate(self._pools.campaign.steps)
                for occurrence in occurrences(step, self._start_weekday)
            ),
            key=lambda day: day[:2],
        )
        for occurrence, order, step in days:
            fixed = self._outright[step.key]
            if fixed is not None:
                self.give(fixed, occurrence)
            if step.draw is None:
                continue
            for position in EACH_POSITION if step.audience is Audience.EACH else SHARED:
                yield Turn(slot_key(step.key, occurrence, position), occurrence, order, step, step.draw, position)

    def offer(self, turn: Turn, tastes: Tastes, learned: Learned) -> Offer:
        """What this turn chooses from, for a couple with these tastes of which this was learned."""
        suiting, barred = self._pools.of(turn, tastes), 0
        if learned.banned:
            found, suiting = suiting, [activity for activity in suiting if activity.id not in learned.banned]
            barred = len(found) - len(suiting)
        fresh = _freshest(suiting, self._given, turn.occurrence, turn.draw.no_repeat_weeks)
        return Offer(suiting, barred, fresh, _weights(fresh, tastes, learned))

    def give(self, activity: str, occurrence: int) -> None:
        """This activity is given on that day."""
        self._given[activity] = occurrence

    def was_given(self, activity: str) -> bool:
        """Whether it was given by now, or a step gives it outright."""
        return activity in self._given


def _weights(activities: Sequence[Activity], tastes: Tastes, learned: Learned) -> list[float]:
    causes, tilt = tastes.causes, learned.tilt
    if not tilt:
        return [MATCH ** len(activity.causes & causes) for activity in activities]
    return [MATCH ** len(activity.causes & causes) * tilt.get(activity.strategy, 1) for activity in activities]


def draw_all(
    campaign: Campaign,
    start_weekday: int,
    seed: str,
    tastes: Tastes,
    variants: Mapping[str, str] | None = None,
    *,
    learned: Learned = NOTHING,
    kept: Mapping[str, str] | None = None,
    since: int = 0,
    anew: Callable[[Turn], bool] | None = None,
    pools: Pools | None = None,
) -> dict[str, str]:
    """Every draw of an enrollment, by slot key. A slot whose pool is empty is left out.

    Days are drawn in order, so that "not before the pool is exhausted" looks back over all earlier days. Where each
    partner has an activity of their own, one does not get what the other has while there is anything else. What a
    step gives outright, or this couple's variant of it (`variants`, by step key), counts as given.

    To draw anew, say from which day on (`since`, days after the start) and what is `kept` of the days before it: that
    stays, and counts as given. Or say of each draw whether it is made `anew`. No activity that is banned is drawn, not
    even where nothing else is left. Who draws for many couples gives the campaign's `pools`, so that they are worked
    out once.
    """
    drawing = Drawing(pools or Pools(campaign), start_weekday, variants)
    draws: dict[str, str] = {}
    for turn in drawing.turns():
        if turn.occurrence < since if anew is None else not anew(turn):
            given = (kept or {}).get(turn.key)
        else:
            chosen = drawing.offer(turn, tastes, learned).pick(fraction(seed, turn.key))
            given = None if chosen is None else chosen.id
        if given is not None:
            draws[turn.key] = given
            drawing.give(given, turn.occurrence)
    return draws


def _freshest(
    candidates: Sequence[Activity], given: Mapping[str, int], occurrence: int, no_repeat_weeks: int | None
) -> list[Activity]:
    """Those never given; when there are none left, those given longest ago (and over `no_repeat_weeks` ago, if set)."""
    unused = [activity for activity in candidates if activity.id not in given]
    if unused or not candidates:
        return unused
    oldest = min(given[activity.id] for activity in candidates)
    if no_repeat_weeks is not None and occurrence - oldest < no_repeat_weeks * DAYS:
        return []
    return [activity for activity in candidates if given[activity.id] == oldest]
