"""A step's `when:` sees what its partner told us, and of the other only what both know."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, insert
from world import World, person, talk

from engine.deliver.forecast import schedule
from engine.model.reply import Feedback
from engine.store import feedback, pulses, schema
from engine.store.couples_schema import answers, reveals

Act = Callable[[World], None]


def asking(when: str) -> World:
    """Ana and Ben have had a question on Tuesday; a step with this condition comes on Friday."""
    ask, then = talk("ask", activity="a0", draw=None), talk("then", days=(4,), activity="a1", draw=None, when=when)
    world = World(ask, then)
    world.join("x", person("Ana"), person("Ben"))
    world.enroll()
    world.live("2026-03-04T00:00")
    return world


def partner(world: World, name: str) -> int:
    (found,) = [row.id for row in world.rows(schema.partners) if row.given_name == name]
    return int(found)


def rated(name: str, *values: int) -> Act:
    def act(world: World) -> None:
        who = partner(world, name)
        with world.database.begin() as connection:
            for week, value in enumerate(values, 1):
                pulses.rate(connection, 1, who, "pulse", 7 * week - 1, week, value, world.clock.now())

    return act


def said(name: str, verdict: Feedback) -> Act:
    def act(world: World) -> None:
        who = partner(world, name)
        (row,) = [row for row in world.rows() if row.partner_id == who]
        with world.database.begin() as connection:
            feedback.give(connection, row.id, who, row.activity, verdict, world.clock.now())

    return act


def answered(name: str) -> Act:
    def act(world: World) -> None:
        row = {"enrollment_id": 1, "partner_id": partner(world, name), "step": "ask", "occurrence": 1}
        with world.database.begin() as connection:
            connection.execute(insert(answers).values(text_cipher=b"", shared=True, **row))

    return act


def revealed(world: World) -> None:
    with world.database.begin() as connection:
        connection.execute(insert(reveals).values(enrollment_id=1, step="ask", occurrence=1, at=world.clock.now()))


def agreed(*names: str) -> Act:
    def act(world: World) -> None:
        for name in names:
            world.alter(name, share_pulse=True)

    return act


LOW = "partner.pulse is not none and partner.pulse < 3"


@pytest.mark.parametrize(
    ("when", "acts", "sent"),
    [
        (LOW, [], []),
        (LOW, [rated("Ana", 2)], ["Ana"]),
        (LOW, [rated("Ana", 2, 4)], []),  # the latest counts
        ("partner.pulses | length > 1 and partner.pulses[-1] > partner.pulses[-2]", [rated("Ben", 2, 4)], ["Ben"]),
        ("'ask' not in partner.answered", [], ["Ana", "Ben"]),
        ("'ask' not in partner.answered", [answered("Ana")], ["Ben"]),
        ("'a0' in partner.did", [said("Ben", Feedback.DID)], ["Ben"]),
        ("'a0' in partner.smaller", [said("Ana", Feedback.SMALLER)], ["Ana"]),
        ("'a0' not in partner.not_for_us", [said("Ana", Feedback.NOT_FOR_US)], ["Ben"]),
        # Of the two of them: only what both know.
        ("'ask' in couple.revealed", [answered("Ana"), answered("Ben")], []),
        ("'ask' in couple.revealed", [answered("Ana"), answered("Ben"), revealed], ["Ana", "Ben"]),
        ("couple.pulse is not none", [rated("Ana", 2), rated("Ben", 4)], []),
        ("couple.pulse is not none", [agreed("Ana"), rated("Ana", 2), rated("Ben", 4)], []),
        ("couple.pulse == 3", [agreed("Ana", "Ben"), rated("Ana", 5, 2), rated("Ben", 5, 4)], ["Ana", "Ben"]),
        ("couple.pulse == 4", [agreed("Ana", "Ben"), rated("Ana", 4, 1), rated("Ben", 4)], ["Ana", "Ben"]),
    ],
)
def test_a_step_goes_to_whom_its_condition_holds_for_and_the_schedule_knows_it(
    when: str, acts: list[Act], sent: list[str]
) -> None:
    world = asking(when)
    for act in acts:
        act(world)
    with world.database.read() as connection:
        coming = list(schedule(connection, world.engine.definitions, until=None, couple=None, limit=9))
    world.live()
    found = [line for line in world.lines() if line.step == "then"]
    assert sorted(line.partner for line in found if line.status == "sent") == sent
    assert {(line.status, line.reason) for line in found} <= {("sent", None), ("skipped", "condition")}
    assert sorted(each.who.given_name for each in coming if each.skip is None) == sent


def statements(world: World, act: Callable[[], Any]) -> list[str]:
    seen: list[str] = []

    def note(*given: Any) -> None:
        seen.append(given[2])

    event.listen(world.database.engine, "before_cursor_execute", note)
    act()
    event.remove(world.database.engine, "before_cursor_execute", note)
    return [statement for statement in seen if "pulses" in statement or "reveals" in statement]


def test_what_was_said_is_read_once_for_all_and_only_when_a_step_with_a_condition_is_due() -> None:
    world = World(talk("a"), talk("b", days=(2,), when="partner.pulse is none"), talk("c", days=(3,)))
    for number in range(20):
        world.join(f"x{number}", person(f"Ana{number}"), person(f"Ben{number}"))
    world.enroll()
    reads = [len(statements(world, lambda: world.go_to(f"2026-03-0{day}T09:00"))) for day in (3, 4, 5)]  # noqa: B023
    assert reads == [0, 1, 0]
    assert len(world.lines()) == 120
