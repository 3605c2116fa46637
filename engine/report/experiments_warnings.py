"""What is wrong with how an experiment ran: arms not as large as chance would make them, outcomes gone missing.

Either makes a difference worthless however narrow its interval, so both are looked for before it is believed.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from math import isclose

from engine.model.campaign import Audience, Campaign
from engine.model.experiment import Per, Proximal
from engine.report.experiments_fit import uneven, unlike
from engine.report.experiments_rows import Point
from engine.report.experiments_trial import Trial, shares_of

TOO_UNLIKELY = 0.001
"""What comes about by chance less often than this, we do not believe came about by chance."""


def warnings_of(trial: Trial, outcome: Proximal, versions: Sequence[Campaign]) -> Iterator[str]:
    """What to know before believing a difference."""
    yield from _mismatch(trial, versions)
    yield from _missing(trial, outcome)


def _mismatch(trial: Trial, versions: Sequence[Campaign]) -> Iterator[str]:
    """Sample-ratio mismatch, in all and within strata."""
    chances = {each.digest: dict(_chances(trial, each)) for each in versions}
    units = _units(trial)
    changed = [unit for unit in units if not _as_said(trial, unit, chances.get(unit.digest, {}))]
    if changed:
        yield "The chances were changed while it ran: whether arms are as large as they should be was not tested."
        return
    strata: dict[str, list[Point]] = defaultdict(list)
    for unit in units:
        strata[unit.stratum].append(unit)
    found = {stratum: _unlikely(trial, own, chances) for stratum, own in strata.items()}
    overall = _unlikely(trial, units, chances)
    if overall < TOO_UNLIKELY:
        yield f"Arms are not as large as chance makes them (p = {overall:.1g}): find out why before believing this."
    elif len(found) > 1 and min(found.values()) * len(found) < TOO_UNLIKELY:
        stratum = min(found, key=lambda each: found[each])
        yield f"Within {stratum} arms are not as large as chance makes them: find out why before believing this."


def _units(trial: Trial) -> list[Point]:
    """One point for each time that chance decided."""
    both = trial.step.audience is not Audience.EACH
    units: dict[object, Point] = {}
    for point in trial.counted:
        key = (*point.decision, None if both else point.partner)
        units.setdefault(point.enrollment if trial.per is Per.COUPLE else key, point)
    return list(units.values())


def _chances(trial: Trial, version: Campaign) -> Mapping[str, float]:
    step = next((step for step in version.steps if step.key == trial.step.key), None)
    return {} if step is None else shares_of(step, trial.per)


def _as_said(trial: Trial, unit: Point, chances: Mapping[str, float]) -> bool:
    """Whether its arm was as likely as its version says."""
    recorded = unit.arm_probability if trial.per is Per.COUPLE else unit.probability
    said = chances.get(trial.arm(unit))
    return recorded is not None and said is not None and isclose(recorded, said, abs_tol=1e-6)


def _unlikely(trial: Trial, units: Sequence[Point], chances: Mapping[str, Mapping[str, float]]) -> float:
    """The p of the arms' sizes."""
    arms = list(dict.fromkeys(arm for unit in units for arm in chances[unit.digest]))
    counts = Counter(trial.arm(unit) for unit in units)
    expected = [sum(chances[unit.digest].get(arm, 0.0) for unit in units) for arm in arms]
    return uneven([counts[arm] for arm in arms], expected)


def _missing(trial: Trial, outcome: Proximal) -> Iterator[str]:
    """Outcomes that are known more often in one arm than in another, of the couples that were to tell."""
    told: dict[str, set[int]] = defaultdict(set)
    all_of: dict[str, set[int]] = defaultdict(set)
    for point in trial.counted:
        all_of[trial.arm(point)].add(point.couple)
        if point.outcomes[outcome] is not None:
            told[trial.arm(point)].add(point.couple)
    parts = {arm: (len(told[arm]), len(all_of[arm])) for arm in trial.shares}
    if unlike(list(parts.values())) < TOO_UNLIKELY:
        shares = ", ".join(f"{arm} {some / whole:.0%}" for arm, (some, whole) in parts.items() if whole)
        yield f"The outcome is known more often in some arms than in others ({shares}): the difference may be who told."
