"""What is still to come for an enrollment, without planning it: the same rules asked about the future."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from engine.clock import zone_names
from engine.deliver.cases import case_of
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


@dataclass(frozen=True, slots=True)
class Upcoming:
    """An occurrence still to come. `local` carries the partner's UTC offset; `skip` says why nothing will go."""

    partner_id: int
    step: str
    week: int
    activity: str | None
    channel: Channel
    due_at: datetime
    send_at: datetime
    local: datetime
    moved: MovedBecause | None
    skip: SkipReason | FailReason | None


def upcoming(place: Facts, definition: Definition, until: date | None = None) -> Iterator[Upcoming]:
    """Everything from the place's next slot on, as it would go if the engine runs without a break."""
    if place.next_step is None:
        return
    slots = definition.calendars.of(place.start, place.own_time, place.position)
    here = place_of(slots, place.next_occurrence, definition.steps[place.next_step][0])
    got: Counter[date] = Counter()
    for slot in slots[here:]:
        if until is not None and slot.wall(place.start).date() > until:
            return
        yield _one(place, definition, slot, got)


def _one(place: Facts, definition: Definition, slot: Slot, got: Counter[date]) -> Upcoming:
    step = slot.step
    channel = step.channel or Channel(place.preferred)
    activity = activity_of(place, step, slot, place.variants.get(step.key))
    timezone = place.timezone if place.timezone in zone_names() else "UTC"
    due_at, moved = slot.instant(place.start, timezone)
    at = due_at
    _, skip = outright(place, definition, slot, activity)
    for _ in range(MOST_MOVES if skip is None else 0):
        day = local_day(at, timezone)
        monday = week_start(day)
        week = sum(got[monday + timedelta(days=ahead)] for ahead in range(7))
        counts = {place.partner_id: (got[day], week)}
        case = case_of(place, definition.campaign, step, channel, due_at, due_at + step.late_after, counts, at)
        match ask(case, at):
            case Send():
                got[day] += 1
                break
            case Skip(reason):
                skip = reason
                break
            case Defer(later, because):
                at, moved = later, because
    return Upcoming(
        place.partner_id,
        step.key,
        slot.week,
        activity,
        channel,
        due_at,
        at,
        wall_time(at, timezone),
        moved,
        skip,
    )


def schedule(
    connection: Connection, definitions: Definitions, *, until: date | None, couple: str | None, limit: int
) -> Iterator[dict[str, Any]]:
    """What is to come for a couple, or for the `limit` partners who come first, by instant: plain maps to print.

    NotFound when there is no such couple.
    """
    couple_id = None if couple is None else couples.id_of(connection, couple)
    found = places.upcoming(connection, limit, couple_id)
    entries = [
        (each.send_at, place, each)
        for place in found
        for each in upcoming(place, definitions.get(connection, place.digest), until)
    ]
    for send_at, place, each in sorted(entries, key=lambda entry: (entry[0], entry[1].ref, entry[1].position)):
        yield {
            "couple": place.ref,
            "partner": place.given_name,
            "step": each.step,
            "week": each.week,
            "activity": each.activity,
            "channel": each.channel.value,
            "due_at": send_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "local_time": each.local.isoformat(timespec="seconds"),
            "timezone": place.timezone,
            "moved_because": each.moved and each.moved.value,
            "reason": each.skip and each.skip.value,
        }
