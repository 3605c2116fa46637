"""What enrolling would do, without doing it: the places that couples would get, and why others would be left."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection

from engine.enroll.enrollment import PAGE, Draws, whom
from engine.enroll.history import said_by, stored_campaigns
from engine.model.campaign import Campaign
from engine.render.sandbox import compile_expression
from engine.store import couples, enrollments, outlook
from engine.store.assignments import Places
from engine.store.enrollments import NewEnrollment
from engine.store.facts import Facts

NOBODY_ADDRESSED = "nobody in it has a confirmed address"
NOBODY_LEFT = "both have left"
BEYOND_ALL = 2**62
"""No enrollment has an id as high: those that are only thought of come after those that are stored, as they would."""
TOLD = 3
"""Couples that are named as examples of a reason."""


@dataclass
class Foresight:
    """How many couples would be enrolled, and of those that would be left as they are how many for which reason."""

    enrolled: int = 0
    left: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    @property
    def already(self) -> int:
        """Those that are in the campaign already, or are not to be taken back unasked."""
        return self.left.total() - self.left[NOBODY_ADDRESSED]

    def leave(self, ref: str, why: str) -> None:
        self.left[why] += 1
        if len(self.examples[why]) < TOLD:
            self.examples[why].append(ref)


def foresee(
    connection: Connection,
    campaign: Campaign,
    start: date,
    done: Foresight,
    *,
    seed_key: bytes,
    now: datetime,
    refs: Sequence[str] | None = None,
    where: str | None = None,
) -> Iterator[list[Facts]]:
    """Page after page, the places that `enroll` with the same arguments would give, as the forecast reads places.

    Who would be left as they are is told to `done` meanwhile. Errors as those of `enroll`.
    """
    draws, named = Draws(campaign, start, seed_key, now), refs is not None
    campaign_of = stored_campaigns(campaign)
    wanted = compile_expression(where) if where is not None else None
    place = Places(connection, campaign.id) if draws.in_strata else None
    for ref in refs or ():
        couple_id = couples.id_of(connection, ref)
        if not outlook.as_if(connection, [couple_id]):
            done.leave(ref, NOBODY_LEFT)
    if everyone := refs is None and where is None:
        for ref in outlook.homeless(connection):
            done.leave(ref, NOBODY_ADDRESSED)
    after, number = 0, BEYOND_ALL
    while people := enrollments.candidates(connection, after, PAGE, refs):
        after = people[-1].couple_id
        members = [list(group) for _, group in groupby(people, key=lambda person: person.couple_id)]
        chosen = [each for each in members if everyone or wanted is None or wanted({"couple": whom(each)})]
        ids = [each[0].couple_id for each in chosen]
        left = enrollments.left_alone(connection, ids, campaign.id, start, named=named)
        for ref, why in outlook.refused(connection, sorted(left), campaign.id, start, named=named):
            done.leave(ref, why)
        said = said_by(connection, campaign_of, ids)
        facts = {row.partner_id: row for row in outlook.as_if(connection, ids)}
        seats: list[Facts] = []
        for each in chosen:
            if each[0].couple_id in left:
                continue
            done.enrolled += 1
            number += 1
            made = draws.enrollment(each, said.get(each[0].couple_id), place)
            seats += _places(number, made, facts)
        yield seats


def _places(number: int, made: NewEnrollment, facts: Mapping[int, Facts]) -> Iterator[Any]:
    for partner_id, due_at, step, occurrence in made.first:
        if due_at is not None and partner_id in facts:
            yield SimpleNamespace(
                **facts[partner_id]._asdict(),
                enrollment_id=number,
                digest=made.digest,
                start=made.start,
                seed=made.seed,
                variants=made.variants,
                draws=made.draws,
                left_week=None,
                passed=frozenset(),
                next_due_at=due_at,
                next_step=step,
                next_occurrence=occurrence,
            )
