"""Turns places that have fallen due into deliveries, and moves each place on: one transaction a batch.

It costs what is due, not what is enrolled. Running it twice, or in two processes, changes nothing: an occurrence is
unique for its partner, and a place moves on only from the instant it was read at.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from engine.clock import TZDATA_VERSION
from engine.deliver.aside import UNREADABLE, Wrong, put_aside, reason, workable
from engine.deliver.cases import Counts, case_of, days_asked, reach_on
from engine.deliver.definitions import Definition, Definitions
from engine.deliver.holding_back import held_places
from engine.deliver.outright import activity_of, outright
from engine.errors import RekindleError
from engine.measures import end
from engine.model.campaign import Channel
from engine.model.delivery import DeliveryStatus, MovedBecause, SkipReason
from engine.model.job import Job
from engine.plan.calendar import Slot
from engine.plan.gates import Defer, Skip, ask
from engine.plan.randomize import Chance, kept_arm, randomize
from engine.plan.reseat import following
from engine.store import context, jobs, places, restores
from engine.store.database import Database
from engine.store.facts import Facts
from engine.store.places import millis
from engine.store.told import Key, Told, told

BATCH = 500
BREATHER = 20  # batches in a row: about a second under the write lock, of the five that another process waits for it
Row = tuple[Any, ...]
Held = Mapping[tuple[int, int], str]
NOBODY_YET: Counts = {}  # what a day to come will have had is for the last look to count


@dataclass
class Planned:
    """What one pass planned: deliveries to send, those skipped or failed at once, and places that were read."""

    planned: int = 0
    skipped: int = 0
    failed: int = 0
    places: int = 0
    ends: Counter[str] = field(default_factory=Counter, compare=False)  # see measures.end


@dataclass
class _Batch:
    """The rows that one transaction writes."""

    deliveries: list[Row] = field(default_factory=list)
    moved: list[Row] = field(default_factory=list)
    finished: set[int] = field(default_factory=set)
    still_due: bool = False  # a place moved on to an instant that has come as well
    told: Mapping[Key, Told] = field(default_factory=dict)  # by whom whose step has a condition
    aside: list[Wrong] = field(default_factory=list)  # what cannot be planned, and why
    restored: bool = False  # a backup was put back, and nobody has confirmed it yet


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
        """Plan everything that has fallen due by `now`, however long ago, in batches.

        While a backup that was put back waits to be confirmed, the gates are asked as of the instant at which each fell
        due: it may have been sent then, is skipped for that, and counts towards caps (`restoring.confirm`).
        """
        total = Planned()
        batches = 0
        while True:
            batch = _Batch()
            with self._database.begin(shared=True) as connection:
                batch.restored = restores.pending(connection) is not None
                found, batch.aside = workable(connection, self._definitions, now, BATCH)
                read = len(found) + len(batch.aside)
                if not read:
                    return total
                sent = context.sent_counts(connection, days_asked(((r.partner_id, r.timezone) for r in found), now))
                held = held_places(connection, self._definitions, found)
                batch.told = told(connection, self._conditional(connection, found))
                for place in found:
                    self._plan_one(connection, place, now, sent, held, batch)
                if batch.aside:
                    put_aside(connection, batch.aside)
                places.plan(connection, batch.deliveries)
                places.advance(connection, batch.moved)
                if batch.finished:
                    places.complete(connection, list(batch.finished))
                statuses = Counter(row[-2] for row in batch.deliveries)
                if statuses[DeliveryStatus.PLANNED]:
                    jobs.defer(connection, Job.DRAIN)
                if read == BATCH:  # there may be more: another worker could take it
                    jobs.defer(connection, Job.PLAN)
            total.places += len(found)
            total.skipped += statuses[DeliveryStatus.SKIPPED]
            total.failed += statuses[DeliveryStatus.FAILED]
            total.planned += statuses[DeliveryStatus.PLANNED]
            total.ends.update(end(row[4], row[-2], row[-1]) for row in batch.deliveries)
            if self._stopping or (read < BATCH and not batch.still_due):
                return total
            batches += 1
            if batches % BREATHER == 0:
                self._database.let_others_write()

    def _plan_one(
        self, connection: Connection, place: Facts, now: datetime, sent: Counts, held: Held, batch: _Batch
    ) -> None:
        """Plan one place; one that makes planning fail is set aside, and the others of its batch go on."""
        before = len(batch.deliveries), len(batch.moved)
        try:
            self._plan(connection, place, now, sent, held, batch)
        except (RekindleError, *UNREADABLE) as error:
            del batch.deliveries[before[0] :], batch.moved[before[1] :]
            batch.finished.discard(place.enrollment_id)
            name = self._definitions.get(connection, place.digest).campaign.id
            batch.aside.append(((place.enrollment_id, place.partner_id, name), reason(error)))

    def _plan(
        self, connection: Connection, place: Facts, now: datetime, sent: Counts, held: Held, batch: _Batch
    ) -> None:
        definition = self._definitions.get(connection, place.digest)
        slots, here = definition.stands(place)
        if here == len(slots):
            # One of the two was lost to the campaign, and nothing of it is left to come for the one who stays.
            _move(place, None, None, batch)
            return
        slot = slots[here]
        due_at, moved = slot.instant(place.start, place.timezone)
        if due_at > now or (slot.occurrence, slot.step.key) != (place.next_occurrence, place.next_step):
            # The zone's rules, the zone or the partner's time changed since this place was set, so it is not due yet;
            # or what it stood at is dropped.
            batch.still_due |= due_at <= now
            _move(place, slot, due_at, batch)
            return
        waits_for = held.get((place.enrollment_id, place.partner_id))
        batch.deliveries.append(_delivery(place, definition, slot, due_at, moved, now, sent, waits_for, batch))
        after, after_at = following(slots, here, place.passed), None
        if after is not None:
            after_at = max(after.instant(place.start, place.timezone)[0], place.next_due_at)
            batch.still_due |= after_at <= now
        _move(place, after, after_at, batch)

    def _conditional(self, connection: Connection, found: Sequence[Facts]) -> list[Key]:
        """The places whose step has a condition: only for them it is read what was said."""
        return [
            (place.enrollment_id, place.partner_id)
            for place in found
            if place.next_step in self._definitions.get(connection, place.digest).conditions
        ]


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
    waits_for: str | None,
    batch: _Batch,
) -> Row:
    """One row for `places.plan`."""
    step = slot.step
    channel = step.channel or Channel(place.preferred)
    # A place that was set anew is never late by what the partner changed: it counts from then.
    send_at = counts_from = max(due_at, place.next_due_at)
    asked_at = now
    if step.wait is not None and waits_for is not None and counts_from + step.wait.at_most > now:
        send_at = counts_from = asked_at = counts_from + step.wait.at_most
        sent, moved = NOBODY_YET, MovedBecause.WAITING
    else:
        waits_for = None
        if batch.restored:
            sent, asked_at = NOBODY_YET, counts_from
    expires_at = counts_from + step.late_after
    kept = kept_arm(step, place.variants)
    chance = Chance(True, kept, None)
    status, reason = outright(place, definition, slot, batch.told)
    if status is DeliveryStatus.PLANNED:
        match ask(case_of(place, definition.campaign, reach_on(place, channel), due_at, expires_at, sent), asked_at):
            case Skip(why):
                status, reason = DeliveryStatus.SKIPPED, why
            case Defer(until, because):
                send_at, moved = until, moved if waits_for else because
    if status is DeliveryStatus.PLANNED:
        chance = randomize(step, place.seed, slot.occurrence, place.position, kept)
        if not chance.send:
            status, reason = DeliveryStatus.SKIPPED, SkipReason.WITHHELD
    return (
        place.enrollment_id,
        place.partner_id,
        step.key,
        slot.occurrence,
        channel,
        slot.week,
        activity_of(place, step, slot, chance.variant),
        chance.variant,
        chance.probability,
        millis(due_at),
        millis(send_at),
        millis(expires_at),
        moved,
        waits_for if status is DeliveryStatus.PLANNED else None,
        place.timezone,
        TZDATA_VERSION,
        status,
        reason,
    )
