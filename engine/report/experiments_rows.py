"""The decision points of a campaign's experiments, each with what chance decided and what came of it soon after.

A decision point is one occurrence of a step for one partner. Its instant is when its message was to go, which is the
same whether it went or not. Outcomes are known once their time has passed; until then, and for who did not tell, None.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, and_, func, select
from sqlalchemy import type_coerce as raw

from engine.model.campaign import Campaign, Step, StepPurpose
from engine.model.delivery import LATER, SkipReason
from engine.model.experiment import Proximal
from engine.plan.calendar import occurrences
from engine.report.leavers import acts
from engine.report.scope import Scope
from engine.store.couples_schema import answers, pulses
from engine.store.facts import VERSION
from engine.store.operating_schema import assignments
from engine.store.schema import deliveries, enrollments
from engine.store.types import to_millis

SOON = 48 * 60 * 60 * 1_000
"""How soon an answer or an opt-out is a proximal outcome: two days, in milliseconds."""

Turn = tuple[int, int, str]
"""A day of an enrollment, the place of a step in its campaign, and the step: what comes before what."""


@dataclass(frozen=True, slots=True)
class Point:
    """One decision point. `arm` is the one that the couple keeps (with its chance and stratum), "" where it keeps none.

    `available`: chance was asked, of somebody who could have had the message. Then `sent` says what it decided,
    `variant` which arm this occurrence was given, and `probability` how likely that was.
    """

    couple: int
    partner: int
    enrollment: int
    digest: str
    step: str
    occurrence: int
    week: int
    at: int  # milliseconds
    arm: str
    arm_probability: float | None
    stratum: str
    available: bool
    sent: bool
    variant: str | None
    probability: float | None
    strategy: str | None
    prior: float | None
    outcomes: Mapping[Proximal, float | None]

    @property
    def decision(self) -> tuple[int, str, int]:
        """What both partners share where the step is for both."""
        return self.enrollment, self.step, self.occurrence


def experimental(campaign: Campaign) -> list[Step]:
    """The steps of which chance decides anything."""
    return [step for step in campaign.steps if step.kept_arms or step.randomize]


def points(connection: Connection, scope: Scope) -> Iterator[Point]:
    """Every decision point of the scope's experiments, by couple, partner and instant."""
    versions = {each.digest: _Version(each) for each in scope.versions}
    steps = sorted({step.key for each in scope.versions for step in experimental(each)})
    for whose in _pages(connection, scope):
        said = _Said(connection, whose)
        for row in connection.execute(_rows(whose, steps)):
            version = versions.get(row.digest)
            if version is not None and row.step in version.steps:
                yield _point(row, version, said, to_millis(scope.now))


def _pages(connection: Connection, scope: Scope) -> list[ColumnElement[bool]]:
    """Conditions on enrollments, each for some of the scope's couples."""
    column = enrollments.c.couple_id
    first, last = connection.execute(select(func.min(column), func.max(column)).where(scope.within)).one()
    return [
        and_(scope.within, column >= begin, column < begin + scope.chunk)
        for begin in (range(first, last + 1, scope.chunk) if first is not None else ())
    ]


def _rows(whose: ColumnElement[bool], steps: Sequence[str]) -> Select[Any]:
    return (
        select(
            enrollments.c.couple_id,
            enrollments.c.id.label("enrollment_id"),
            enrollments.c.start,
            VERSION,
            deliveries.c.partner_id,
            deliveries.c.step,
            deliveries.c.occurrence,
            deliveries.c.week,
            deliveries.c.activity,
            deliveries.c.variant,
            deliveries.c.probability,
            deliveries.c.reason,
            raw(deliveries.c.send_at, BigInteger).label("at"),
            assignments.c.arm,
            assignments.c.probability.label("arm_probability"),
            assignments.c.stratum,
        )
        .join(deliveries, deliveries.c.enrollment_id == enrollments.c.id)
        .outerjoin(
            assignments,
            and_(assignments.c.enrollment_id == enrollments.c.id, assignments.c.step == deliveries.c.step),
        )
        .where(whose, deliveries.c.step.in_(steps), deliveries.c.occurrence < LATER)
        .order_by(enrollments.c.couple_id, deliveries.c.partner_id, enrollments.c.id, deliveries.c.send_at)
    )


def _point(row: Any, version: "_Version", said: "_Said", now: int) -> Point:
    turn = (row.occurrence, version.steps[row.step], row.step)
    activity = version.campaign.activities.get(row.activity or "")
    return Point(
        couple=row.couple_id,
        partner=row.partner_id,
        enrollment=row.enrollment_id,
        digest=row.digest,
        step=row.step,
        occurrence=row.occurrence,
        week=row.week,
        at=row.at,
        arm=row.arm or "",
        arm_probability=row.arm_probability,
        stratum=row.stratum or "",
        available=row.probability is not None,
        sent=row.reason != SkipReason.WITHHELD.value,
        variant=row.variant,
        probability=row.probability,
        strategy=None if activity is None else activity.strategy,
        prior=said.pulse_before(row.enrollment_id, version.pulse_turns(row.start), turn, row.at),
        outcomes={
            Proximal.PULSE: said.pulse_after(row.enrollment_id, version.pulse_turns(row.start), turn),
            Proximal.ANSWERED: said.answered(row.enrollment_id, row.partner_id, row.at, now),
            Proximal.OPT_OUT: said.opted_out(row.enrollment_id, row.partner_id, row.at, now),
        },
    )


class _Version:
    """A version of the campaign, and when its pulses are asked."""

    def __init__(self, campaign: Campaign) -> None:
        self.campaign = campaign
        self.steps = {step.key: order for order, step in enumerate(campaign.steps)}
        self._turns: dict[int, list[Turn]] = {}

    def pulse_turns(self, start: date) -> list[Turn]:
        """When pulses are asked of an enrollment from that date, in order."""
        weekday = start.weekday()
        if weekday not in self._turns:
            self._turns[weekday] = sorted(
                (day, order, step.key)
                for order, step in enumerate(self.campaign.steps)
                if step.purpose is StepPurpose.PULSE
                for day in occurrences(step, weekday)
            )
        return self._turns[weekday]


class _Said:
    """What the couples of one page said and did: answers, pulses, opt-outs."""

    def __init__(self, connection: Connection, whose: ColumnElement[bool]) -> None:
        spoke: dict[tuple[int, int], list[int]] = defaultdict(list)
        self._pulses: dict[tuple[int, int, str], list[tuple[int, int]]] = defaultdict(list)
        ours = select(enrollments.c.id).where(whose)
        words = select(answers.c.enrollment_id, answers.c.partner_id, raw(answers.c.given_at, BigInteger)).where(
            answers.c.enrollment_id.in_(ours), answers.c.given_at.is_not(None)
        )
        rated = (
            select(
                pulses.c.enrollment_id,
                pulses.c.partner_id,
                raw(pulses.c.at, BigInteger).label("at"),
                pulses.c.step,
                pulses.c.occurrence,
                pulses.c.value,
            )
            .join(enrollments, enrollments.c.id == pulses.c.enrollment_id)
            .where(whose)
        )
        for enrollment, partner, at in connection.execute(words):
            spoke[enrollment, partner].append(at)
        for row in connection.execute(rated):
            spoke[row.enrollment_id, row.partner_id].append(row.at)
            self._pulses[row.enrollment_id, row.occurrence, row.step].append((row.at, row.value))
        self._spoke = {key: sorted(each) for key, each in spoke.items()}
        ended: dict[tuple[int, int], int] = {}
        for row in connection.execute(acts(whose)):
            key = (row.enrollment_id, row.partner_id)
            ended[key] = min(row.at, ended.get(key, row.at))
        self._ended = ended

    def answered(self, enrollment: int, partner: int, at: int, now: int) -> float | None:
        """Whether they answered anything soon after."""
        if at + SOON > now:
            return None
        spoke = self._spoke.get((enrollment, partner), [])
        return float(bisect_left(spoke, at + SOON) > bisect_left(spoke, at))

    def opted_out(self, enrollment: int, partner: int, at: int, now: int) -> float | None:
        """Whether they ended it soon after; None for who had ended it before."""
        ended = self._ended.get((enrollment, partner))
        if at + SOON > now or (ended is not None and ended < at):
            return None
        return float(ended is not None and ended < at + SOON)

    def pulse_after(self, enrollment: int, turns: Sequence[Turn], turn: Turn) -> float | None:
        """The couple's mean of the next pulse that is asked, and of no later one."""
        following = turns[bisect_right(turns, turn) :]
        return self._mean(enrollment, following[0]) if following else None

    def pulse_before(self, enrollment: int, turns: Sequence[Turn], turn: Turn, at: int) -> float | None:
        """The couple's mean of the last pulse that was told by `at`."""
        for each in reversed(turns[: bisect_left(turns, turn)]):
            if (found := self._mean(enrollment, each, at)) is not None:
                return found
        return None

    def _mean(self, enrollment: int, turn: Turn, by: int | None = None) -> float | None:
        told = self._pulses.get((enrollment, turn[0], turn[2]), ())
        values = [value for at, value in told if by is None or at < by]
        return sum(values) / len(values) if values else None


def couples_through(connection: Connection, scope: Scope) -> set[int]:
    """The couples whose enrollments in the campaign are over."""
    over: dict[int, bool] = {}
    statement = select(enrollments.c.couple_id, enrollments.c.status)
    for row in connection.execute(statement.where(scope.within)):
        over[row.couple_id] = over.get(row.couple_id, True) and row.status in ("completed", "stopped")
    return {couple for couple, ended in over.items() if ended}
