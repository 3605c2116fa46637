"""What is still to come, without planning it: the same rules asked about the future, one couple at a time."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Connection

from engine.clock import zone_names
from engine.deliver.cases import case_of, reach_on
from engine.deliver.definitions import Definition, Definitions
from engine.deliver.due import activity_of, outright
from engine.model.campaign import Channel
from engine.model.delivery import FailReason, MovedBecause, SkipReason
from engine.plan.calendar import Slot, place_of
from engine.plan.gates import Defer, Send, Skip, ask
from engine.plan.local import local_day, wall_time, week_start
from engine.store import couples, places
from engine.store.facts import Facts

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
    gone: set[Key] = field(default_factory=set)


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
    got: dict[int, Counter[date]] = defaultdict(Counter)
    people = {row.partner_id for row in (*waiting, *found)}
    for partner, day, number in places.sent_days(connection, sorted(people)):
        got[partner][day] += number
    found_here: list[Upcoming] = []
    for row in waiting:
        got[row.partner_id][local_day(row.send_at, _zone(row))] += 1
        found_here.append(_waiting(row))
    for _, members in groupby(sorted(found, key=lambda place: place.couple_id), key=lambda place: place.couple_id):
        found_here += _of_couple(connection, definitions, list(members), _Future(got), until)
    for each in sorted(found_here, key=lambda one: (one.at, one.who.ref, one.who.position)):
        if until is None or each.local_time[:10] <= until.isoformat():
            yield each


def _of_couple(
    connection: Connection, definitions: Definitions, members: list[Facts], future: _Future, until: date | None
) -> Iterator[Upcoming]:
    """Every slot that is left to the couple's places, in the order in which they fall due."""
    slots: list[tuple[datetime, int, int, Facts, Definition, Slot]] = []
    for place in members:
        definition = definitions.get(connection, place.digest)
        calendar = definition.calendars.of(place.start, place.own_time, place.position)
        here = place_of(calendar, place.next_occurrence, definition.steps[place.next_step][0])
        for slot in calendar[here:]:
            if until is None or slot.wall(place.start).date() <= until:
                due_at, _ = slot.instant(place.start, _zone(place))
                slots.append((due_at, place.enrollment_id, place.position, place, definition, slot))
    for *_, place, definition, slot in sorted(slots, key=lambda each: each[:3]):
        yield _one(place, definition, slot, future)


def _one(place: Facts, definition: Definition, slot: Slot, future: _Future) -> Upcoming:
    step, timezone, got = slot.step, _zone(place), future.got[place.partner_id]
    channel = step.channel or Channel(place.preferred)
    key = (place.enrollment_id, step.key, slot.occurrence, channel.value)
    shared = bool(getattr(place, f"same_{channel.address}")) and key in future.gone
    activity = activity_of(place, step, slot, place.variants.get(step.key))
    due_at, moved = slot.instant(place.start, timezone)
    at = due_at
    skip: SkipReason | FailReason | None
    _, skip = outright(place, definition, slot, activity)
    for _ in range(MOST_MOVES if skip is None else 0):
        day = local_day(at, timezone)
        week = sum(got[week_start(day) + timedelta(days=ahead)] for ahead in range(7))
        counts = {place.partner_id: (got[day], week)}
        expires_at = due_at + step.late_after
        match ask(
            case_of(place, definition.campaign, reach_on(place, channel), due_at, expires_at, counts, shared=shared), at
        ):
            case Send():
                got[day] += 1
                future.gone.add(key)
                break
            case Skip(reason):
                skip = reason
                break
            case Defer(later, because):
                at, moved = later, because
    variant = place.variants.get(step.key)
    return Upcoming(place, step.key, slot.week, activity, variant, channel, at, moved, skip)


def _waiting(row: Facts) -> Upcoming:
    moved = None if row.moved_because is None else MovedBecause(row.moved_because)
    return Upcoming(row, row.step, row.week, row.activity, row.variant, Channel(row.channel), row.send_at, moved, None)


def _zone(who: Facts) -> str:
    """The partner's zone; UTC where it is not known, which says only when it will be recorded that nothing went."""
    return who.timezone if who.timezone in zone_names() else "UTC"
