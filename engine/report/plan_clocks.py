"""The clock changes that a campaign crosses, and whether anybody got a message twice, or none, because of one.

Asked of the calendar anew: for each person, what should have come on the days around the change is held against the
deliveries that there are.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from engine.clock import zone_names
from engine.model.campaign import Campaign
from engine.model.delivery import DeliveryStatus, SkipReason
from engine.plan.calendar import DAYS, Calendars
from engine.plan.local import to_instant, wall_time
from engine.report.gallery_clocks import ClockChange, clock_changes
from engine.report.plan_rows import Person, Row

AROUND = (-1, 0, 1)  # days
SENT, SKIPPED = DeliveryStatus.SENT.value, DeliveryStatus.SKIPPED.value
DUE_TO_CLOCKS = (SkipReason.TOO_LATE.value, SkipReason.OUTSIDE_WINDOW.value)


@dataclass
class Change:
    """One zone's clocks change `on` a local day, by so much (forward: positive), and what came of it there.

    Deliveries are those of the day before, the day and the day after: `kept` is at its hour on the wall, `moved` was at
    an hour that the day does not have, `off` is at another hour than its step's though nothing moved it. `twice` and
    `none` are occurrences that were sent more than once, or of which there is nothing; `late` were skipped as too late
    or outside the window.
    """

    timezone: str
    on: date
    by: timedelta
    people: int = 0
    deliveries: int = 0
    kept: int = 0
    moved: int = 0
    off: int = 0
    twice: int = 0
    none: int = 0
    late: int = 0

    def add(self, other: "Change") -> None:
        """Count what `other` counts as well."""
        for name in COUNTED:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def sound(self) -> bool:
        """Nobody got anything twice, at a wrong hour, or missed anything."""
        return not (self.off or self.twice or self.none)

    @property
    def sentence(self) -> str:
        """What the clocks do, where and when."""
        return ClockChange(self.timezone, self.on, self.by).sentence


COUNTED = ("people", "deliveries", "kept", "moved", "off", "twice", "none", "late")


class Clocks:
    """Counts changes into `into`, couple by couple."""

    def __init__(self, campaign: Campaign, into: dict[tuple[str, date], Change]) -> None:
        self._into = into
        self._weeks = campaign.weeks
        self._calendars = Calendars(campaign)

    def count(self, people: Sequence[Person], rows: Sequence[Row]) -> None:
        """One couple: its people and its deliveries."""
        for person in people:
            for change in _changes(person.timezone, person.start, self._weeks):
                where = (person.timezone, change.on)
                known = self._into.setdefault(where, Change(*where, change.by))
                known.people += 1
                self._around(person, known, [row for row in rows if row.partner_id == person.partner_id])

    def _around(self, person: Person, change: Change, rows: Sequence[Row]) -> None:
        day = (change.on - person.start).days
        sent = Counter((row.step, row.occurrence) for row in rows if row.status == SENT)
        there = {(row.step, row.occurrence): row for row in rows}
        for slot in self._calendars.of(person.start, person.own_time, person.position, person.days):
            if slot.day - day not in AROUND:
                continue
            key = (slot.step.key, slot.occurrence)
            row = there.get(key)
            change.twice += sent[key] > 1
            if row is None:
                change.none += 1
                continue
            change.deliveries += 1
            wall = wall_time(datetime.fromtimestamp(row.due_at / 1000, UTC), person.timezone)
            if (wall.date(), wall.time()) == (slot.wall(person.start).date(), slot.at):
                change.kept += 1
            elif to_instant(slot.wall(person.start), person.timezone)[1]:
                change.moved += 1
            else:
                change.off += 1
            change.late += row.status == SKIPPED and row.reason in DUE_TO_CLOCKS


@lru_cache(maxsize=4_096)
def _changes(timezone: str, start: date, weeks: int) -> tuple[ClockChange, ...]:
    if timezone not in zone_names():
        return ()
    return clock_changes(timezone, start, start + timedelta(days=weeks * DAYS - 1))
