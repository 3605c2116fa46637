"""One script again: whole, in part, or shrunk to what its violation needs, and told so that a person can read it."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from fuzz.check import Violation, check
from fuzz.generate import generate
from fuzz.script import Kind, Script
from fuzz.world import act_out

T = TypeVar("T")
Cut = Callable[[Script, Collection[Any]], Script]
KEPT = Path(__file__).with_name("seeds.txt")


def judged(script: Script) -> list[Violation]:
    """What is wrong with the life of a script."""
    return check(script, act_out(script))


def kept(who: str = "") -> list[int]:
    """Seeds that broke a rule once: all, or those where `who` was wrong, which is the `engine`, by a fault that another
    seed has shown `engine-again`, or the `model`.
    """
    lines = KEPT.read_text(encoding="utf-8").splitlines()
    told = [line.partition(":")[0].split() for line in lines if line and not line.startswith("#")]
    return [int(seed) for seed, wrong in told if who in ("", wrong)]


def chosen(
    seed: int,
    only: Collection[int] | None = None,
    couples: Collection[int] | None = None,
    steps: Collection[str] | None = None,
    no_rates: bool = False,
) -> Script:
    """A seed's script, or these parts of it. Numbers stay what they are in the whole."""
    script = generate(seed)
    if only is not None:
        script = _with_happenings(script, only)
    if couples is not None:
        script = _with_couples(script, couples)
    if steps is not None:
        script = _with_steps(script, steps)
    return replace(script, rates=dict.fromkeys(script.rates, 0.0)) if no_rates else script


def shrunk(script: Script, rule: str, progress: Callable[[str], None] = lambda said: None) -> Script:
    """The script without all that can be left out while it still breaks that rule: couples, happenings, steps."""

    def breaks(smaller: Script) -> bool:
        try:
            return any(each.rule == rule for each in judged(smaller))
        except Exception:
            return False

    calm = replace(script, rates=dict.fromkeys(script.rates, 0.0))
    if breaks(calm):
        script = calm
    while True:
        smaller = _with_couples(script, _least(_couples(script), partial(_breaks, breaks, _with_couples, script)))
        progress(f"{len(smaller.people)} people")
        smaller = _with_happenings(
            smaller, _least(_numbers(smaller), partial(_breaks, breaks, _with_happenings, smaller))
        )
        progress(f"{len(smaller.happenings)} happenings")
        smaller = _with_steps(smaller, _least(_keys(smaller), partial(_breaks, breaks, _with_steps, smaller)))
        if smaller == script:
            return script
        script = smaller


def _breaks(breaks: Callable[[Script], bool], cut: Cut, script: Script, some: Collection[Any]) -> bool:
    return breaks(cut(script, some))


def _couples(script: Script) -> list[int]:
    return sorted({each.couple for each in script.people})


def _numbers(script: Script) -> list[int]:
    return [each.number for each in script.happenings]


def _keys(script: Script) -> list[str]:
    return list(dict.fromkeys(step.key for course in script.courses for step in course.steps))


def _least(everything: Sequence[T], still: Callable[[Sequence[T]], bool]) -> list[T]:
    """A part of it that no smaller piece can be left out of (Zeller's ddmin)."""
    have, pieces = list(everything), 2
    while len(have) > 1:
        size = max(1, len(have) // pieces)
        for first in range(0, len(have), size):
            without = have[:first] + have[first + size :]
            if without and still(without):
                have, pieces = without, max(2, pieces - 1)
                break
        else:
            if size == 1:
                return have
            pieces = min(len(have), pieces * 2)
    return have


def _with_happenings(script: Script, only: Collection[int]) -> Script:
    wanted = frozenset(only)
    return replace(script, happenings=tuple(each for each in script.happenings if each.number in wanted))


def _with_couples(script: Script, only: Collection[int]) -> Script:
    """Without the others, and what happens to them."""
    people = tuple(each for each in script.people if each.couple in only)
    numbers = {each.number for each in people}
    kept = tuple(
        each
        for each in script.happenings
        if each.who is None or each.who in (only if of_couple(each.kind) else numbers)
    )
    return replace(script, people=people, happenings=kept)


def of_couple(kind: Kind) -> bool:
    """Whether `who` is a couple."""
    return kind in (Kind.JOIN, Kind.PAUSE_COUPLE, Kind.RESUME_COUPLE, Kind.STOP_COUPLE)


def _with_steps(script: Script, only: Collection[str]) -> Script:
    courses = tuple(
        replace(course, steps=tuple(step for step in course.steps if step.key in only)) for course in script.courses
    )
    return replace(script, courses=courses)


def story(script: Script) -> Iterator[str]:
    """The script as lines to read."""
    for person in script.people:
        yield (
            f"person {person.number} of couple {person.couple}: {person.channel}, {person.zone}, at {person.send_at}"
        )
    for number, course in enumerate(script.courses):
        yield f"course {number}: {course.weeks} weeks, at most {course.per_day} a day, {course.per_week} a week"
        for step in course.steps:
            yield f"  {step.key}: days {step.days}, weeks {step.weeks}, at {step.at}, {step.audience}, {step.purpose}"
    for each in script.happenings:
        at = datetime.fromtimestamp(each.at, UTC).isoformat(" ", "seconds")[:-6]
        yield f"{at}  [{each.number}] {each.kind.value} {'' if each.who is None else each.who} {each.detail or ''}"
