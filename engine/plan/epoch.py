"""What an enrollment's draws went by, day by day: kept with it, so that each draw can be made again and explained."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from engine.model.strategy import Cause
from engine.plan.draw import Tastes
from engine.plan.learn import NOTHING, Learned


@dataclass(frozen=True, slots=True)
class Epoch:
    """The draws of the days from `since` on, up to the next epoch, go by these tastes and by what was learned."""

    since: int  # days after the start date
    at: datetime  # when they were drawn
    tastes: Tastes
    learned: Learned = NOTHING

    def goes_by_the_same(self, other: "Epoch") -> bool:
        """Whether both would draw the same, whenever they were made."""
        return (self.tastes, self.learned) == (other.tastes, other.learned)

    def entry(self) -> dict[str, Any]:
        """As it is stored; what says nothing is left out."""
        said = {
            "causes": sorted(self.tastes.causes),
            "touch": self.tastes.touch,
            "banned": sorted(self.learned.banned),
            "tilt": dict(self.learned.tilt),
        }
        at = self.at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        return {"from": self.since, "at": at, **{name: value for name, value in said.items() if value}}

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> "Epoch":
        """The epoch that was stored as this entry."""
        return cls(
            entry["from"],
            datetime.fromisoformat(entry["at"]),
            Tastes(frozenset(map(Cause, entry.get("causes", ()))), entry.get("touch", False)),
            Learned(frozenset(entry.get("banned", ())), entry.get("tilt", {})),
        )


def read(stored: Sequence[Mapping[str, Any]] | None) -> list[Epoch]:
    """The epochs of an enrollment from what is stored of it, earliest first; none where none were kept."""
    return [Epoch.of(entry) for entry in stored or ()]


def followed_by(epochs: Sequence[Epoch], new: Epoch) -> list[Epoch]:
    """The epochs once `new` has begun. One that no day is left to is gone: nothing was given by it."""
    return [*(epoch for epoch in epochs if epoch.since < new.since), new]


def in_force(epochs: Sequence[Epoch], occurrence: int) -> Epoch | None:
    """What the draws of that day go by; None before the first epoch that was kept."""
    return next((epoch for epoch in reversed(epochs) if epoch.since <= occurrence), None)
