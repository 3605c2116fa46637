"""In every scene the engine as it is breaks no rule, and all that is to happen in it does happen."""

from dataclasses import replace

import pytest

from fuzz.check import check
from fuzz.mutants import BUGS
from fuzz.scenes import SCENES
from fuzz.script import Kind
from fuzz.stage import ASK, Stage, it, step
from fuzz.world import act_out


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_is_acted_out_and_nothing_is_wrong(name: str) -> None:
    """Whoever does something in a scene is told that it is done, and the checker has nothing to say."""
    script = SCENES[name]()
    record = act_out(script)
    assert {each.number for each in script.happenings} == {each.happening for each in record.done if each.told}
    assert check(script, record) == []


def test_every_bug_has_its_scene() -> None:
    """No bug names a scene that is not there, and no scene is there for nothing."""
    assert {bug.scene for bug in BUGS} == set(SCENES)


def test_all_that_can_happen_can_be_acted_out() -> None:
    """Of every kind of happening one is told done: an act that the engine's doors refuse would prove nothing."""
    pulse = replace(step("how", "12:00", (0, 2, 4)), purpose="pulse")
    stage = Stage(couples=8, steps=(ASK, pulse))
    day, hour = 86_400, 3_600
    at, later = stage.at(1, "15:00"), stage.at(8, "15:00")
    acts = [
        it(at, Kind.STOP, 1),
        it(at + hour, Kind.START, 1),
        it(at, Kind.UNSUBSCRIBE, 2),
        it(at, Kind.PAUSE, 3, until=at + day),
        it(at + hour, Kind.RESUME, 3),
        it(at, Kind.CHANGE, 4, send_at="10:00"),
        it(at, Kind.ANSWER, 5, text="We went to the harbour at night", share=True, by="page"),
        it(at, Kind.RATE, 5, stars=4),
        it(at, Kind.LEAVE, 6),
        it(at, Kind.ERASE, 8),
        it(at, Kind.SPLIT, 9),
        it(at, Kind.PAUSE_COUPLE, 6, until=at + day),
        it(at + hour, Kind.RESUME_COUPLE, 6),
        it(at, Kind.STOP_COUPLE, 7),
        it(at, Kind.SUPPRESS, 15, channel="email"),
        it(at, Kind.BOUNCE, 1),
        it(at, Kind.COMPLAIN, 3),
        it(at + 2 * hour, Kind.HOLD),
        it(at + 3 * hour, Kind.RELEASE),
        it(at + 4 * hour, Kind.EDIT, None, course=1),
        it(at + 4 * hour, Kind.RESOLVE, None, verdict="sent"),
        it(at + 5 * hour, Kind.LATE_CALLS),
        it(at + 5 * hour, Kind.GARBAGE, None, how="torn"),
        it(at + 5 * hour, Kind.ZONES, None, zone="Europe/Madrid", like="Europe/London"),
        it(stage.at(4, "08:00"), Kind.OUTAGE, None, kind="down", until=stage.at(4, "09:10")),
        it(stage.at(7, "08:58"), Kind.CRASH, None, step="claimed"),
        it(stage.at(7, "08:58"), Kind.STORE_FAULT, None, how="locked"),
        it(stage.at(7, "08:58"), Kind.SECOND, None, until=at + day),
        it(stage.at(7, "08:58"), Kind.STALL, None, seconds=30, where="before", frozen=False),
        it(stage.at(7, "08:58"), Kind.SKEW, None, seconds=5),
        it(later, Kind.AWAY, None, until=later + hour),
        it(later + 2 * hour, Kind.RESTORE, None, of=later - hour, until=later + 3 * hour),
        it(later + 3 * hour, Kind.CONFIRM),
        it(later + 4 * hour, Kind.RELEASE),
    ]
    script = stage.script(acts)
    course = script.courses[0]
    script = replace(script, courses=(course, replace(course, per_day=5)))
    record = act_out(script)
    assert {each.kind for each in script.happenings} == set(Kind)
    done = {each.happening for each in record.done if each.told}
    assert [each for each in script.happenings if each.number not in done] == []
