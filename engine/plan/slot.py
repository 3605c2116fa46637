"""One occurrence of a step on one partner's calendar: the smallest thing that is planned."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from engine.clock import UnknownZone
from engine.model.campaign import Step
from engine.model.delivery import MovedBecause
from engine.plan.local import to_instant

DAYS = 7


@dataclass(frozen=True, slots=True)
class Slot:
    """One occurrence of a step: on the day `shift` days after `occurrence`, at wall time `at`. `week` counts from 1.

    `occurrence` (days after the start date) is its identity, wherever the partner's own days move it. `moved` says why
    it is not at its step's plain local time: the step's own time is before the window opens that day (`at` is then the
    opening), or the partner does not want its day.
    """

    occurrence: int
    at: time
    order: int  # the step's place in its campaign: breaks ties
    week: int
    step: Step
    shift: int = 0
    moved: MovedBecause | None = None

    @property
    def key(self) -> str:
        """Its identity, for a partner in an enrollment."""
        return f"{self.step.key}/{self.occurrence}"

    @property
    def day(self) -> int:
        """How many days after the start date it is."""
        return self.occurrence + self.shift

    def wall(self, start: date) -> datetime:
        """The naive local date and time of this slot for an enrollment that starts on `start`."""
        return datetime.combine(start + timedelta(days=self.occurrence + self.shift), self.at)

    def instant(self, start: date, timezone: str) -> tuple[datetime, MovedBecause | None]:
        """The UTC instant of this slot in `timezone`, and why it is not the step's plain local time, if it is not.

        In an unknown zone it is read as UTC: that only says when to record that nothing was sent (the gates refuse).
        """
        try:
            found, in_gap = to_instant(self.wall(start), timezone)
        except UnknownZone:
            found, in_gap = to_instant(self.wall(start), "UTC")
        return found, self.moved or (MovedBecause.DST_GAP if in_gap else None)
