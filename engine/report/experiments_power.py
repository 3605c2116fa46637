"""How many couples an experiment needs to find a difference that is there, worked out before it begins.

By formula, with how alike the outcomes of one couple are (the intraclass correlation) and how many of them will be
told; `bench/experiments.py` and a test hold it against simulated trials.
"""

from dataclasses import dataclass, replace
from math import comb, sqrt

from engine.errors import SettingsError
from engine.model.campaign import Audience, Step
from engine.model.experiment import Per, Proximal
from engine.plan.calendar import occurrences
from engine.report.experiments_trial import shares_of

MOST = 10_000_000
COEFFICIENTS = 4
"""What the estimator may fit beside the difference: it costs degrees of freedom."""

SPREAD = 1.0
"""The standard deviation of a pulse between all partners and weeks, in points."""
BASELINE = {Proximal.ANSWERED: 0.4, Proximal.OPT_OUT: 0.02}
"""What we expect of a share without the change."""
ALIKE = {Proximal.PULSE: 0.5, Proximal.ANSWERED: 0.3, Proximal.OPT_OUT: 0.1}
"""What we expect the intraclass correlation to be: partners, and the weeks of one couple, are alike."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is expected of an experiment.

    `effect` is the difference to be found. `spread` is the outcome's standard deviation over all partners and
    occasions, `alike` the intraclass correlation within a couple. There are `occasions` on which each of `people`
    partners tells the outcome with the chance `told`. `shares` are the chances of the two arms that are compared; where
    chance decides anew at each occasion, `shared` says that it decides for both partners at once, and `available` how
    often they could have the message at all.
    """

    per: Per
    effect: float
    spread: float
    alike: float
    occasions: int = 1
    people: int = 2
    told: float = 0.6
    shares: tuple[float, float] = (0.5, 0.5)
    shared: bool = True
    available: float = 1.0
    power: float = 0.8
    alpha: float = 0.05


def couples_needed(plan: Plan) -> int:
    """How many couples must begin it; SettingsError for more than MOST, or a plan that makes no sense."""
    _refuse(plan)
    each = _variance(plan) / plan.effect**2
    low, high = COEFFICIENTS + 3, MOST
    if _power_short(plan, each, high):
        raise SettingsError(f"More than {MOST:,} couples would be needed.", fix="Look for a larger effect.")
    while low < high:
        middle = (low + high) // 2
        if _power_short(plan, each, middle):
            low = middle + 1
        else:
            high = middle
    return low


def _power_short(plan: Plan, each: float, couples: int) -> bool:
    """Whether so many couples are too few; `each` is the variance with one couple, in squared effects."""
    from scipy.stats import t

    degrees = couples - COEFFICIENTS
    reach = t.isf(plan.alpha / 2, degrees) + t.isf(1 - plan.power, degrees)
    return bool(couples < reach**2 * each)


def _variance(plan: Plan) -> float:
    """Of the estimated difference, times the couples that begin."""
    square = plan.spread**2 * sum(1 / share for share in plan.shares)
    if plan.per is Per.COUPLE:
        # A couple counts by the mean of what it tells; one that tells nothing does not count.
        telling, reciprocal = _told(plan.occasions * plan.people, plan.told)
        return square * (plan.alike + (1 - plan.alike) * reciprocal) / telling
    # Decisions are independent of one another, so that what is alike from one to the next does not add up.
    people = plan.people if plan.shared else 1
    decisions = plan.occasions * plan.available * (1 if plan.shared else plan.people)
    if not plan.shared:
        return square / (decisions * plan.told)
    # A decision for both weighs by how many tell, and what the two tell is alike.
    rows = people * plan.told
    squares = rows * (1 - plan.told) + rows**2  # the mean of the square of how many tell
    return square * (rows + plan.alike * (squares - rows)) / (decisions * rows**2)


def _told(most: int, chance: float) -> tuple[float, float]:
    """The chance that any of so many tell, and the mean of one over how many do, of those in which any does."""
    shares = [comb(most, some) * chance**some * (1 - chance) ** (most - some) for some in range(1, most + 1)]
    any_ = sum(shares)
    return any_, sum(share / some for some, share in enumerate(shares, 1)) / any_


def _refuse(plan: Plan) -> None:
    for name, value, sound, fix in (
        ("effect", plan.effect, plan.effect > 0, "a difference above 0"),
        ("power", plan.power, 0 < plan.power < 1, "a share above 0 and below 1, such as 0.8"),
        ("alpha", plan.alpha, 0 < plan.alpha < 1, "a share above 0 and below 1, such as 0.05"),
        ("told", plan.told, 0 < plan.told <= 1, "a share above 0 and at most 1"),
        ("share", min(plan.shares), min(plan.shares) > 0, "a share above 0 and below 1"),
        ("alike", plan.alike, 0 <= plan.alike < 1, "a correlation from 0 up to below 1"),
        ("available", plan.available, 0 < plan.available <= 1, "a share above 0 and at most 1"),
        ("baseline", plan.spread, plan.spread > 0, "a share above 0 and below 1"),
    ):
        if not sound:
            raise SettingsError(f"No experiment can have {value:g} for {name}.", fix=f"Give {fix}.")


def spread_of(outcome: Proximal, baseline: float | None = None) -> float:
    """The standard deviation of an outcome, where `baseline` is the share that is expected (not of a pulse)."""
    if outcome is Proximal.PULSE:
        return SPREAD
    share = BASELINE[outcome] if baseline is None else baseline
    return sqrt(max(0.0, share * (1 - share)))


def with_step(plan: Plan, step: Step) -> Plan:
    """The plan for a step of a campaign, as far as its file says: how often it falls, for whom, with what chances."""
    reference, *others = shares_of(step, plan.per).values()
    return replace(
        plan,
        occasions=max(1, len(list(occurrences(step, 0)))),
        people=1 if step.audience is Audience.ALTERNATING else 2,
        shares=(reference, min(others, default=1 - reference)),
        shared=step.audience is not Audience.EACH,
    )
