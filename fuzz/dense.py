"""A small life in which much happens at the worst moment: while messages wait, planned, for a provider to come back."""

import random
from dataclasses import replace
from datetime import date, timedelta

from fuzz.model_calendar import at_first, falls, keys
from fuzz.model_zone import wall
from fuzz.script import Happening, Kind, Person, Script, Step

FEW = 6
"""Couples."""
FIRST = 100_000
"""The number of the first happening that is added."""
WORST = (Kind.LEAVE, Kind.PAUSE, Kind.STOP_COUPLE, Kind.SPLIT, Kind.SUPPRESS, Kind.PAUSE_COUPLE, Kind.HOLD, Kind.ERASE)
NIGHTS = "Europe/Madrid", "America/New_York", "Australia/Adelaide", "America/Santiago"
DAY = 86_400.0
OF_COUPLES = (Kind.JOIN, Kind.PAUSE_COUPLE, Kind.RESUME_COUPLE, Kind.STOP_COUPLE)


def few(script: Script) -> Script:
    """The script with its first couples only, and what happens to them or to all."""
    people = tuple(person for person in script.people if person.couple <= FEW)
    numbers = {person.number for person in people}
    kept = tuple(
        each
        for each in script.happenings
        if each.kind is not Kind.RESOLVE  # so that nothing is excused by the operator's word
        and (each.who is None or (each.who <= FEW if each.kind in OF_COUPLES else each.who in numbers))
    )
    return replace(script, people=people, happenings=kept)


def dense(script: Script) -> Script:
    """Few of its couples; to each, something happens while the providers are away at an instant of theirs."""
    script = _by_night(few(script)) if script.seed % 2 else replace(few(script), batch=2, lease_seconds=60)
    dice = random.Random(script.seed)  # noqa: S311 - a seed is to give the same life again
    starts = {each.who: each.detail["start"] for each in script.happenings if each.kind is Kind.JOIN}
    added: list[Happening] = []
    for place, person in enumerate(script.people):
        instants = sorted(_instants(script, person, date.fromisoformat(starts[person.couple])))
        if place % 2 == 0 and len(instants) > 1:
            at = instants[dice.randrange(1, len(instants))]
            added += _scene(FIRST + 10 * place, at, WORST[(place // 2 + script.seed) % len(WORST)], person)
        elif len(instants) > 1:
            at = instants[dice.randrange(len(instants))]
            added += _machine(FIRST + 10 * place, at, person)
    happenings = sorted((*script.happenings, *added), key=lambda each: (each.at, each.number))
    return replace(script, happenings=tuple(happenings))


def _by_night(script: Script) -> Script:
    """All in a zone whose clocks change on the way, and a step at the hour that is skipped, or comes twice."""
    for name in NIGHTS:
        for hour in range(48, 24 * 7 * script.courses[0].weeks):
            at = script.begins // 3_600 * 3_600 + 3_600 * hour
            before, after = wall(at - 1, name), wall(at, name)
            if before is None or after is None or abs((after - before).total_seconds() - 1) < 60:
                continue
            moment = min(after, before + timedelta(seconds=1)) + timedelta(minutes=15)
            weeks = tuple(range(1, script.courses[0].weeks + 1))
            night = Step("night", (moment.weekday(),), weeks, f"{moment:%H:%M}", "both", "activity", 1_440)
            courses = tuple(
                replace(course, steps=(*course.steps, night), window=(("00:00", "23:59"),) * 7, per_day=9, per_week=60)
                for course in script.courses
            )
            people = tuple(replace(person, zone=name) for person in script.people)
            return replace(script, people=people, courses=courses)
    return script


def _machine(number: int, at: float, person: Person) -> list[Happening]:
    """Somebody wants other days, two schedulers work, a hand-over outlasts its lease, an intent is not committed."""
    return [
        Happening(number, at - 7 * DAY, Kind.CHANGE, person.number, {"reach_days": "tue, fri, sat"}),
        Happening(number + 1, at - 60, Kind.SECOND, None, {"until": at + DAY}),
        Happening(number + 2, at - 1, Kind.STALL, None, {"seconds": 200, "where": "before", "frozen": False}),
        Happening(number + 4, at + 7 * DAY - 1, Kind.STORE_FAULT, None, {"how": "after", "times": 1}),
        Happening(number + 3, at + DAY, Kind.STORE_FAULT, None, {"how": "before", "times": 1, "step": "rendered"}),
    ]


def _instants(script: Script, person: Person, start: date) -> list[float]:
    way, course = at_first(person), script.courses[0]
    return [falls(course, step, key[1], start, way, way.zone) for key, step in keys(course, start, person.position)]


def _scene(number: int, at: float, kind: Kind, person: Person) -> list[Happening]:
    """The providers are away from before `at` on; while its messages wait, it happens; then they are back."""
    who = None if kind is Kind.HOLD else person.couple if kind in OF_COUPLES else person.number
    detail: dict[str, object] = {"until": at + 50_000} if kind in (Kind.PAUSE, Kind.PAUSE_COUPLE) else {}
    if kind is Kind.SUPPRESS:
        detail = {"channel": person.channel}
    scene = [
        Happening(number, at - 30, Kind.OUTAGE, None, {"kind": "throttled", "until": at + 1_500}),
        Happening(number + 1, at + 600, kind, who, detail),
    ]
    if kind is Kind.HOLD:
        scene.append(Happening(number + 2, at + 30_000, Kind.RELEASE))
    return scene
