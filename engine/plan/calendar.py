"""When each step of a campaign falls for one partner: their whole calendar, in order, before any zone comes in."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, time

from engine.model.campaign import END_DAY, START_DAY, Audience, Campaign, OnLeaving, Step
from engine.model.delivery import MovedBecause
from engine.plan.finishing import finished
from engine.plan.slot import DAYS, Slot

__all__ = ["ANY_DAY", "DAYS", "Calendars", "Slot", "calendar", "occurrences", "place_of"]

ANY_DAY: frozenset[int] = frozenset()


def calendar(
    campaign: Campaign, start_weekday: int, own_time: time, position: int, days: frozenset[int] = ANY_DAY
) -> tuple[Slot, ...]:
    """Every slot of `campaign` for the partner at `position` (1 or 2), by day, then wall time, then step order.

    On a weekday that is not among `days` (none: any) nothing falls: it moves to the next that is, at its wall time.
    """
    delays = _delays(campaign, days)

    def slot(order: int, step: Step, occurrence: int) -> Slot:
        weekday = (start_weekday + occurrence) % DAYS
        shift = delays[weekday]
        hours = campaign.window[(weekday + shift) % DAYS]
        made = Slot(occurrence, step.at or own_time, order, occurrence // DAYS + 1, step, shift)
        if hours is not None and made.at < hours.opens:
            # Otherwise an early riser's second step would be ahead of a first one at the opening.
            made = replace(made, at=hours.opens, moved=MovedBecause.WINDOW)
        return replace(made, moved=MovedBecause.OWN_DAYS) if shift else made

    slots = [
        slot(order, step, occurrence)
        for order, step in enumerate(campaign.steps)
        for turn, occurrence in enumerate(occurrences(step, start_weekday))
        if step.audience is not Audience.ALTERNATING or turn % 2 == position - 1
    ]
    return tuple(sorted(slots, key=lambda slot: (slot.day, slot.at, slot.order, slot.occurrence)))


def _delays(campaign: Campaign, days: frozenset[int]) -> list[int]:
    """By weekday: how many days later what falls on it comes to a partner who wants messages on `days`."""
    # A day on which the campaign is closed is none to move to; who wants only such days is not helped by moving.
    wanted = {day for day in days if campaign.window[day] is not None}
    if not wanted:
        return [0] * DAYS
    return [min((day - weekday) % DAYS for day in wanted) for weekday in range(DAYS)]


class Calendars:
    """The calendars of one campaign, each worked out once: couples with the same start weekday and time share one."""

    def __init__(self, campaign: Campaign) -> None:
        self.campaign = campaign
        self._orders = {step.key: order for order, step in enumerate(campaign.steps)}
        self._known: dict[tuple[int, time, int, frozenset[int], int | None], tuple[Slot, ...]] = {}

    def of(
        self,
        start: date,
        own_time: time,
        position: int,
        days: frozenset[int] = ANY_DAY,
        left_week: int | None = None,
    ) -> tuple[Slot, ...]:
        """The calendar of the partner at `position` for an enrollment that starts on `start`.

        `days` are the weekdays they want (none: any), `left_week` the week in which one of the two was lost to it.
        """
        key = (start.weekday(), own_time, position, days, left_week)
        found = self._known.get(key)
        if found is None:
            found = calendar(self.campaign, *key[:4])
            if left_week is not None and self.campaign.on_leaving is OnLeaving.FINISH:
                found = finished(self.campaign, found, left_week)
            self._known[key] = found
        return found

    def standing(
        self,
        start: date,
        own_time: time,
        position: int,
        days: frozenset[int],
        left_week: int | None,
        occurrence: int,
        step: str,
    ) -> tuple[tuple[Slot, ...], int]:
        """That calendar, and where in it a place is that stands at occurrence `occurrence` of `step`.

        Where that slot is dropped because one was lost, the place is at the first after it that is left (behind the
        last when none is). LookupError when there never was such a slot.
        """
        slots, order = self.of(start, own_time, position, days, left_week), self._orders[step]
        try:
            return slots, place_of(slots, occurrence, order)
        except LookupError:
            whole = self.of(start, own_time, position, days)
            left = {slot.key for slot in whole[place_of(whole, occurrence, order) :]}
            return slots, next((place for place, slot in enumerate(slots) if slot.key in left), len(slots))


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
