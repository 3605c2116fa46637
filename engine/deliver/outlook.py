"""The whole of what is to come, or of what would come were couples enrolled: counts, first and last, cost, reasons.

Page after page of couples, so that memory does not grow with them. Partners to whom the same applies in every respect
but what is drawn for them share one timeline: it is forecast for the first of them, and told of the others.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from engine.deliver.definitions import Definitions
from engine.deliver.estimate import Estimate
from engine.deliver.forecast import Upcoming, forecast
from engine.model.notice import NOTICES
from engine.plan.draw import given_by
from engine.store import couples, places
from engine.store import outlook as store
from engine.store.facts import Facts

PAGE = 500
LOOKS_BACK = timedelta(days=8)
"""What was sent longer ago than this before the next message counts towards no cap of it."""
TOLD = 3
"""Couples that are named as examples of a reason."""


@dataclass
class Outlook:
    """What is to come, in couples, partners and messages; `first` and `last` are the messages that go first and last.

    `overdue` are those whose instant has passed; the forecast does not know whether they are too late by now. `skipped`
    counts messages that will not go, by reason. `silent` are partners to whom nothing would go at all, by the
    reason of their first message, and `examples` names couples of theirs.
    """

    couples: int = 0
    partners: int = 0
    messages: int = 0
    first: Upcoming | None = None
    last: Upcoming | None = None
    overdue: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    silent: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    costs: Sequence[Estimate] = ()


def ahead(
    connection: Connection, definitions: Definitions, until: date | None, couple: str | None = None
) -> Iterator[list[Upcoming]]:
    """Everything to come, to all or to one couple, a page of couples at a time; NotFound when there is no such couple.

    Notices, which are sent within minutes, are no part of it.
    """
    alike = _Alike(connection, definitions, until)
    pages = _pages(connection) if couple is None else [[couples.id_of(connection, couple)]]
    for ids in pages:
        waiting = store.planned(connection, ids)
        coming = alike.forecast(waiting, store.upcoming(connection, ids))
        yield [each for each in coming if definitions.get(connection, each.who.digest).campaign.id != NOTICES]


def _pages(connection: Connection) -> Iterator[Sequence[int]]:
    after = 0
    while ids := store.ahead(connection, after, PAGE):
        yield ids
        after = ids[-1]


def were_they_enrolled(
    connection: Connection, definitions: Definitions, pages: Iterable[Sequence[Facts]]
) -> Iterator[list[Upcoming]]:
    """What would come to couples by places that are not stored, pages of which are given as `places.upcoming` would.

    What else is to come to the couples counts towards their caps.
    """
    alike = _Alike(connection, definitions, None)
    for page in pages:
        ids = sorted({place.couple_id for place in page})
        would = {place.enrollment_id for place in page}
        found = [*page, *store.upcoming(connection, ids)]
        yield [
            each for each in alike.forecast(store.planned(connection, ids), found) if each.who.enrollment_id in would
        ]


def summed(
    pages: Iterable[list[Upcoming]], now: datetime, cost: Callable[[Iterable[Upcoming]], Sequence[Estimate]]
) -> Outlook:
    """The sum of it. `cost` says what messages cost; it must read all that it is given."""
    done = Outlook()

    def each_of_all() -> Iterator[Upcoming]:
        for page in pages:
            _count(page, now, done)
            yield from page

    done.costs = cost(each_of_all())
    return done


def _count(page: Sequence[Upcoming], now: datetime, done: Outlook) -> None:
    goes: dict[int, str | None] = {}  # by partner: None when anything goes to them, else why their first does not
    refs: dict[int, str] = {}
    for each in page:
        who = each.who
        refs[who.partner_id] = who.ref
        if each.skip is None:
            goes[who.partner_id] = None
            done.messages += 1
            done.overdue += each.at < now
            if done.first is None or each.at < done.first.at:
                done.first = each
            if done.last is None or each.at > done.last.at:
                done.last = each
        else:
            goes.setdefault(who.partner_id, each.skip.value)
            done.skipped[each.skip.value] += 1
    done.partners += len(goes)
    done.couples += len(set(refs.values()))
    for partner, reason in goes.items():
        if reason is not None:
            done.silent[reason] += 1
            if len(done.examples[reason]) < TOLD and refs[partner] not in done.examples[reason]:
                done.examples[reason].append(refs[partner])


_SAME = (
    "digest",
    "next_due_at",
    "next_step",
    "next_occurrence",
    "start",
    "left_week",
    "passed",
    "own_time",
    "position",
    "timezone",
    "reach_days",
    "reach_from",
    "reach_until",
    "left_at",
    "partner_paused_until",
    "couple_paused_until",
    "life_event_at",
    "enrollment_status",
    "preferred",
    "has_email",
    "has_phone",
    "email_consent",
    "sms_consent",
    "whatsapp_consent",
    "email_suppressed",
    "phone_suppressed",
)
"""All that a timeline depends on in a campaign without conditions, waits and chance; what was sent lately beside it."""


class _Alike:
    """Forecasts places, each kind once."""

    def __init__(self, connection: Connection, definitions: Definitions, until: date | None) -> None:
        self._connection = connection
        self._definitions = definitions
        self._until = until
        self._known: dict[tuple[Any, ...], list[Upcoming]] = {}
        self._plain: dict[str, bool] = {}

    def forecast(self, waiting: Sequence[Facts], found: Sequence[Facts]) -> Iterator[Upcoming]:
        """What is to come of these planned deliveries and places of whole couples."""
        occupied = {row.partner_id for row in waiting}
        had: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for partner, day, number in places.sent_days(self._connection, sorted({row.partner_id for row in found})):
            had[partner].append((day.toordinal(), number))
        often = Counter(row.partner_id for row in found)
        by_themselves: list[Facts] = []
        for row in found:
            alone = often[row.partner_id] == 1 and row.partner_id not in occupied
            if not (alone and self._is_plain(row) and not row.same_email and not row.same_phone):
                by_themselves.append(row)
                continue
            since = row.next_due_at.date().toordinal() - LOOKS_BACK.days
            lately = tuple(sorted((day, number) for day, number in had[row.partner_id] if day >= since))
            yield from self._like(row, (*(getattr(row, name) for name in _SAME), lately))
        yield from self._until_then(forecast(self._connection, self._definitions, waiting, by_themselves, self._until))

    def _until_then(self, coming: Iterable[Upcoming]) -> Iterator[Upcoming]:
        last = None if self._until is None else self._until.isoformat()
        return (each for each in coming if last is None or each.local_time[:10] <= last)

    def _like(self, row: Facts, key: tuple[Any, ...]) -> Iterator[Upcoming]:
        """What is to come for a place: by the timeline of one that is alike, with what is drawn for this one."""
        definition = self._definitions.get(self._connection, row.digest)
        if key not in self._known:
            alone = forecast(self._connection, self._definitions, (), [row], self._until)
            self._known[key] = list(self._until_then(alone))
        steps, position, draws, variants = definition.steps, row.position, row.draws, row.variants
        told = []
        for each in self._known[key]:
            _, step = steps[each.step]
            variant = variants.get(each.step)
            activity = given_by(step, each.occurrence, position, variant, draws)
            if (activity is None) != (each.activity is None):
                # One of the two has nothing to draw there, so that their timelines part.
                alone = forecast(self._connection, self._definitions, (), [row], self._until)
                return iter(list(self._until_then(alone)))
            told.append(
                Upcoming(
                    row, each.step, each.week, activity, variant, each.channel, each.at, each.moved, each.skip,
                    each.occurrence,
                )
            )  # fmt: skip
        return iter(told)

    def _is_plain(self, row: Facts) -> bool:
        """Whether the place's campaign leaves nothing to what people say or to chance."""
        if row.digest not in self._plain:
            definition = self._definitions.get(self._connection, row.digest)
            chance = any(step.randomize for step in definition.campaign.steps)
            self._plain[row.digest] = not (definition.conditions or definition.waiting or chance)
        return self._plain[row.digest]
