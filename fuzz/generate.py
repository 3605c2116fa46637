"""A seed becomes a script: always the same one. It prefers what is hard: nights on which clocks change, odd zones, the
edges of midnight and of windows, shared addresses, and much that goes wrong at the same instant.
"""

import random
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from fuzz.happen import Plans
from fuzz.script import Course, Person, Script, Step

DAY = 86_400
TURNS = (  # nights on which clocks change somewhere, and quiet ones
    date(2026, 3, 8),
    date(2026, 3, 29),
    date(2026, 4, 5),
    date(2026, 10, 4),
    date(2026, 10, 25),
    date(2026, 11, 1),
    date(2026, 6, 14),
    date(2026, 12, 31),
    date(2028, 2, 29),
)
ZONES = (
    "Europe/Madrid",
    "Europe/London",
    "America/New_York",
    "America/Los_Angeles",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Australia/Adelaide",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Africa/Casablanca",
    "America/Santiago",
    "Europe/Dublin",
    "Atlantic/Azores",
    "UTC",
)
NO_ZONE = "Mars/Olympus_Mons"
TIMES = ("00:00", "00:30", "01:30", "02:00", "02:30", "03:00", "07:00", "09:00", "12:00", "19:00", "19:59", "23:30")
WINDOWS: tuple[tuple[str, str], ...] = (("00:00", "23:59"), ("09:00", "20:00"), ("01:00", "23:00"), ("08:30", "21:15"))


def generate(seed: int) -> Script:
    """The script of a seed."""
    dice = random.Random(seed)  # noqa: S311 - no secret
    turn = dice.choice(TURNS)
    begins = datetime.combine(turn - timedelta(days=dice.randint(3, 24)), time(12), UTC)
    weeks = dice.randint(2, 5)
    zones = dice.sample(ZONES, dice.choice((1, 1, 2, 3)))
    times = dice.sample(TIMES, dice.choice((1, 1, 2, 3)))
    course = _course(dice, weeks, times)
    courses = [course, *(_edited(dice, course, times) for _ in range(dice.choice((0, 0, 1, 1, 2))))]
    slots = sum(
        len(step.days) * len(step.weeks) * (1 if step.audience == "alternating" else 2) for step in course.steps
    )
    couples = max(3, min(40, round(dice.uniform(500, 1300) / max(1, slots))))
    people = _people(dice, seed, couples, zones, times)
    ends = begins.timestamp() + (weeks + 4) * 7 * DAY
    plans = Plans(dice, begins, ends, people, courses, times, zones)
    mood = dice.choice(("calm", "usual", "usual", "stormy"))
    return Script(
        seed=seed,
        begins=begins.timestamp(),
        ends=ends,
        people=tuple(people),
        courses=tuple(courses),
        happenings=plans.made(mood),
        rates=_rates(dice, mood),
        tick_seconds=dice.choice((15, 15, 60, 300)),
        batch=dice.choice((3, 20, 500, 500, 500, 500, 500, 500)),
        lease_seconds=dice.choice((60, 300, 300)),
    )


def _rates(dice: random.Random, mood: str) -> dict[str, float]:
    worst = {"calm": 0.0, "usual": 0.02, "stormy": 0.08}[mood]
    names = ("refused", "throttled", "lost_answer", "lost_message")
    rates = {name: dice.uniform(0, worst) for name in names}
    rare = {"rejected": 0.3, "bad_recipient": 0.1, "misconfigured": 0.1, "death": 0.15}
    rates |= {name: dice.uniform(0, worst * share) for name, share in rare.items()}
    return {**rates, "find_blank": dice.choice((0.0, 0.3, 1.0)), "told": 0.03, "told_unknown": dice.choice((0.0, 0.6))}


def _course(dice: random.Random, weeks: int, times: list[str]) -> Course:
    wide = dice.choice(WINDOWS)
    window: list[tuple[str, str] | None] = [wide] * 7
    if dice.random() < 0.5:
        window[6] = dice.choice((None, ("12:00", "20:00"), WINDOWS[0]))
    steps = tuple(_step(dice, number, weeks, times) for number in range(dice.randint(2, 5)))
    return Course("fuzz", weeks, steps, tuple(window), dice.choice((1, 2, 3, 5)), dice.choice((3, 7, 14, 30)))


def _step(dice: random.Random, number: int, weeks: int, times: list[str]) -> Step:
    days = tuple(sorted(dice.sample(range(7), dice.choice((1, 1, 2, 3, 7)))))
    some = range(1, weeks + 1)
    return Step(
        key=f"s{number}",
        days=days,
        weeks=tuple(some) if dice.random() < 0.7 else tuple(sorted(dice.sample(some, max(1, weeks // 2)))),
        at=dice.choice((None, None, *times)),
        audience=dice.choice(("both", "both", "both", "alternating")),
        purpose="pulse" if number and dice.random() < 0.3 else "activity",
        late_after=dice.choice((60, 180, 720, 1440, 2880)),
    )


def _edited(dice: random.Random, course: Course, times: list[str]) -> Course:
    """Another version: a step more, less, moved or later; other caps or hours."""
    steps = list(course.steps)
    how = dice.choice(("more", "less", "moved", "caps"))
    if how == "more":
        steps.append(_step(dice, len(steps) + dice.randint(1, 9), course.weeks, times))
    elif how == "less" and len(steps) > 1:
        steps.pop(dice.randrange(len(steps)))
    elif how == "moved":
        place = dice.randrange(len(steps))
        old = steps[place]
        days = tuple(sorted(dice.sample(range(7), len(old.days))))
        steps[place] = Step(old.key, days, old.weeks, old.at, old.audience, old.purpose, old.late_after)
    return Course(
        course.id, course.weeks, tuple(steps), course.window, dice.choice((course.per_day, 2)), course.per_week
    )


def _people(dice: random.Random, seed: int, couples: int, zones: list[str], times: list[str]) -> list[Person]:
    people: list[Person] = []
    for couple in range(1, couples + 1):
        zone = dice.choice(zones)
        shares = dice.random()
        first: Person | None = None
        for position in (1, 2):
            number = len(people) + 1
            email = f"p{number}x{seed}@mail.example"
            phone = f"+1202{(seed * 97 + number * 7919) % 8_000_000 + 2_000_000}"
            if first is not None:
                email = first.email if shares < 0.1 and first.email else email
                phone = first.phone if 0.05 < shares < 0.15 and first.phone else phone
            has = dice.choice(("both", "both", "both", "email", "phone"))
            channel = {"email": "email", "phone": "sms"}.get(has) or dice.choice(("email", "sms"))
            ways = tuple(way for way, without in (("email", "phone"), ("sms", "email")) if has != without)
            consents = ways if dice.random() < 0.9 else ways[:1]
            here = zone if dice.random() < 0.7 else dice.choice(zones)
            person = Person(
                number=number,
                couple=couple,
                position=position,
                name=f"Zq{number}n{seed}",
                email=None if has == "phone" else email,
                phone=None if has == "email" else phone,
                zone=NO_ZONE if dice.random() < 0.02 else here,
                channel=channel,
                send_at=dice.choice(times),
                consents=consents,
                keeps_answers=dice.random() < 0.8,
            )
            first = first or person
            people.append(person)
    return people


def zone_of(name: str) -> ZoneInfo:
    """The zone, or UTC where there is none."""
    return ZoneInfo("UTC" if name == NO_ZONE else name)
