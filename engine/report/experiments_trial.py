"""One step's experiment by one design: its arms, its decision points, and the arm of each."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from engine.model.campaign import Campaign, Step
from engine.model.experiment import Per, Proximal
from engine.report.experiments_fit import OfCouple
from engine.report.experiments_rows import Point

NOT_SENT, SENT = "not sent", "sent"
"""What chance decides of a step that may be withheld. No variant is called so: ids have no spaces."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One step and design, with all that its outcomes share; `shares` are the chances by arm, the reference first."""

    step: Step
    per: Per
    shares: Mapping[str, float]
    points: Sequence[Point]

    def arm(self, point: Point) -> str:
        """The arm of a point."""
        if self.per is Per.COUPLE:
            return point.arm
        return NOT_SENT if not point.sent else (point.variant or "") if self.step.varies else SENT

    @property
    def counted(self) -> list[Point]:
        """The points of which chance decided an arm that the newest version has.

        Where couples keep an arm, who goes through it again counts by the first time.
        """
        if self.per is Per.OCCURRENCE:
            return [each for each in self.points if each.available and self.arm(each) in self.shares]
        first: dict[int, int] = {}
        for each in self.points:
            first[each.couple] = min(each.enrollment, first.get(each.couple, each.enrollment))
        return [each for each in self.points if each.enrollment == first[each.couple] and each.arm in self.shares]

    def known(self, outcome: Proximal) -> list[Point]:
        """Those of which the outcome is known."""
        return [each for each in self.counted if each.outcomes[outcome] is not None]

    def means(self, outcome: Proximal) -> list[OfCouple]:
        """The mean outcome of each couple, under the arm that it keeps."""
        own: dict[int, list[Point]] = defaultdict(list)
        for point in self.known(outcome):
            own[point.couple].append(point)
        return [
            OfCouple(
                couple,
                self.arm(each[0]),
                each[0].stratum,
                sum(point.outcomes[outcome] or 0.0 for point in each) / len(each),
            )
            for couple, each in own.items()
        ]


def trials(versions: Sequence[Campaign], found: Sequence[Point]) -> Iterator[Trial]:
    """Each step and design, by the newest version that has it, in the order of the files."""
    by_step: dict[str, list[Point]] = defaultdict(list)
    for point in found:
        by_step[point.step].append(point)
    newest = {(step.key, per): step for version in versions for step in version.steps for per in designs(step)}
    for (key, per), step in newest.items():
        yield Trial(step, per, shares_of(step, per), by_step[key])


def designs(step: Step) -> Iterator[Per]:
    """By which designs chance decides anything of a step."""
    if step.kept_arms:
        yield Per.COUPLE
    if step.randomize:
        yield Per.OCCURRENCE


def shares_of(step: Step, per: Per) -> dict[str, float]:
    """The chances of a step's arms by a design, the reference first; none where it has no such design."""
    whole = sum(each.weight for each in step.variants)
    arms = {each.name: each.weight / whole for each in step.variants}
    if per is Per.COUPLE or step.randomize is None:
        return arms
    send = step.randomize.send
    if send is None:
        return arms
    gone = {arm: send * share for arm, share in arms.items()} if step.varies else {SENT: send}
    return {NOT_SENT: 1 - send, **gone}
