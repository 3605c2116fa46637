"""What a report is about: the enrollments of a campaign, of all its versions or of one, and what those versions say."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, bindparam, case, func, literal, select

from engine.define.digest import thaw
from engine.model.campaign import Campaign, StepPurpose
from engine.model.strategy import DEFAULT_LOCALE
from engine.store import definitions as stored
from engine.store.schema import definitions, deliveries, enrollments

CHUNK = 5_000
"""Couples to a statement: what it sorts stays small however many there are, and no couple is in two of them."""


@dataclass(frozen=True)
class Scope:
    """A campaign's enrollments, of `versions` (newest last), as they stand `now`."""

    campaign: str
    versions: tuple[Campaign, ...]
    now: datetime
    chunk: int = CHUNK

    @property
    def title(self) -> str:
        """By its newest version."""
        return self.versions[-1].title if self.versions else self.campaign

    @property
    def within(self) -> ColumnElement[bool]:
        """Whether an enrollment belongs to it."""
        # Joined with nothing, so that no index of digests is taken: couples are looked up, some at a time.
        digest = enrollments.c.digest.concat("")
        return and_(enrollments.c.campaign == self.campaign, digest.in_([each.digest for each in self.versions]))

    def each(
        self, connection: Connection, statement: Callable[[ColumnElement[bool]], Select[Any]]
    ) -> Iterator[Row[Any]]:
        """The rows of a statement, couples by couples: what is added up over them is about all.

        `statement` is told the condition that its enrollments are of the couples whose turn it is.
        """
        column = enrollments.c.couple_id
        first, last = connection.execute(select(func.min(column), func.max(column)).where(self.within)).one()
        if first is None:
            return
        whose = and_(self.within, column >= bindparam("first_couple"), column < bindparam("past_couples"))
        made = statement(whose)  # takes longer than a small one does to answer
        for begin in range(first, last + 1, self.chunk):
            yield from connection.execute(made, {"first_couple": begin, "past_couples": begin + self.chunk})

    @cached_property
    def strategies(self) -> Mapping[str, str]:
        """Titles by id."""
        return {key: title for each in self.versions for key, title in each.strategies.items()}

    @cached_property
    def activities(self) -> Mapping[str, tuple[str, str]]:
        """Strategy and title of each activity, by id."""
        return {
            key: (activity.strategy, activity.text(DEFAULT_LOCALE).title)
            for version in self.versions
            for key, activity in version.activities.items()
        }

    @cached_property
    def steps(self) -> Sequence[str]:
        """Keys of all steps, in the order of the files."""
        return tuple(dict.fromkeys(step.key for version in self.versions for step in version.steps))

    @cached_property
    def _pulses(self) -> Sequence[str]:
        return sorted({s.key for each in self.versions for s in each.steps if s.purpose is StepPurpose.PULSE})

    @cached_property
    def _questions(self) -> Sequence[str]:
        return sorted(
            {
                key
                for version in self.versions
                for key, activity in version.activities.items()
                if activity.text(DEFAULT_LOCALE).question
            }
        )

    @property
    def asks(self) -> ColumnElement[bool]:
        """Whether a delivery asks for words or for a number."""
        return deliveries.c.step.in_(self._pulses) | deliveries.c.activity.in_(self._questions)

    @property
    def strategy(self) -> ColumnElement[str | None]:
        """The strategy of a delivery's activity."""
        by_strategy: dict[str, list[str]] = {}
        for key, (strategy, _) in self.activities.items():
            by_strategy.setdefault(strategy, []).append(key)
        whens = [(deliveries.c.activity.in_(sorted(keys)), literal(strategy)) for strategy, keys in by_strategy.items()]
        return case(*whens, else_=None) if whens else literal(None)

    @property
    def days(self) -> ColumnElement[int]:
        """The days that an enrollment's version has."""
        whens = [(enrollments.c.digest == each.digest, literal(7 * each.weeks)) for each in self.versions]
        return case(*whens, else_=literal(0)) if whens else literal(0)


def is_known(connection: Connection, campaign: str) -> bool:
    """Whether any version of the campaign is stored: whether anybody has been enrolled in it."""
    return (
        connection.execute(select(definitions.c.digest).where(definitions.c.campaign == campaign)).first() is not None
    )


def scope_of(connection: Connection, campaign: str, version: str | None, now: datetime) -> Scope:
    """The enrollments of a campaign: those of the stored version whose digest begins so, or of all (None).

    A campaign in which nobody has been enrolled has no versions. NotFound unless there is one such version.
    """
    if version is not None:
        digests = [stored.find(connection, version, campaign)]
    else:
        digests = list(
            connection.execute(
                select(definitions.c.digest)
                .where(definitions.c.campaign == campaign)
                .order_by(definitions.c.stored_at, definitions.c.digest)
            ).scalars()
        )
    return Scope(campaign, tuple(thaw(stored.body(connection, digest)) for digest in digests), now)
