"""Draws are repeatable, do not repeat an activity while another is left, and lean towards what a couple asked for."""

import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import Audience, Cause, Caution, activity, campaign, step

from engine.keyed import fraction, pick
from engine.model.campaign import Draw, Theme, Variant
from engine.model.strategy import Kind, Mode
from engine.plan.assign import assign
from engine.plan.draw import Tastes, draw_all, drawn_for, pool

SEEDS = st.text("0123456789abcdef", min_size=32, max_size=32)
WEEKLY = {"weeks": tuple(range(1, 13))}


@given(SEEDS, st.integers(1, 20))
def test_no_activity_comes_again_before_the_pool_is_exhausted(seed: str, size: int) -> None:
    draws = list(draw_all(campaign(step(**WEEKLY), activities=size), 0, seed, Tastes()).values())
    assert len(draws) == 12
    for round_ in range(0, 12, size):
        assert len(set(draws[round_ : round_ + size])) == min(size, 12 - round_)


@given(SEEDS)
def test_the_same_inputs_draw_the_same_and_another_seed_draws_otherwise(seed: str) -> None:
    made = campaign(step(**WEEKLY), activities=20)
    assert draw_all(made, 0, seed, Tastes()) == draw_all(made, 0, seed, Tastes())
    assert draw_all(made, 0, seed, Tastes()) != draw_all(made, 0, seed[::-1] + "x", Tastes())


def test_a_draw_is_the_same_on_every_machine() -> None:
    assert fraction("seed", "talk/1") == 0.3927111282165143
    assert list(draw_all(campaign(step(weeks=(1, 2, 3))), 0, "seed", Tastes()).values()) == ["a1", "a4", "a2"]


@given(SEEDS)
def test_both_get_the_same_activity_and_each_gets_their_own(seed: str) -> None:
    shared, own = step("shared", **WEEKLY), step("own", audience=Audience.EACH, **WEEKLY)
    draws = draw_all(campaign(shared, own, activities=50), 0, seed, Tastes())
    for week in range(12):
        day = 7 * week + 1
        assert draws[drawn_for(shared, day, 1)] == draws[drawn_for(shared, day, 2)]
        assert draws[drawn_for(own, day, 1)] != draws[drawn_for(own, day, 2)]


def test_what_a_couple_asked_for_is_drawn_more_often() -> None:
    wanted = activity(0, causes=frozenset({Cause.SELF_ESTEEM}))
    made = campaign(step(), activities=[wanted, *[activity(n) for n in range(1, 6)]])
    tastes = Tastes(frozenset({Cause.SELF_ESTEEM}))
    drawn = Counter(draw_all(made, 0, f"seed{n}", tastes)["talk/1"] for n in range(2000))
    # Three shares of eight, against one of six without a stated cause.
    assert 0.33 < drawn["a0"] / 2000 < 0.42
    assert len(drawn) == 6


@pytest.mark.parametrize(
    ("draw", "tastes", "expected"),
    [
        (Draw(), Tastes(), {"a0", "a1", "a2"}),
        (Draw(), Tastes(touch=True), {"a0", "a1", "a2", "a3"}),
        (Draw(kinds=frozenset({Kind.EXERCISE})), Tastes(), {"a2"}),
        (Draw(modes=frozenset({Mode.TALK})), Tastes(), {"a0", "a1"}),
        (Draw(depth=(2, 3)), Tastes(), {"a1", "a5"}),
        (Draw(strategies=frozenset({"t"})), Tastes(), {"a4"}),
    ],
)
def test_a_pool_holds_what_the_draw_asks_for_and_nothing_to_avoid(
    draw: Draw, tastes: Tastes, expected: set[str]
) -> None:
    activities = [
        activity(0),
        activity(1, depth=2),
        activity(2, kind=Kind.EXERCISE, mode=Mode.DO),
        activity(3, kind=Kind.EXERCISE, mode=Mode.TOUCH, cautions=frozenset({Caution.TOUCH})),
        activity(4, strategy="t"),
        activity(5, depth=3, kind=Kind.EXERCISE, mode=Mode.WRITE),
        activity(6, cautions=frozenset({Caution.GRIEF})),
    ]
    made = campaign(step(), activities=activities, avoid=frozenset({Caution.GRIEF}))
    expected |= {"a5"} if draw == Draw() or draw.kinds else set()
    assert {each.id for each in pool(made, draw, 1, tastes)} == expected


def test_repeats_wait_as_many_weeks_as_the_draw_says() -> None:
    made = campaign(step(draw=Draw(no_repeat_weeks=3), **WEEKLY), activities=2)
    drawn = draw_all(made, 0, "seed", Tastes())
    weeks = {key: int(key.split("/")[1]) // 7 for key in drawn}
    for one in made.activities:
        at = [weeks[key] for key, given in drawn.items() if given == one]
        assert all(later - earlier >= 3 for earlier, later in itertools.pairwise(at))


def test_a_week_whose_pool_is_empty_draws_nothing() -> None:
    made = campaign(step(draw=Draw(strategies=frozenset({"none"}))))
    assert draw_all(made, 0, "seed", Tastes()) == {}


def test_a_theme_decides_strategy_and_depth_when_the_draw_does_not() -> None:
    made = campaign(step(), activities=[activity(0, depth=3), activity(1, strategy="t"), activity(2)])
    made = type(made)(**{**{f: getattr(made, f) for f in made.__slots__}, "themes": (Theme(("s",), (2, 3)),) * 12})
    assert [each.id for each in pool(made, Draw(), 1, Tastes())] == ["a0"]


def test_variants_are_shared_out_in_proportion_and_by_couple_alone() -> None:
    made = campaign(step(variants=(Variant("a", 3), Variant("b", 1))))
    given = Counter(assign(made, f"seed{n}")["talk"] for n in range(4000))
    assert 0.72 < given["a"] / 4000 < 0.78
    assert assign(made, "seed1") == assign(made, "seed1")


@given(st.floats(0, 1, exclude_max=True), st.lists(st.integers(0, 9), min_size=1).filter(any))
def test_a_pick_never_falls_on_a_weight_of_nothing(point: float, weights: list[int]) -> None:
    assert weights[pick(point, weights)] > 0


def test_nothing_to_pick_from_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing to pick"):
        pick(0.5, [0, 0])


def test_what_a_couples_own_variant_gives_is_not_drawn_as_well() -> None:
    given = step("given", draw=None, activity="a0", variants=(Variant("v", 1, None, "a1"),))
    made = campaign(given, step("drawn", days=(3,)), activities=3)
    drawn = {draw_all(made, 0, f"seed{n}", Tastes(), {"given": "v"})["drawn/3"] for n in range(100)}
    assert drawn == {"a0", "a2"}


def test_an_activity_given_outright_counts_from_its_own_day() -> None:
    given = step("given", weeks=(8,), draw=None, activity="a0")
    made = campaign(given, step("drawn", weeks=(9,), draw=Draw(no_repeat_weeks=4)), activities=1)
    assert draw_all(made, 0, "seed", Tastes()) == {}
