"""A small life in which much happens at the worst moment: while messages wait, planned, for a provider to come back."""

import random
from dataclasses import replace
from datetime import date

from fuzz.model_calendar import at_first, falls, keys
from fuzz.script import Happening, Kind, Person, Script

FEW = 6
"""Couples."""
FIRST = 100_000
"""The number of the first happening that is added."""
WORST = (Kind.LEAVE, Kind.PAUSE, Kind.STOP_COUPLE, Kind.SPLIT, Kind.SUPPRESS, Kind.PAUSE_COUPLE, Kind.HOLD, Kind.ERASE)
OF_COUPLES = (Kind.JOIN, Kind.PAUSE_COUPLE, Kind.RESUME_COUPLE, Kind.STOP_COUPLE)


def few(script: Script) -> Script:
    """The script with its first couples only, and what happens to them or to all."""
    people = tuple(person for person in script.people if person.couple <= FEW)
    numbers = {person.number for person in people}
    kept = tuple(
        each
        for each in script.happenings
        if each.who is None or (each.who <= FEW if each.kind in OF_COUPLES else each.who in numbers)
    )
    return replace(script, people=people, happenings=kept)


def dense(script: Script) -> Script:
    """Few of its couples; to each, something happens while the providers are away at an instant of theirs."""
    script = few(script)
    dice = random.Random(script.seed)  # noqa: S311 - a seed is to give the same life again
    starts = {each.who: each.detail["start"] for each in script.happenings if each.kind is Kind.JOIN}
    added: list[Happening] = []
    for place, person in enumerate(script.people):
        instants = sorted(_instants(script, person, date.fromisoformat(starts[person.couple])))
        if place % 2 == 0 and len(instants) > 1:
            at = instants[dice.randrange(1, len(instants))]
            added += _scene(FIRST + 10 * place, at, WORST[(place // 2 + script.seed) % len(WORST)], person)
    happenings = sorted((*script.happenings, *added), key=lambda each: (each.at, each.number))
    return replace(script, happenings=tuple(happenings))


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
