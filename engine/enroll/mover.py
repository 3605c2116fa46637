"""What becomes of one enrollment when it is moved to another version: places, planned deliveries, draws and arms.

Reads what a draw goes by, and writes nothing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection

from engine.enroll.history import tastes_of
from engine.enroll.redraw import learned_from
from engine.model.campaign import Campaign, Step
from engine.model.delivery import LATER, DeliveryStatus
from engine.model.experiment import Assigned
from engine.plan.assign import assigned
from engine.plan.calendar import Calendars, Slot
from engine.plan.draw import Pools, Turn, draw_all, given_by
from engine.plan.epoch import Epoch, followed_by, read
from engine.plan.learn import Said
from engine.plan.moving import Moved, Standing, move
from engine.plan.reseat import reseated
from engine.store import moving
from engine.store.facts import Facts
from engine.store.places import millis

UNDER_WAY = {DeliveryStatus.CLAIMED, DeliveryStatus.SENDING, DeliveryStatus.IN_DOUBT}


@dataclass
class Upgraded:
    """What a move from one version does, or would do, in couples, partners and messages to come.

    `to_come` are the messages that come once it is done: `added` ones, those that `change` (their words, their
    activity or their time) and those that stay the same. `removed` come no more. `under_way` are being sent this moment
    or in doubt, and stay what they were.
    """

    digest: str
    couples: int = 0
    partners: int = 0
    to_come: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    under_way: int = 0

    @property
    def same(self) -> int:
        return self.to_come - self.added - self.changed


Seat = tuple[int, int, int | None, str | None, int | None, str]
"""A place, as `seats.put` takes it."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is to be written of one enrollment; deliveries by id."""

    onward: moving.Onward
    assigned: Sequence[Assigned]  # arms of steps of which it had none
    stay: Sequence[int]
    forget: Sequence[int]
    withdraw: Sequence[int]
    seats: Sequence[Seat]


@dataclass(frozen=True, slots=True)
class _Half:
    """One partner of an enrollment: their place, their deliveries by slot key, and what becomes of what is to come."""

    row: Facts
    planned: Mapping[str, Facts]
    moved: Moved
    calendar: tuple[Slot, ...]
    instant: Callable[[Slot], datetime]
    withdraw: Sequence[int]


class Mover:
    """Moves enrollments from one version to another; what they share is worked out once."""

    def __init__(self, old: Campaign, new: Campaign, now: datetime) -> None:
        self.old, self.new, self.now = old, new, now
        self.done = Upgraded(old.digest)
        self._before, self._after = Calendars(old), Calendars(new)
        self._pools = Pools(new)
        self._after_steps = {step.key for step in new.steps}
        steps = {step.key: step for step in old.steps}
        self._reworded = {step.key for step in new.steps if not _reads_alike(steps.get(step.key), step)}

    def enrollment(
        self, connection: Connection, row: Facts, people: list[Facts], have: list[Facts], said: list[Said]
    ) -> Found:
        """What becomes of one enrollment, and of its messages; counted in `done`."""
        halves = [
            self._half(row, person, [each for each in have if each.partner_id == person.partner_id])
            for person in people
            if person.seated and person.left_at is None
        ]
        forget = {half.planned[key].id for half in halves for key in half.moved.anew}
        follow = {half.planned[key].id for half in halves for key in half.moved.kept}
        begun = [each for each in have if each.id not in forget]
        kept = dict(_arms_kept(self.new, row.variants))
        arms = [each for each in assigned(self.new, row.seed) if each.step not in kept]
        variants = kept | {each.step: each.arm for each in arms}
        draws, learned = self._draws(connection, row, people, halves, begun, variants, said)
        self._count(row, halves, have, variants, draws)
        return Found(
            moving.Onward(row.id, variants, draws, learned),
            arms,
            stay=[each.id for each in begun if each.id not in follow],
            forget=sorted(forget),
            withdraw=[id_ for half in halves for id_ in half.withdraw],
            seats=[self._seat(row, half) for half in halves],
        )

    def _half(self, row: Facts, person: Facts, have: Sequence[Facts]) -> _Half:
        """One partner's messages to come, by both versions."""
        where = row.start, person.own_time, person.position, person.reach_days, row.left_week
        old, new = self._before.of(*where), self._after.of(*where)
        here = len(old)
        if person.next_due_at is not None:
            old, here = self._before.standing(*where, person.next_occurrence, person.next_step)
        known = {slot.key for slot in old}
        # Of a copy that was asked for, or of what a transport is known not to have taken, the couple has the original.
        fresh = {_slot(each): each for each in have if _is_fresh(each) and _slot(each) in known}
        had = {_slot(each) for each in have} - fresh.keys()
        instant = partial(_instant, row.start, person.timezone)
        standing = Standing(old, here, person.passed, had, fresh.keys())
        moved = move(standing, new, instant, partial(self._fits, fresh), self.now)
        withdraw = [
            each.id
            for each in have
            if each.status == DeliveryStatus.PLANNED
            and (each.step not in self._after_steps or _slot(each) in moved.gone)
        ]
        return _Half(person, fresh, moved, new, instant, withdraw)

    def _seat(self, row: Facts, half: _Half) -> Seat:
        slot, passed = reseated(half.moved.left, half.calendar)
        behind = ",".join(sorted(passed))
        if slot is None:
            return row.id, half.row.partner_id, None, None, None, behind
        # What was due already is as late as it was.
        due_at = max(half.instant(slot), min(half.row.next_due_at or self.now, self.now))
        return row.id, half.row.partner_id, millis(due_at), slot.step.key, slot.occurrence, behind

    def _fits(self, planned: Mapping[str, Facts], old: Slot, new: Slot) -> bool:
        """Whether a planned delivery can go as the new version's message."""
        activity = planned[old.key].activity
        return (activity is None or activity in self.new.activities) and old.step.channel is new.step.channel

    def _draws(
        self,
        connection: Connection,
        row: Facts,
        people: Sequence[Facts],
        halves: Sequence[_Half],
        begun: Sequence[Facts],
        variants: Mapping[str, str],
        said: list[Said],
    ) -> tuple[dict[str, str], list[dict[str, Any]]]:
        """The draws, and what each of them goes by: what is given stays, what is to come is drawn anew."""
        given = {(each.step, each.occurrence % LATER) for each in begun}
        coming = {(slot.step.key, slot.occurrence) for half in halves for slot in half.moved.left}
        alone = len([person for person in people if person.left_at is None]) < 2
        today = (self.now.date() - row.start).days

        def anew(turn: Turn) -> bool:
            slot = turn.step.key, turn.occurrence
            if slot in given or turn.key in kept:
                # One has it, and the other is to get the same: unless there is no such activity any more.
                return slot in coming and kept.get(turn.key) not in self.new.activities
            # Whoever joins later comes in at what is then to come.
            return slot in coming or (alone and turn.occurrence >= today - 1)

        kept = {key: activity for key, activity in row.draws.items() if _slot_of_draw(key) in given}
        for half in halves:
            for slot in half.moved.left:
                # Where only one of the two has it, the other is to get the same though its day is another now.
                was = half.moved.origin.get(slot.key)
                if was is not None and was.key in kept and slot.key not in kept:
                    kept[slot.key] = kept[was.key]
        learned = learned_from(connection, row.id, self.new, [_Begun(each) for each in begun], said)
        since = min((occurrence for _, occurrence in coming), default=max(today, 0))
        epoch = Epoch(since, self.now, tastes_of(people), learned)
        draws = draw_all(
            self.new,
            row.start.weekday(),
            row.seed,
            epoch.tastes,
            variants,
            learned=learned,
            kept=kept,
            anew=anew,
            pools=self._pools,
        )
        return draws, [each.entry() for each in followed_by(read(row.learned), epoch)]

    def _count(
        self,
        row: Facts,
        halves: Sequence[_Half],
        have: Sequence[Facts],
        variants: Mapping[str, str],
        draws: Mapping[str, str],
    ) -> None:
        done = self.done
        done.couples += 1
        done.under_way += sum(each.status in UNDER_WAY for each in have)
        for half in halves:
            before, after, origin = half.moved.before, half.moved.after, half.moved.origin
            done.partners += 1
            done.to_come += len(after)
            stay = {key: origin[key] for key in after if key in origin and origin[key].key in before}
            done.added += len(after) - len(stay)
            done.removed += len(before) - len(stay)
            for key, old in stay.items():
                new, position = after[key], half.row.position
                planned = half.planned.get(old.key)
                was = _given(old, position, row.variants, row.draws) if planned is None else planned.activity
                will = was if old.key in half.moved.kept else _given(new, position, variants, draws)
                done.changed += (
                    new.step.key in self._reworded
                    or was != will
                    or (was is not None and self.old.activities.get(was) != self.new.activities.get(was))
                    or half.instant(old) != half.instant(new)
                )


class _Begun:
    """A delivery as learning reads it."""

    def __init__(self, row: Facts) -> None:
        self.occurrence, self.activity = row.occurrence % LATER, row.activity
        self.sent = row.status == DeliveryStatus.SENT


def _instant(start: Any, timezone: str, slot: Slot) -> datetime:
    return slot.instant(start, timezone)[0]


def _slot(delivery: Facts) -> str:
    return f"{delivery.step}/{delivery.occurrence % LATER}"


def _is_fresh(delivery: Facts) -> bool:
    """Whether it is planned and nothing of it was ever tried: it is as if it were still to be planned."""
    planned = delivery.status == DeliveryStatus.PLANNED
    return bool(planned and delivery.attempts == 0 and delivery.occurrence < LATER)


def _slot_of_draw(key: str) -> tuple[str, int]:
    step, occurrence = key.split("/")[:2]
    return step, int(occurrence)


def _given(slot: Slot, position: int, variants: Mapping[str, str], draws: Mapping[str, str]) -> str | None:
    return given_by(slot.step, slot.occurrence, position, variants.get(slot.step.key), draws)


def _arms_kept(new: Campaign, given: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    arms = {step.key: {arm.name for arm in step.variants} for step in new.steps}
    return ((step, arm) for step, arm in given.items() if arm in arms.get(step, {arm}))


def _reads_alike(old: Step | None, new: Step) -> bool:
    """Whether a step says the same in both versions, whenever it comes."""
    return old is not None and replace(old, weeks=new.weeks, days=new.days, every_days=new.every_days, at=new.at) == new
