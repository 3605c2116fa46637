"""The report of a campaign, put together: every figure once, from one consistent look at the store."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from engine.report.answered import answered
from engine.report.cells import FEWEST, Sheet
from engine.report.deliverability import deliverability
from engine.report.dropout import dropout
from engine.report.experiments import ExperimentResult, results_in
from engine.report.figure import Figure
from engine.report.funnel import by_channel, by_week, not_sent
from engine.report.helped import verdicts
from engine.report.messages import messages
from engine.report.opt_outs import opt_outs
from engine.report.pulse_change import pulse_change
from engine.report.pulse_weeks import pulse_weeks
from engine.report.scope import scope_of
from engine.report.spending import spending
from engine.report.standing import standing

FORMAT = 1
"""Raised when what JSON holds would mean something else."""


@dataclass(frozen=True, slots=True)
class Part:
    """A chapter of the report."""

    title: str
    figures: Sequence[Figure]


@dataclass(frozen=True, slots=True)
class Report:
    """All there is to tell. `versions` are digests, oldest first; `couples` is how many were enrolled."""

    campaign: str
    title: str
    versions: Sequence[str]
    made_at: datetime
    currency: str
    couples: int
    parts: Sequence[Part]
    experiments: Sequence[ExperimentResult] = ()

    @property
    def figures(self) -> list[Figure]:
        """Every figure, in order."""
        return [figure for part in self.parts for figure in part.figures]

    @property
    def enough(self) -> bool:
        """Whether there are couples enough for any figure."""
        return self.couples >= FEWEST

    def entry(self) -> dict[str, Any]:
        """As JSON has it; docs/report.md describes it."""
        return {
            "format": FORMAT,
            "campaign": self.campaign,
            "title": self.title,
            "versions": list(self.versions),
            "made_at": f"{self.made_at.isoformat(timespec='seconds')[:19]}Z",
            "currency": self.currency,
            "fewest_couples": FEWEST,
            "couples": None if 0 < self.couples < FEWEST else self.couples,
            "figures": [figure.entry() for figure in self.figures],
            "experiments": [each.entry() for each in self.experiments] if self.enough else [],
        }


def report_on(
    connection: Connection, campaign: str, *, now: datetime, currency: str, version: str | None = None
) -> Report:
    """The report of the campaign with this id: of all its versions, or of the one whose digest begins so.

    NotFound for a version that there is not. A campaign that nobody was enrolled in gives a report of nobody.
    """
    scope = scope_of(connection, campaign, version, now)
    sheet = Sheet()
    sent = messages(connection, scope, sheet)
    questions = answered(connection, scope, sent)  # on the same sheet, so before anything on it is shown
    enrolled = standing(connection, scope)
    by_strategy, by_activity = verdicts(connection, scope)
    weeks, channels = spending(sent, currency)
    return Report(
        campaign=campaign,
        title=scope.title,
        versions=[each.digest for each in scope.versions],
        made_at=now,
        currency=currency,
        couples=enrolled.couples,
        parts=(
            Part("Couples", (enrolled, dropout(connection, scope), opt_outs(scope, sent))),
            Part("Closeness", (pulse_weeks(connection, scope), pulse_change(connection, scope))),
            Part("What helped", (by_strategy, by_activity)),
            Part("Answers", (questions.figure(), by_week(sent), by_channel(sent))),
            Part("Delivery", (not_sent(sent), *deliverability(sent))),
            Part("Cost", (weeks, channels)),
        ),
        experiments=results_in(connection, scope),
    )
