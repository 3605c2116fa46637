"""What is still to come, without planning it: the same rules asked about the future, one couple at a time."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple, Self

from sqlalchemy import Connection

from engine.clock import zone_names
from engine.deliver.cases import case_of, reach_on
from engine.deliver.definitions import Definition, Definitions
from engine.deliver.holding_back import held
from engine.deliver.outright import activity_of, outright
from engine.model.campaign import Channel
from engine.model.delivery import FailReason, MovedBecause, SkipReason
from engine.plan.calendar import Slot
from engine.plan.gates import Defer, Send, Skip, ask
from engine.plan.local import local_day, wall_time, week_start
from engine.plan.randomize import kept_arm, randomize
from engine.plan.reseat import to_come
from engine.plan.waiting import awaited
from engine.store import couples, places
from engine.store.facts import Facts
from engine.store.told import Key as Whose
from engine.store.told import Told, told

MOST_MOVES = 14  # a delivery that is still deferred after so many windows is too late by any rule

Entry = dict[str, Any]
Key = tuple[int, str, int, str]  # enrollment, step, occurrence, channel


@dataclass(frozen=True, slots=True)
class Upcoming:
    """One message to come, or one that will not go for the reason `skip`. `at` is aware, UTC.

    `who` is a row with at least the partner's and couple's names, zone, locale, sealed phone and definition's digest.
    """

    who: Facts
    step: str
    week: int
    activity: str | None
    variant: str | None
    channel: Channel
    at: datetime
    moved: MovedBecause | None
    skip: SkipReason | FailReason | None
    occurrence: int

    def entry(self) -> Entry:
        """As it is shown, in the partner's local time."""
        return {
            "couple": self.who.ref,
            "partner": self.who.given_name,
            "step": self.step,
            "week": self.week,
            "activity": self.activity,
            "channel": self.channel.value,
            "due_at": self.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "local_time": self.local_time,
            "timezone": self.who.timezone,
            "moved_because": self.moved and self.moved.value,
            "reason": self.skip and self.skip.value,
        }

    @property
    def local_time(self) -> str:
        """When it is on the partner's wall, with the offset."""
        return wall_time(self.at, _zone(self.who)).isoformat(timespec="seconds")


@dataclass
class _Future:
    """What one couple will have had: messages by partner and local day, and the occurrences that will have gone."""

    got: Mapping[int, Counter[date]]
    told: Mapping[Whose, Told]  # what is known today by whoever has a step with a condition to come
    gone: set[Key] = field(default_factory=set)


class _Ahead(NamedTuple):
    """A slot to come, and the instant from which it counts: its own, or that to which something holds it back."""

    counts_from: datetime
    place: Facts
    definition: Definition
    slot: Slot
    held: bool = False

    def held_back(self) -> Self:
        """The same, as late as the answers it waits for can make it."""
        wait = self.slot.step.wait
        return self if wait is None else self._replace(counts_from=self.counts_from + wait.at_most, held=True)


def schedule(
    connection: Connection, definitions: Definitions, *, until: date | None, couple: str | None, limit: int
) -> Iterator[Upcoming]:
    """What is to come for a couple, or for about `limit` partners who come first, by instant.

    As it would go if the engine runs without a break. What is planned already, such as what a gate moved to tomorrow
    morning, is there too. NotFound when there is no such couple.
    """
    couple_id = None if couple is None else couples.id_of(connection, couple)
    waiting = places.planned(connection, limit, couple_id)
    found = places.upcoming(connection, limit, couple_id)
    coming = forecast(connection, definitions, waiting, found, until)
    for each in sorted(coming, key=lambda one: (one.at, one.who.ref, one.who.position)):
        if until is None or each.local_time[:10] <= until.isoformat():
            yield each


def forecast(
    connection: Connection,
    definitions: Definitions,
    waiting: Sequence[Facts],
    found: Sequence[Facts],
    until: date | None,
) -> Iterator[Upcoming]:
    """What is to come of planned deliveries (`waiting`) and of places (`found`): whole couples, one after the other.

    Rows as `places.planned` and `places.upcoming` give them.
    """
    got: dict[int, Counter[date]] = defaultdict(Counter)
    people = {row.partner_id for row in (*waiting, *found)}
    for partner, day, number in places.sent_days(connection, sorted(people)):
        got[partner][day] += number
    for row in waiting:
        got[row.partner_id][local_day(row.send_at, _zone(row))] += 1
        yield _waiting(row)
    asked = [(p.enrollment_id, p.partner_id) for p in found if definitions.get(connection, p.digest).conditions]
    said = told(connection, asked)
    for _, members in groupby(sorted(found, key=lambda place: place.couple_id), key=lambda place: place.couple_id):
        yield from _of_couple(connection, definitions, list(members), _Future(got, said), until)


def _of_couple(
    connection: Connection, definitions: Definitions, members: list[Facts], future: _Future, until: date | None
) -> Iterator[Upcoming]:
    """Every slot that is left to the couple's places, in the order in which they would go."""
    slots: list[_Ahead] = []
    for place in members:
        definition = definitions.get(connection, place.digest)
        calendar, here = definition.stands(place)
        counts_from = place.next_due_at
        for slot in to_come(calendar, here, place.passed):
            counts_from = max(counts_from, slot.instant(place.start, _zone(place))[0])
            if until is None or slot.wall(place.start).date() <= until:
                slots.append(_Ahead(counts_from, place, definition, slot))
    asked = {}
    for number, (_, place, definition, slot, _) in enumerate(slots):
        answers = awaited(definition.campaign, slot.step, slot.occurrence, place.start.weekday())
        if answers:
            asked[number] = (place.enrollment_id, *answers)
    for number in held(connection, asked):
        slots[number] = slots[number].held_back()
    for ahead in sorted(slots, key=lambda each: (each.counts_from, each.place.enrollment_id, each.place.position)):
        yield _one(ahead, future)


def _one(ahead: _Ahead, future: _Future) -> Upcoming:
    place, definition, slot = ahead.place, ahead.definition, ahead.slot
    step, timezone, got = slot.step, _zone(place), future.got[place.partner_id]
    channel = step.channel or Channel(place.preferred)
    key = (place.enrollment_id, step.key, slot.occurrence, channel.value)
    shared = bool(getattr(place, f"same_{channel.address}")) and key in future.gone
    due_at, moved = slot.instant(place.start, timezone)
    at = ahead.counts_from
    moved = MovedBecause.WAITING if ahead.held else moved
    skip: SkipReason | FailReason | None
    _, skip = outright(place, definition, slot, future.told)
    kept = kept_arm(step, place.variants)
    chance = randomize(step, place.seed, slot.occurrence, place.position, kept)
    for _ in range(MOST_MOVES if skip is None else 0):
        day = local_day(at, timezone)
        monday = week_start(day)
        week = sum(got[monday + timedelta(days=ahead)] for ahead in range(7))
        counts = {place.partner_id: (got[day], week)}
        expires_at = ahead.counts_from + step.late_after
        match ask(
            case_of(place, definition.campaign, reach_on(place, channel), due_at, expires_at, counts, shared=shared), at
        ):
            case Send():
                if chance.send:
                    got[day] += 1
                    future.gone.add(key)
                else:
                    skip = SkipReason.WITHHELD
                break
            case Skip(reason):
                skip = reason
                break
            case Defer(later, because):
                at, moved = later, moved if ahead.held else because
    variant = chance.variant if skip in (None, SkipReason.WITHHELD) else kept
    activity = activity_of(place, step, slot, variant)
    return Upcoming(place, step.key, slot.week, activity, variant, channel, at, moved, skip, slot.occurrence)


def _waiting(row: Facts) -> Upcoming:
    moved = None if row.moved_because is None else MovedBecause(row.moved_because)
    channel = Channel(row.channel)
    return Upcoming(
        row, row.step, row.week, row.activity, row.variant, channel, row.send_at, moved, None, row.occurrence
    )


def _zone(who: Facts) -> str:
    """The partner's zone; UTC where it is not known, which says only when it will be recorded that nothing went."""
    return who.timezone if who.timezone in zone_names() else "UTC"
