"""Why an activity was drawn, in sentences that a person can follow."""

from datetime import UTC, datetime

import pytest
from made import Audience, mixed, step
from world import World, person, talk

from engine.define.digest import identified
from engine.model.campaign import Draw
from engine.model.strategy import Cause
from engine.plan.calendar import DAYS
from engine.plan.draw import Tastes, draw_all
from engine.plan.epoch import Epoch
from engine.plan.learn import Learned
from engine.report.draws import Explained, explained
from engine.store import learning

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def of(world: World) -> list[Explained]:
    with world.database.read() as connection:
        return explained(connection, 1)


def drawn(*steps: object, each: int = 1, tastes: Tastes | None = None, learned: Learned | None = None) -> World:
    """A couple of one in a campaign of four strategies, its draws made by these tastes and what was learned."""
    world = World()
    names = ("affection", "empathy", "new", "time")
    world.campaign = identified(mixed(*(steps or (talk(),)), each=each, strategies=names))
    world.join("x", person("Ana"))
    world.enroll()
    (row,) = world.rows(learning.enrollments)
    epoch = Epoch(0, NOW, tastes or Tastes(), learned or Learned())
    draws = draw_all(world.campaign, 0, row.seed, epoch.tastes, row.variants, learned=epoch.learned)
    with world.database.begin() as connection:
        learning.keep(connection, row.id, draws, [epoch.entry()])
    return world


@pytest.mark.parametrize(
    ("learned", "why"),
    [
        (Learned(), "One of 4 that suit it, all of them new, with a chance of 25%."),
        (
            Learned(frozenset({"a0"})),
            "One of 3 that suit it, all of them new, with a chance of 33%. 1 more would suit it, but is not for them.",
        ),
        (
            Learned(frozenset({"a0", "a1", "a2"})),
            "The only one that suits it. 3 more would suit it, but are not for them.",
        ),
        (
            Learned(frozenset({"a0", "a1"}), {"new": 1.5, "time": 1.5}),
            "One of 2 that suit it, all of them new, with a chance of 50%. 1.50 times as likely by what they told us of"
            " '{strategy}'. 2 more would suit it, but are not for them.",
        ),
        (
            Learned(frozenset({"a0", "a1", "a2", "a3"})),
            "Nothing suits it. 4 would suit it, but are not for them.",
        ),
    ],
)
def test_it_says_what_there_was_to_choose_from_and_what_was_learned(learned: Learned, why: str) -> None:
    (line,) = of(drawn(learned=learned))
    assert line.why == why.format(strategy=line.strategy)


def test_it_says_which_stated_cause_an_activity_is_for() -> None:
    lines = of(drawn(talk(weeks=(1, 2, 3, 4)), each=2, tastes=Tastes(frozenset({Cause.SELF_ESTEEM}))))
    reasons = {line.activity: line.why.partition("%. ")[2] for line in lines}
    asked_for = "3 times as likely for self-esteem."
    assert {activity: why for activity, why in reasons.items() if activity in {"a1", "a3", "a5", "a7"}}
    assert all(why == (asked_for if activity in {"a1", "a3", "a5", "a7"} else "") for activity, why in reasons.items())


def test_it_says_when_one_comes_again_and_when_none_has_rested_long_enough() -> None:
    weekly = {"weeks": tuple(range(1, 7))}
    again = of(drawn(talk(**weekly)))
    assert again[3].why == "The only one not given yet, of 4 that suit it."
    assert again[4].why == "All 4 that suit it had been given, this one longest ago."
    rested = of(drawn(talk(draw=Draw(no_repeat_weeks=9), **weekly)))
    assert (rested[4].activity, rested[4].why) == (None, "None of 4 has rested long enough.")


def test_it_says_for_whom_a_draw_is() -> None:
    weeks = {"weeks": (1, 2)}
    lines = of(
        drawn(
            step("own", audience=Audience.EACH, **weeks),
            step("turn", audience=Audience.ALTERNATING, days=(2,), **weeks),
            step("both", days=(3,), **weeks),
        )
    )
    assert [(line.step, line.week, line.partner) for line in lines] == [
        *(("own", 1, 1), ("own", 1, 2), ("turn", 1, 1), ("both", 1, None)),
        *(("own", 2, 1), ("own", 2, 2), ("turn", 2, 2), ("both", 2, None)),
    ]
    assert [line.day for line in lines][:3] == ["2026-03-03", "2026-03-03", "2026-03-04"]


def test_what_has_come_is_told_from_what_may_still_change() -> None:
    world = drawn(talk(weeks=(1, 2, 3)))
    world.live("2026-03-11T00:00")
    assert [line.come for line in of(world)] == [True, True, False]
    assert all(line.week == index // DAYS + 1 for index, line in zip((0, 7, 14), of(world), strict=True))


def test_a_draw_whose_reasons_were_not_kept_says_so() -> None:
    world = drawn()
    with world.database.begin() as connection:
        learning.keep(connection, 1, {"talk/1": "a0"}, [])
    (line,) = of(world)
    assert (line.activity, line.choice, line.why) == ("a0", None, "What it was chosen from was not kept.")
