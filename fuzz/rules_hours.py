"""Of each message that left: at what hour it did, how late, and how many there were."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta

from fuzz.case import Case, Row, Violation
from fuzz.model_calendar import Settings, open_hours
from fuzz.model_zone import wall
from fuzz.record import Accepted, Intent
from fuzz.script import Course, Kind, Person

CATCHING_UP = 3_600.0
GRAIN = 0.002
"""Seconds: the store keeps milliseconds."""
SETS_ANEW = (Kind.CHANGE, Kind.EDIT, Kind.LEAVE, Kind.ERASE, Kind.STOP, Kind.UNSUBSCRIBE, Kind.JOIN, Kind.RESTORE)
"""After these somebody's place may be set anew: what is behind it by then counts from then."""


def _left(case: Case) -> Iterator[tuple[Accepted, Intent, Row, Person]]:
    """What left of campaigns, with its intent, by intent."""
    found = []
    for each in case.record.accepted:
        row, intent = case.rows.get(each.delivery), case.intent_of(each)
        person = None if row is None else case.person(row)
        if row is not None and intent is not None and person is not None and case.planned(row):
            found.append((each, intent, row, person))
    yield from sorted(found, key=lambda left: left[1].n)


def hours(case: Case) -> Iterator[Violation]:
    """It is an hour at which the partner may be reached, by the clock on their own wall."""
    for each, intent, row, person in _left(case):
        ways = case.life.ways(person.number, intent.n)
        if not any(
            _open(course, way, case.life.zones_now(way.zone, intent.n), intent.at + off)
            for course in case.courses(row)
            for way in ways
            for off in {0.0, -case.life.skew, case.life.skew}
        ):
            shown = [wall(intent.at, case.life.zones_now(way.zone, intent.n)) for way in ways]
            text = f"delivery {each.delivery} to person {person.number} left at " + " or ".join(map(str, shown))
            yield Violation("hours", text, intent.n)


def _open(course: Course, way: Settings, zone: str, at: float) -> bool:
    shown = wall(at, zone)
    hours = None if shown is None else open_hours(course, shown.weekday(), way)
    return shown is not None and hours is not None and hours[0] <= shown.time() < hours[1]


def in_time(case: Case) -> Iterator[Violation]:
    """It is neither before the step's own instant nor later than the step allows."""
    anew = set_anew(case)
    for each, intent, row, person in _left(case):
        key = row["step"], row["occurrence"]
        instants = case.instants(person, key, case.life.ways_until(person.number, intent.n), intent.n)
        if not instants:
            continue  # a rule of the calendar speaks of it
        slack = case.life.skew + GRAIN
        if intent.at + slack < min(instants):
            text = (
                f"delivery {each.delivery} to person {person.number} left {min(instants) - intent.at:.0f} s too early"
            )
            yield Violation("early", text, intent.n)
        late = max(step.late_after for _, step in case.slots[person.number][key]) * 60
        again = (at for n, at in (*anew[person.couple], *anew[None]) if n < intent.n)
        latest = max([*instants, *again]) + late
        if intent.at - slack > latest:
            text = f"delivery {each.delivery} to person {person.number} left {intent.at - latest:.0f} s too late"
            yield Violation("late", text, intent.n)


def set_anew(case: Case) -> dict[int | None, list[tuple[int, float]]]:
    """When places may have been set anew, as `n` and instant: of each couple; None: of all."""
    found: dict[int | None, list[tuple[int, float]]] = defaultdict(list)
    for happening, done in case.life.done:
        if happening.kind in SETS_ANEW:
            couple = happening.who
            if couple is not None and happening.kind is not Kind.JOIN:
                couple = case.life.people[couple].couple
            found[couple].append((done.n, done.at))
    return found


def caps(case: Case) -> Iterator[Violation]:
    """No more than so many a day and a week, by the partner's own calendar."""
    had: dict[int, dict[int, set[date]]] = defaultdict(dict)  # by person: the day of each, as far as it is certain
    unsure = case.happened(Kind.RESOLVE, verdict="resend")  # it was told that some had not arrived, which had
    for each, intent, row, person in _left(case):
        days = _days(case, intent, person)
        # Its own first time is no other message: that it goes once is for another rule to see.
        before = [some for number, some in had[person.number].items() if len(some) == 1 and number != each.delivery]
        for course in case.courses(row)[:1]:
            over = [
                day
                for day in days
                if sum(day in some for some in before) >= course.per_day
                or sum(_week(day) == _week(next(iter(some))) for some in before) >= course.per_week
            ]
            if days and len(over) == len(days) and len(case.courses(row)) == 1:
                yield Violation("caps", f"delivery {each.delivery} to person {person.number} is over the cap", intent.n)
        if each.answered or not unsure:
            had[person.number].setdefault(each.delivery, days)


def catching_up(case: Case) -> Iterator[Violation]:
    """What comes more than an hour late never joins another message on the same day of its partner."""
    had: dict[int, list[set[date]]] = defaultdict(list)
    if case.happened(Kind.RESOLVE, verdict="resend"):
        return  # what is taken for lost does not count
    seen: set[int] = set()
    for each, intent, row, person in _left(case):
        days = _days(case, intent, person)
        late = intent.at - row["due_at"] / 1_000 > CATCHING_UP + case.life.skew + GRAIN
        if late and len(days) == 1 and days in had[person.number]:
            text = f"delivery {each.delivery} to person {person.number} came late, on a day that had one"
            yield Violation("caps", text, intent.n)
        if each.delivery not in seen:
            seen.add(each.delivery)
            had[person.number].append(days)


def _days(case: Case, intent: Intent, person: Person) -> set[date]:
    """The partner's own day at an intent; several, where it is not known how they were set."""
    return {
        shown.date()
        for way in case.life.ways(person.number, intent.n)
        for off in (-case.life.skew, case.life.skew)
        if (shown := wall(intent.at + off, case.life.zones_now(way.zone, intent.n))) is not None
    }


def _week(day: date) -> date:
    return day - timedelta(days=day.weekday())
