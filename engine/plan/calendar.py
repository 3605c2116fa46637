"""When each step of a campaign falls for one partner: their whole calendar, in order, before any zone comes in."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from engine.clock import UnknownZone
from engine.model.campaign import END_DAY, START_DAY, Audience, Campaign, Step
from engine.model.delivery import MovedBecause
from engine.plan.local import to_instant

DAYS = 7


@dataclass(frozen=True, slots=True)
class Slot:
    """One occurrence of a step: `occurrence` days after the start date, at wall time `at`. `week` counts from 1.

    `early` says that the step's own time is before the window opens that day: `at` is then the opening.
    """

    occurrence: int
    at: time
    order: int  # the step's place in its campaign: breaks ties
    week: int
    step: Step
    early: bool = False

    def wall(self, start: date) -> datetime:
        """The naive local date and time of this slot for an enrollment that starts on `start`."""
        return datetime.combine(start + timedelta(days=self.occurrence), self.at)

    def instant(self, start: date, timezone: str) -> tuple[datetime, MovedBecause | None]:
        """The UTC instant of this slot in `timezone`, and why it is not the step's plain local time, if it is not.

        In an unknown zone it is read as UTC: that only says when to record that nothing was sent (the gates refuse).
        """
        try:
            found, in_gap = to_instant(self.wall(start), timezone)
        except UnknownZone:
            found, in_gap = to_instant(self.wall(start), "UTC")
        if in_gap:
            return found, MovedBecause.DST_GAP
        return found, MovedBecause.WINDOW if self.early else None


def calendar(campaign: Campaign, start_weekday: int, own_time: time, position: int) -> tuple[Slot, ...]:
    """Every slot of `campaign` for the partner at `position` (1 or 2), by day, then wall time, then step order."""

    def slot(order: int, step: Step, occurrence: int) -> Slot:
        at, week = step.at or own_time, occurrence // DAYS + 1
        hours = campaign.window[(start_weekday + occurrence) % DAYS]
        if hours is not None and at < hours.opens:
            # Otherwise an early riser's second step would be ahead of a first one at the opening.
            return Slot(occurrence, hours.opens, order, week, step, early=True)
        return Slot(occurrence, at, order, week, step)

    slots = [
        slot(order, step, occurrence)
        for order, step in enumerate(campaign.steps)
        for turn, occurrence in enumerate(occurrences(step, start_weekday))
        if step.audience is not Audience.ALTERNATING or turn % 2 == position - 1
    ]
    return tuple(sorted(slots, key=lambda slot: (slot.occurrence, slot.at, slot.order)))


class Calendars:
    """The calendars of one campaign, each worked out once: couples with the same start weekday and time share one."""

    def __init__(self, campaign: Campaign) -> None:
        self._campaign = campaign
        self._known: dict[tuple[int, time, int], tuple[Slot, ...]] = {}

    def of(self, start: date, own_time: time, position: int) -> tuple[Slot, ...]:
        """The calendar of the partner at `position` for an enrollment that starts on `start`."""
        key = (start.weekday(), own_time, position)
        if key not in self._known:
            self._known[key] = calendar(self._campaign, *key)
        return self._known[key]


def occurrences(step: Step, start_weekday: int) -> Iterator[int]:
    """The days after the start date on which `step` falls, ascending.

    Week 1 is the seven days from the start date itself: a Tuesday step of week 1 is the first Tuesday on or after it.
    """
    if step.every_days:
        last = max(step.weeks) * DAYS
        yield from (day for day in range(0, last, step.every_days) if day // DAYS + 1 in step.weeks)
        return
    named = {START_DAY: 0, END_DAY: DAYS - 1}
    within = sorted({named.get(day, (day - start_weekday) % DAYS) for day in step.days})
    for week in sorted(step.weeks):
        yield from ((week - 1) * DAYS + day for day in within)


def place_of(slots: tuple[Slot, ...], occurrence: int, order: int) -> int:
    """Where in `slots` step number `order` of day `occurrence` stands; LookupError when it is not there."""
    for place, slot in enumerate(slots):
        if slot.occurrence == occurrence and slot.order == order:
            return place
    raise LookupError(f"no slot for step {order} on day {occurrence}")
