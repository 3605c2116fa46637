"""Where scenes are set: a few couples, a campaign of two weeks, and nothing that goes wrong but what is asked for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from fuzz.model_zone import instant
from fuzz.script import Course, Happening, Kind, Person, Script, Step

MONDAY = date(2026, 6, 8)
NOTHING = ("refused", "throttled", "lost_answer", "lost_message", "rejected", "bad_recipient", "misconfigured", "death")
NO_CALLS = ("find_blank", "told", "told_unknown")
WEEKS = 2
LASTS = timedelta(weeks=WEEKS + 3)
ALWAYS = ("00:00", "23:59")
Act = tuple[float, Kind, int | None, dict[str, Any]]


def step(key: str, at: str | None, days: Sequence[int], late_after: int = 720, audience: str = "both") -> Step:
    """A question that falls on these weekdays of both weeks."""
    return Step(key, tuple(days), tuple(range(1, WEEKS + 1)), at, audience, "activity", late_after)


ASK = step("ask", "09:00", (0, 2, 4))


@dataclass(frozen=True, slots=True)
class Stage:
    """What a scene says of itself; days count from `start`, a Monday, on which the campaign of all begins."""

    couples: int = 1
    steps: tuple[Step, ...] = (ASK,)
    start: date = MONDAY
    window: tuple[str, str] = ALWAYS
    per_day: int = 9
    per_week: int = 60
    zone: str = "UTC"
    seed: int = 1
    batch: int = 500
    lease_seconds: int = 300

    def at(self, day: int, clock: str, seconds: float = 0.0) -> float:
        """That time of a day on the wall of `zone`, and so many seconds."""
        return instant(self.start + timedelta(days=day), time.fromisoformat(clock), self.zone) + seconds

    def script(
        self,
        acts: Iterable[Act] = (),
        people: Mapping[int, Mapping[str, Any]] | None = None,
        rates: Mapping[str, float] | None = None,
    ) -> Script:
        """The scene in which everybody has joined the day before, and then this happens; `people` are set as it says.

        Without anything else said, somebody has both addresses, wants email, agrees to all and lets answers be shown.
        """
        begins = datetime.combine(self.start - timedelta(days=1), time(12), UTC)
        everybody = [self._person(number, (people or {}).get(number, {})) for number in range(1, 2 * self.couples + 1)]
        joining: list[Act] = [
            (begins.timestamp() + 60, Kind.JOIN, couple, {"start": self.start.isoformat()})
            for couple in range(1, self.couples + 1)
        ]
        acting = sorted([*joining, *acts], key=lambda act: act[0])
        course = Course("fuzz", WEEKS, self.steps, (self.window,) * 7, self.per_day, self.per_week)
        return Script(
            seed=self.seed,
            begins=begins.timestamp(),
            ends=(begins + LASTS).timestamp(),
            people=tuple(everybody),
            courses=(course,),
            happenings=tuple(Happening(number, *act) for number, act in enumerate(acting)),
            rates={**dict.fromkeys((*NOTHING, *NO_CALLS), 0.0), **(rates or {})},
            batch=self.batch,
            lease_seconds=self.lease_seconds,
        )

    def _person(self, number: int, more: Mapping[str, Any]) -> Person:
        usual: dict[str, Any] = {
            "email": f"p{number}@scene.example",
            "phone": f"+1202555{number:04}",
            "zone": self.zone,
            "channel": "email",
            "send_at": "09:00",
            "consents": ("email", "sms"),
            "keeps_answers": True,
        }
        return Person(number, (number + 1) // 2, 2 - number % 2, f"Zq{number}scene", **{**usual, **more})


def it(at: float, kind: Kind, who: int | None = None, /, **detail: Any) -> Act:
    """Something that happens."""
    return at, kind, who, detail
