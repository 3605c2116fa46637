"""Turns places that have fallen due into deliveries, and moves each place on: one transaction a batch.

It costs what is due, not what is enrolled. Running it twice, or in two processes, changes nothing: an occurrence is
unique for its partner, and a place moves on only from the instant it was read at.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from engine.clock import TZDATA_VERSION
from engine.deliver.cases import Counts, case_of, days_asked, reach_on
from engine.deliver.definitions import Definition, Definitions
from engine.errors import RekindleError
from engine.model.campaign import Channel, Step
from engine.model.delivery import DeliveryStatus, FailReason, MovedBecause, SkipReason
from engine.plan.calendar import Slot, place_of
from engine.plan.draw import drawn_for
from engine.plan.gates import Defer, Skip, ask
from engine.store import context, places
from engine.store.database import Database
from engine.store.facts import Facts
from engine.store.places import millis

BATCH = 500
BREATHER = 20  # batches in a row: about a second under the write lock, of the five that another process waits for it
Row = tuple[Any, ...]


@dataclass
class Planned:
    """What one pass planned: deliveries to send, those skipped or failed at once, and places that were read."""

    planned: int = 0
    skipped: int = 0
    failed: int = 0
    places: int = 0


@dataclass
class _Batch:
    """The rows that one transaction writes."""

    deliveries: list[Row] = field(default_factory=list)
    moved: list[Row] = field(default_factory=list)
    finished: set[int] = field(default_factory=set)
    still_due: bool = False  # a place moved on to an instant that has come as well


class Planner:
    """Plans what is due."""

    def __init__(self, database: Database, definitions: Definitions) -> None:
        self._database = database
        self._definitions = definitions
        self._stopping = False

    def stop(self) -> None:
        """Plan no further batch; what is planned is planned, and the rest is due the next time."""
        self._stopping = True

    def anything_due(self, now: datetime) -> bool:
        """Whether `plan_due` would find anything; takes no lock."""
        with self._database.read() as connection:
            return places.any_due(connection, now)

    def plan_due(self, now: datetime) -> Planned:
        """Plan everything that has fallen due by `now`, however long ago, in batches."""
        total = Planned()
        batches = 0
        while True:
            with self._database.begin() as connection:
                found = places.due(connection, now, BATCH)
                if not found:
                    return total
                sent = context.sent_counts(connection, days_asked(((r.partner_id, r.timezone) for r in found), now))
                batch = _Batch()
                for place in found:
                    self._plan(connection, place, now, sent, batch)
                places.plan(connection, batch.deliveries)
                places.advance(connection, batch.moved)
                if batch.finished:
                    places.complete(connection, list(batch.finished))
            statuses = Counter(row[-2] for row in batch.deliveries)
            total.places += len(found)
            total.skipped += statuses[DeliveryStatus.SKIPPED]
            total.failed += statuses[DeliveryStatus.FAILED]
            total.planned += statuses[DeliveryStatus.PLANNED]
            if self._stopping or (len(found) < BATCH and not batch.still_due):
                return total
            batches += 1
            if batches % BREATHER == 0:
                self._database.let_others_write()

    def _plan(self, connection: Connection, place: Facts, now: datetime, sent: Counts, batch: _Batch) -> None:
        definition = self._definitions.get(connection, place.digest)
        slots = definition.calendars.of(place.start, place.own_time, place.position)
        here = place_of(slots, place.next_occurrence, definition.steps[place.next_step][0])
        slot, following = slots[here], slots[here + 1] if here + 1 < len(slots) else None
        due_at, moved = slot.instant(place.start, place.timezone)
        if due_at > now:
            # The zone's rules, the zone or the partner's time changed since this place was set: it is not due yet.
            _move(place, slot, due_at, batch)
            return
        batch.deliveries.append(_delivery(place, definition, slot, due_at, moved, now, sent))
        following_at = following.instant(place.start, place.timezone)[0] if following else None
        batch.still_due |= following_at is not None and following_at <= now
        _move(place, following, following_at, batch)


def _move(place: Facts, slot: Slot | None, due_at: datetime | None, batch: _Batch) -> None:
    key, occurrence = (slot.step.key, slot.occurrence) if slot else (None, None)
    batch.moved.append(
        (place.enrollment_id, place.partner_id, millis(place.next_due_at), millis(due_at), key, occurrence)
    )
    if slot is None:
        batch.finished.add(place.enrollment_id)


def _delivery(
    place: Facts,
    definition: Definition,
    slot: Slot,
    due_at: datetime,
    moved: MovedBecause | None,
    now: datetime,
    sent: Counts,
) -> Row:
    """One row for `places.plan`."""
    step = slot.step
    channel = step.channel or Channel(place.preferred)
    expires_at = due_at + step.late_after
    variant = place.variants.get(step.key)
    activity = activity_of(place, step, slot, variant)
    status, reason = outright(place, definition, slot, activity)
    send_at = due_at
    if status is DeliveryStatus.PLANNED:
        match ask(case_of(place, definition.campaign, reach_on(place, channel), due_at, expires_at, sent), now):
            case Skip(why):
                status, reason = DeliveryStatus.SKIPPED, why
            case Defer(until, because):
                send_at, moved = until, because
    return (
        place.enrollment_id,
        place.partner_id,
        step.key,
        slot.occurrence,
        channel,
        slot.week,
        activity,
        variant,
        millis(due_at),
        millis(send_at),
        millis(expires_at),
        moved,
        place.timezone,
        TZDATA_VERSION,
        status,
        reason,
    )


def outright(
    place: Facts, definition: Definition, slot: Slot, activity: str | None
) -> tuple[DeliveryStatus, SkipReason | FailReason | None]:
    """What can be said before the gates are asked: is there anything to send, and does the step's condition hold?"""
    step = slot.step
    if step.draw is not None and activity is None:
        return DeliveryStatus.SKIPPED, SkipReason.NOTHING_TO_DRAW
    try:
        holds = not step.when or definition.conditions[step.key](seen_by_condition(place, slot))
    except RekindleError:
        # One partner's facts may break a condition that holds for all others: their deliveries must not wait for it.
        return DeliveryStatus.FAILED, FailReason.POISON
    return (DeliveryStatus.PLANNED, None) if holds else (DeliveryStatus.SKIPPED, SkipReason.CONDITION)


def activity_of(place: Facts, step: Step, slot: Slot, variant: str | None) -> str | None:
    """The activity this partner gets: their variant's, else the one drawn for the slot, else the step's own."""
    for arm in step.variants:
        if arm.name == variant and arm.activity:
            return arm.activity
    if step.draw is None:
        return step.activity
    found: str | None = place.draws.get(drawn_for(step, slot.occurrence, place.position))
    return found


def seen_by_condition(place: Facts, slot: Slot) -> Mapping[str, object]:
    """What a step's `when:` may ask about."""
    return {
        "week": slot.week,
        "couple": {"size": 1 if place.other_id is None else 2},
        "partner": {
            "position": place.position,
            "locale": place.locale,
            "timezone": place.timezone,
            "channel": place.preferred,
            "causes": place.causes,
            "touch": place.touch,
        },
    }
