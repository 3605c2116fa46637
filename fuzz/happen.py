"""All that will happen in a script, and when: mostly at the very instants at which messages fall due."""

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fuzz.script import Course, Happening, Kind, Person

DAY = 86_400
EDGES = (0.0, 0.0, 0.0, 1.0, -1.0, 15.0, 60.0, 299.0, 600.0, -600.0, 3600.0)
STEPS = ("claimed", "rendered", "intended", "sending", "taken", "handed", "recorded")
LIKE = {"Europe/Madrid": "Europe/London", "Europe/London": "Europe/Madrid", "Asia/Kolkata": "Asia/Kathmandu"}
PEOPLE: tuple[tuple[Kind, float], ...] = (
    (Kind.ANSWER, 10),
    (Kind.RATE, 4),
    (Kind.PAUSE, 3),
    (Kind.RESUME, 2),
    (Kind.CHANGE, 4),
    (Kind.STOP, 2),
    (Kind.START, 2),
    (Kind.UNSUBSCRIBE, 1),
    (Kind.LEAVE, 0.7),
    (Kind.ERASE, 0.7),
    (Kind.SPLIT, 0.4),
    (Kind.BOUNCE, 0.4),
    (Kind.COMPLAIN, 0.3),
    (Kind.SUPPRESS, 0.4),
    (Kind.PAUSE_COUPLE, 1),
    (Kind.RESUME_COUPLE, 1),
    (Kind.STOP_COUPLE, 0.3),
)
TROUBLE: tuple[tuple[Kind, float], ...] = (
    (Kind.CRASH, 6),
    (Kind.STORE_FAULT, 6),
    (Kind.SECOND, 4),
    (Kind.STALL, 4),
    (Kind.SKEW, 1),
    (Kind.OUTAGE, 3),
    (Kind.AWAY, 1.5),
    (Kind.LATE_CALLS, 2),
    (Kind.GARBAGE, 3),
    (Kind.HOLD, 1.5),
    (Kind.RESOLVE, 2),
    (Kind.EDIT, 1),
    (Kind.ZONES, 0.5),
)
WORDS = ("heron", "harbour", "lantern", "orchard", "pebble", "saffron", "thimble", "willow")


class Plans:
    """Makes them up."""

    def __init__(
        self,
        dice: random.Random,
        begins: datetime,
        ends: float,
        people: Sequence[Person],
        courses: Sequence[Course],
        times: Sequence[str],
        zones: Sequence[str],
    ) -> None:
        self.dice = dice
        self.begins = begins
        self.first, self.last = begins.timestamp(), ends - 9 * DAY
        self.ends = ends
        self.people = people
        self.courses = courses
        self.times = times
        self.zones = zones
        self.found: list[tuple[float, Kind, int | None, dict[str, Any]]] = []

    def made(self, mood: str) -> tuple[Happening, ...]:
        """All of them, by instant, numbered in that order."""
        for couple in sorted({each.couple for each in self.people}):
            self._join(couple)
        dice, couples = self.dice, len(self.people) // 2
        for _ in range(round(couples * dice.uniform(0.7, 3))):
            self._one(_pick(dice, PEOPLE))
        bad = {"calm": (0, 3), "usual": (3, 14), "stormy": (10, 40)}[mood]
        for _ in range(dice.randint(*bad)):
            self._one(_pick(dice, TROUBLE))
        if mood == "stormy":  # a burst: many things at one instant
            moment = self._moment()
            for _ in range(dice.randint(3, 9)):
                self._one(_pick(dice, dice.choice((PEOPLE, TROUBLE))), moment)
        if dice.random() < 0.1:
            self._put_back()
        self._add(self.ends - 7 * DAY, Kind.RELEASE, None)
        self._add(self.ends - 6 * DAY, Kind.RESOLVE, None, verdict=dice.choice(("sent", "drop")))
        self.found.sort(key=lambda each: each[0])
        self._answers_to_answers()
        self.found.sort(key=lambda each: each[0])
        return tuple(Happening(number, *each) for number, each in enumerate(self.found))

    def _answers_to_answers(self) -> None:
        """Most are followed by the other partner's; with dice of their own, so that all else stays as it is."""
        dice = random.Random(repr(self.found))  # noqa: S311 - no secret
        seats = {(each.couple, each.position): each.number for each in self.people}
        others = {each.number: seats[each.couple, 3 - each.position] for each in self.people}
        for first, kind, who, _ in list(self.found):
            if kind is not Kind.ANSWER or who is None or dice.random() < 0.4:
                continue
            at = min(first + dice.choice((0, 60, 3_600, DAY // 4)), self.ends - 8 * DAY)
            text = f"We saw the {' '.join(dice.sample(WORDS, 3))} {dice.randrange(10**9)}q"
            by = dice.choice(("page", "page", "text"))
            self._add(at, kind, others[who], text=text, share=dice.random() < 0.8, by=by)

    def _add(self, at: float, kind: Kind, who: int | None, /, **detail: Any) -> None:
        self.found.append((at, kind, who, detail))

    def _put_back(self) -> None:
        """A backup is put in place, and looked at for a while before anything goes on."""
        dice, at = self.dice, self._moment()
        of = max(at - dice.choice((60, 3_600, DAY, 3 * DAY)), self.first + 30)
        self._add(at, Kind.RESTORE, None, of=of, until=(done := at + dice.choice((300, 3_600, DAY / 2, DAY))))
        self._add(done, Kind.CONFIRM, None)

    def _join(self, couple: int) -> None:
        late = self.dice.choice((0, 0, 0, 1, 3, 9)) * DAY + self.dice.randint(0, DAY // 2)
        at = self.first + late
        start = (self.begins + timedelta(seconds=late)).date() + timedelta(days=self.dice.choice((1, 2, 3, 7)))
        self._add(at, Kind.JOIN, couple, start=start.isoformat())

    def _moment(self) -> float:
        """Near an instant at which something falls due for somebody."""
        dice = self.dice
        person = dice.choice(self.people)
        day = datetime.fromtimestamp(dice.uniform(self.first + DAY, self.last), UTC).date()
        wall = dice.choice((person.send_at, *self.times, "09:00", "00:00"))
        zone = UTC if person.zone.startswith("Mars") else ZoneInfo(person.zone)
        instant = datetime.combine(day, time.fromisoformat(wall), zone).timestamp()
        return min(max(instant + dice.choice(EDGES), self.first + 60), self.last)

    def _one(self, kind: Kind, moment: float | None = None) -> None:
        at = self._moment() if moment is None else moment
        maker = _DETAILS.get(kind)
        detail = maker(self, at) if maker else {}
        if detail is None:
            return
        by_couple = kind in (Kind.PAUSE_COUPLE, Kind.RESUME_COUPLE, Kind.STOP_COUPLE)
        machine = kind.startswith(("machine.", "provider.out", "provider.late", "provider.garb"))
        everyone = machine or kind in (Kind.HOLD, Kind.RELEASE, Kind.RESOLVE, Kind.EDIT)
        person = self.dice.choice(self.people)
        self._add(at, kind, None if everyone else person.couple if by_couple else person.number, **detail)

    def change(self, at: float) -> dict[str, Any]:
        dice = self.dice
        what = dice.choice(("channel", "zone", "send_at", "reach_days", "hours"))
        match what:
            case "channel":
                return {"channel": dice.choice(("email", "sms"))}
            case "zone":
                return {"zone": dice.choice(self.zones)}
            case "send_at":
                return {"send_at": dice.choice(self.times)}
            case "reach_days":
                names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
                return {
                    "reach_days": ",".join(dice.sample(names, dice.randint(1, 4))) if dice.random() < 0.8 else "any"
                }
        return {
            "reach_from": dice.choice(("any", "08:00", "10:00")),
            "reach_until": dice.choice(("any", "18:00", "22:00")),
        }

    def answer(self, at: float) -> dict[str, Any]:
        dice = self.dice
        words = " ".join(dice.sample(WORDS, 3))
        text = f"We found the {words} {dice.randrange(10**9)}q"
        return {"text": text, "share": dice.random() < 0.7, "by": dice.choice(("page", "page", "text"))}

    def zones_change(self, at: float) -> dict[str, Any] | None:
        name = self.dice.choice(self.zones)
        return {"zone": name, "like": LIKE[name]} if name in LIKE else None

    def edit(self, at: float) -> dict[str, Any] | None:
        if len(self.courses) < 2:
            return None
        return {"course": self.dice.randrange(1, len(self.courses))}

    def hold(self, at: float) -> dict[str, Any]:
        self._add(at + self.dice.choice((60, 3600, DAY, 2 * DAY)), Kind.RELEASE, None)
        return {}

    def until(self, at: float, *lengths: float) -> float:
        return at + self.dice.choice(lengths)


def _pick(dice: random.Random, table: Sequence[tuple[Kind, float]]) -> Kind:
    return dice.choices([kind for kind, _ in table], [weight for _, weight in table])[0]


_DETAILS: dict[Kind, Callable[[Plans, float], dict[str, Any] | None]] = {
    Kind.PAUSE: lambda plans, at: {"until": plans.until(at, 600, DAY, 3 * DAY, 7 * DAY)},
    Kind.PAUSE_COUPLE: lambda plans, at: {"until": plans.until(at, 3600, DAY, 7 * DAY)},
    Kind.CHANGE: Plans.change,
    Kind.ANSWER: Plans.answer,
    Kind.RATE: lambda plans, at: {"stars": plans.dice.randint(1, 5)},
    Kind.SUPPRESS: lambda plans, at: {"channel": plans.dice.choice(("email", "sms"))},
    Kind.HOLD: Plans.hold,
    Kind.EDIT: Plans.edit,
    Kind.RESOLVE: lambda plans, at: {"verdict": plans.dice.choice(("sent", "resend", "drop"))},
    Kind.OUTAGE: lambda plans, at: {
        "kind": plans.dice.choice(("down", "throttled", "silent")),
        "until": plans.until(at, 120, 1800, 6 * 3600, DAY),
    },
    Kind.GARBAGE: lambda plans, at: {"how": plans.dice.choice(("forged", "torn", "senseless", "elsewhere"))},
    Kind.CRASH: lambda plans, at: {"step": plans.dice.choice(STEPS)},
    Kind.STORE_FAULT: lambda plans, at: {
        "how": plans.dice.choice(("before", "after", "locked", "full")),
        "times": plans.dice.choice((1, 1, 1, 2, 5, 40)),
        "step": plans.dice.choice((None, "rendered", "taken", "handed")),
    },
    Kind.SECOND: lambda plans, at: {"until": plans.until(at, 3600, DAY, 5 * DAY)},
    Kind.STALL: lambda plans, at: (
        {"seconds": plans.dice.choice((30, 290, 310, 700)), "where": "before", "frozen": plans.dice.random() < 0.5}
        if plans.dice.random() < 0.5
        else {"seconds": plans.dice.choice((310, 1000, 7200)), "where": "after", "frozen": plans.dice.random() < 0.6}
    ),
    Kind.SKEW: lambda plans, at: {"seconds": plans.dice.choice((-90, -5, 5, 90))},
    Kind.ZONES: Plans.zones_change,
    Kind.AWAY: lambda plans, at: {"until": plans.until(at, 1800, 6 * 3600, DAY, 2 * DAY)},
}
