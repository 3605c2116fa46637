"""What a campaign's experiments have shown so far, in numbers and in one sentence that claims no more than they do.

A sentence speaks of an effect only once as many couples as were planned are through, and only where the interval leaves
nothing else, after Holm's correction for all that was asked. Before, it is an interim look: intervals are so wide that
they hold however often one looks, and there is no verdict. With too few couples it says that nobody can know.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from engine.model.campaign import Campaign, StepPurpose
from engine.model.experiment import Experiment, Per, Proximal
from engine.report.cells import FEWEST
from engine.report.experiments_fit import (
    Difference,
    OfOccurrence,
    by_couple,
    by_occurrence,
    holm,
    ratio,
    ratio_interval,
    reach,
)
from engine.report.experiments_rows import couples_through, points
from engine.report.experiments_trial import Trial, trials
from engine.report.experiments_warnings import warnings_of
from engine.report.scope import Scope, scope_of
from engine.store.schema import deliveries, enrollments
from engine.store.types import EPOCH, Instant

LEAST = 10
"""Couples in each arm below which nothing is estimated: the errors of fewer are not to be trusted."""
FEW = 40
RARE = 10


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm. `couples` and all else are None where fewer than FEWEST couples stand behind an arm.

    `mean` is of its couples (of its decision points where chance decides each anew). `difference` is against the
    reference, with its interval; `times` the ratio, where a ratio fits. `p` is Holm's.
    """

    arm: str
    couples: int | None
    points: int | None
    mean: float | None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    times: float | None = None
    times_low: float | None = None
    times_high: float | None = None
    p: float | None = None
    verdict: str = ""


def _written(value: float | None, form: str = "+.3f") -> str:
    return "–" if value is None else f"{value:{form}}".replace("-", "−")


def _between(low: float | None, high: float | None, form: str = "+.3f") -> str:
    return "–" if low is None else f"{_written(low, form)} to {_written(high, form)}"


@dataclass(frozen=True, slots=True)
class ExperimentResult:
    """One outcome of one step's experiment. The first of `arms` is the reference.

    `per` says what keeps an arm (model.experiment.Per), `couples` how many are through the campaign, of `planned`.
    """

    step: str
    per: str
    outcome: str
    couples: int | None
    planned: int | None
    interim: bool
    arms: tuple[Arm, ...]
    warnings: tuple[str, ...]
    verdict: str

    @property
    def reference(self) -> str:
        """What the other arms are held against."""
        return self.arms[0].arm

    @property
    def headings(self) -> tuple[str, ...]:
        """Of the table of its arms."""
        times = ("Times as much", "95 % interval") if self._has_ratios else ()
        more = f"More than {self.reference}"
        return ("Arm", "Couples", "Points", "Mean", more, "95 % interval", *times, "p (Holm)")

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """That table: an arm a row."""
        return [self._row(arm) for arm in self.arms]

    @property
    def _has_ratios(self) -> bool:
        return any(arm.times is not None for arm in self.arms)

    def _row(self, arm: Arm) -> tuple[str, ...]:
        times = (_written(arm.times, ".2f"), _between(arm.times_low, arm.times_high, ".2f"))
        return (
            arm.arm,
            "hidden" if arm.couples is None else f"{arm.couples:,}",
            "hidden" if arm.points is None else f"{arm.points:,}",
            _written(arm.mean, ".3f"),
            _written(arm.difference),
            _between(arm.low, arm.high),
            *(times if self._has_ratios else ()),
            _written(arm.p, ".3f"),
        )

    @property
    def asks(self) -> str:
        """What the outcome is, in a sentence."""
        return Proximal(self.outcome).sentence

    def entry(self) -> dict[str, Any]:
        """As JSON shows it."""
        return asdict(self)


def results(connection: Connection, campaign: str, now: datetime | None = None) -> Sequence[ExperimentResult]:
    """What each experiment of a campaign shows, step by step and outcome by outcome, of all versions together.

    `now` says whose 48 hours have passed; by default the latest instant that the campaign's deliveries know of. Nothing
    where chance decides nothing.
    """
    scope = scope_of(connection, campaign, None, now or _latest(connection, campaign))
    return results_in(connection, scope)


def results_in(connection: Connection, scope: Scope) -> Sequence[ExperimentResult]:
    """The same, of the versions of a scope and as it stands then."""
    if not scope.versions:
        return []
    experiment = scope.versions[-1].experiment or Experiment()
    through = couples_through(connection, scope)
    pulses = any(step.purpose is StepPurpose.PULSE for each in scope.versions for step in each.steps)
    looks = [
        _Look(trial, outcome, experiment, through, scope.versions)
        for trial in trials(scope.versions, list(points(connection, scope)))
        for outcome in experiment.outcomes
        if outcome is not Proximal.PULSE or pulses
    ]
    differences = [each for look in looks if not look.interim for each in look.differences]
    corrected = dict(zip(map(id, differences), holm([each.p for each in differences]), strict=True))
    return [look.result(corrected) for look in looks]


def _latest(connection: Connection, campaign: str) -> datetime:
    latest: datetime | None = connection.execute(
        select(func.max(deliveries.c.send_at, type_=Instant))
        .join(enrollments, enrollments.c.id == deliveries.c.enrollment_id)
        .where(enrollments.c.campaign == campaign, deliveries.c.status != "planned")
    ).scalar()
    return latest or EPOCH


class _Look:
    """One outcome of one trial, as it stands."""

    def __init__(
        self,
        trial: Trial,
        outcome: Proximal,
        experiment: Experiment,
        through: set[int],
        versions: Sequence[Campaign],
    ) -> None:
        self._trial, self._outcome, self._experiment, self._versions = trial, outcome, experiment, versions
        self._points = trial.known(outcome)
        self._couples = trial.means(outcome)
        in_it = {each.couple for each in trial.counted}
        self._through = len(in_it & through)
        self.interim = experiment.couples is not None and self._through < experiment.couples
        # Once too few are behind one arm nothing is shown of any: what is shown of the others would tell it.
        sizes = [len({each.couple for each in self._points if trial.arm(each) == arm}) for arm in trial.shares]
        self._hidden = any(0 < size < FEWEST for size in sizes)
        self._sizes = dict(zip(trial.shares, sizes, strict=True))
        self.differences: list[Difference] = []
        if min(sizes) >= LEAST and len({each.outcomes[outcome] for each in self._points}) > 1:
            self.differences = self._estimated()

    def _estimated(self) -> list[Difference]:
        if self._trial.per is Per.COUPLE:
            return by_couple(self._couples, list(self._trial.shares))
        occasions = [
            OfOccurrence(
                each.couple,
                self._trial.arm(each),
                each.probability or 1.0,
                each.outcomes[self._outcome] or 0.0,
                each.week,
                each.prior,
            )
            for each in self._points
        ]
        return by_occurrence(occasions, self._trial.shares)

    @property
    def _fraction(self) -> float | None:
        """How far on its way to the planned end it is; None at the end, or where none was planned."""
        planned = self._experiment.couples
        if planned is None or not self.interim:
            return None
        return min(1.0, len({each.couple for each in self._points}) / planned)

    def result(self, corrected: Mapping[int, float]) -> ExperimentResult:
        """What there is to show; `corrected` has Holm's p by the identity of a difference."""
        by_arm = {each.arm: each for each in self.differences}
        reference = next(iter(self._trial.shares))
        arms = []
        for arm in self._trial.shares:
            found = by_arm.get(arm)
            shown = self._bare(arm)
            if found is not None:
                shown = self._compared(shown, found, reference, corrected.get(id(found)))
            arms.append(shown)
        return ExperimentResult(
            step=self._trial.step.key,
            per=self._trial.per.value,
            outcome=self._outcome.value,
            couples=None if 0 < self._through < FEWEST else self._through,
            planned=self._experiment.couples,
            interim=self.interim,
            arms=tuple(arms),
            warnings=tuple(self._warnings()),
            verdict=self._verdict(arms),
        )

    def _bare(self, arm: str) -> Arm:
        if self._hidden:
            return Arm(arm, None, None, None)
        own = [each for each in self._points if self._trial.arm(each) == arm]
        if self._trial.per is Per.COUPLE:
            values = [each.value for each in self._couples if each.arm == arm]
        else:
            values = [each.outcomes[self._outcome] or 0.0 for each in own]
        return Arm(arm, self._sizes[arm], len(own), sum(values) / len(values) if values else None)

    def _compared(self, shown: Arm, found: Difference, reference: str, p: float | None) -> Arm:
        low, high = found.interval(self._fraction)
        shown = replace(shown, difference=found.estimate, low=low, high=high, p=p)
        # A mean on a scale from 1 has no meaningful ratio; a share has one.
        if self._trial.per is Per.COUPLE and self._outcome is not Proximal.PULSE:
            times = ratio(self._couples, shown.arm, reference)
            if times is not None:
                ends = ratio_interval(times, reach(found.degrees, self._fraction))
                shown = replace(shown, times=times[0], times_low=ends[0], times_high=ends[1])
        return replace(shown, verdict=self._sentence(shown, reference))

    def _sentence(self, arm: Arm, reference: str) -> str:
        """What may be said of one arm at the end."""
        if self.interim or arm.low is None or arm.high is None:
            return ""
        ends = sorted((self._outcome.better * arm.low, self._outcome.better * arm.high))
        worth = self._experiment.worth(self._outcome)
        sure = arm.p is not None and arm.p < 0.05
        if ends[0] <= -worth and ends[1] >= worth:
            return f"Not enough couples to know whether {arm.arm} is better or worse than {reference}."
        if ends[0] > 0 and sure:
            return f"Better with {arm.arm} than with {reference}."
        if ends[1] < 0 and sure:
            return f"Worse with {arm.arm} than with {reference}."
        if -worth < ends[0] and ends[1] < worth:
            return f"No difference between {arm.arm} and {reference} that matters."
        return f"Not settled whether {arm.arm} differs from {reference} by as much as matters."

    def _verdict(self, arms: Sequence[Arm]) -> str:
        if self._hidden or min(self._sizes.values()) < LEAST:
            return f"Not enough couples to know: there are fewer than {LEAST} in an arm."
        if self.interim:
            return f"An interim look, after {self._through} of {self._experiment.couples} couples: no verdict yet."
        if not self.differences:
            return "Nothing to compare: the outcome is the same for everybody, or known of too few."
        return " ".join(each.verdict for each in arms if each.verdict)

    def _warnings(self) -> Iterator[str]:
        if self._hidden:
            return
        yield from warnings_of(self._trial, self._outcome, self._versions)
        if self.interim:
            yield "Before the planned end intervals are wider, so that they hold however often you look."
        elif self._experiment.couples is None:
            yield (
                "No number of couples was planned: intervals hold if you look once, at a time chosen beforehand,"
                " and not if you look until you like what you see."
            )
        couples = {each.couple for each in self._points}
        if self.differences and len(couples) < FEW:
            yield f"Only {len(couples)} couples: the intervals allow for it, and are rough all the same."
        happened = sum(bool(each.outcomes[self._outcome]) for each in self._points)
        if self._outcome is not Proximal.PULSE and self.differences and happened < RARE:
            yield "It hardly ever happened: the intervals are rough."
