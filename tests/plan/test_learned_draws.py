"""Draws mind what was learned: bans hold, odds lean within bounds, what was given stays, and each draw is explained."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import SEVEN, Audience, Cause, campaign, mixed, step

from engine.model.campaign import Draw, Variant
from engine.model.reply import Feedback
from engine.plan.assign import assign
from engine.plan.draw import Tastes, draw_all
from engine.plan.epoch import Epoch, followed_by, in_force, read
from engine.plan.explain import explain
from engine.plan.learn import NOTHING, Felt, Given, Learned, Said, learn

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
WEEKLY = {"weeks": tuple(range(1, 13))}


SEEDS = st.text("0123456789abcdef", min_size=32, max_size=32)
IDS = [f"a{number}" for number in range(28)]
LEARNED = st.builds(
    Learned,
    st.frozensets(st.sampled_from(IDS), max_size=20),
    st.dictionaries(st.sampled_from(SEVEN), st.integers(32, 128).filter(lambda n: n != 64).map(lambda n: n / 64)),
)
TASTES = st.builds(Tastes, st.sampled_from([frozenset(), frozenset({Cause.SELF_ESTEEM})]), st.booleans())
STEPS = (
    step("talk", **WEEKLY),
    step("own", audience=Audience.EACH, days=(3,), draw=Draw(no_repeat_weeks=3), **WEEKLY),
    step("turn", audience=Audience.ALTERNATING, days=(4,), **WEEKLY),
    step("fixed", days=(5,), draw=None, activity="a0", variants=(Variant("v"), Variant("w", 1, None, "a5"))),
)
WAYS = st.lists(st.tuples(st.integers(0, 90), TASTES, LEARNED), max_size=4).map(
    lambda ways: [(0, Tastes(), NOTHING), *ways]
)


@given(SEEDS, TASTES)
def test_a_couple_of_which_nothing_is_known_draws_as_without_learning(seed: str, tastes: Tastes) -> None:
    made = mixed(*STEPS)
    plain = draw_all(made, 0, seed, tastes)
    assert draw_all(made, 0, seed, tastes, learned=Learned()) == plain
    # All leaning alike is not leaning, and to the last bit: the odds are whole 64ths.
    assert draw_all(made, 0, seed, tastes, learned=Learned(tilt=dict.fromkeys(SEVEN, 0.5))) == plain


@given(SEEDS, LEARNED, TASTES, st.integers(0, 90))
def test_what_is_not_for_them_is_never_drawn_again_and_the_past_stays(
    seed: str, learned: Learned, tastes: Tastes, since: int
) -> None:
    made = mixed(*STEPS)
    before = draw_all(made, 0, seed, Tastes())
    after = draw_all(made, 0, seed, tastes, learned=learned, kept=before, since=since)
    days = {key: int(key.split("/")[1]) for key in (*before, *after)}
    assert {key: each for key, each in after.items() if days[key] < since} == {
        key: each for key, each in before.items() if days[key] < since
    }
    assert not {each for key, each in after.items() if days[key] >= since} & learned.banned


def test_nothing_is_drawn_where_all_that_is_left_is_not_for_them() -> None:
    made = campaign(step(**WEEKLY), activities=3)
    drawn = draw_all(made, 0, "seed", Tastes(), learned=Learned(frozenset({"a0", "a1", "a2"})))
    assert drawn == {}


def test_what_was_kept_counts_as_given() -> None:
    made = campaign(step(**WEEKLY), activities=12)
    for seed in map(str, range(40)):
        drawn = draw_all(made, 0, seed, Tastes(), kept=draw_all(made, 0, f"{seed}x", Tastes()), since=40)
        assert len(set(drawn.values())) == 12


@given(SEEDS, LEARNED, st.integers(0, 90))
def test_drawing_anew_by_the_same_changes_nothing_from_whichever_day(seed: str, learned: Learned, since: int) -> None:
    made = mixed(*STEPS)
    drawn = draw_all(made, 0, seed, Tastes(), learned=learned)
    assert draw_all(made, 0, seed, Tastes(), learned=learned, kept=drawn, since=since) == drawn


EXTREME = [
    *(Said(f"x{number}", "affection", Feedback.DID) for number in range(3_000)),
    *(Said(f"y{number}", "empathy", Feedback.SMALLER) for number in range(3_000)),
]
FALLS = [Felt(partner, day, 1 + day % 2, NOW) for partner in (1, 2) for day in range(2_000)]
GIVEN = [Given(day, name) for day in range(0, 2_000, 2) for name in SEVEN[2:]]  # whatever day they come, it fell


@pytest.mark.parametrize("history", [(EXTREME, FALLS, GIVEN), (EXTREME, [], []), ([], FALLS, GIVEN)])
def test_all_seven_stay_within_reach_under_the_most_extreme_history(history: Any) -> None:
    learned = learn(*history)
    weights = [learned.tilt.get(name, 1) for name in SEVEN]
    assert max(weights) <= 4 * min(weights)
    made = mixed(step())
    drawn = Counter(
        made.activities[draw_all(made, 0, f"seed{n}", Tastes(), learned=learned)["talk/1"]].strategy
        for n in range(2_000)
    )
    assert set(drawn) == set(SEVEN)
    # The least likely of seven: one share of at most 1 + 6 * 4.
    assert min(drawn.values()) / 2_000 > 0.02


def test_a_strategy_that_helps_comes_more_often_and_one_that_does_not_less() -> None:
    made = mixed(step())
    learned = Learned(tilt={"affection": 2.0, "empathy": 0.5})
    drawn = Counter(
        made.activities[draw_all(made, 0, f"seed{n}", Tastes(), learned=learned)["talk/1"]].strategy
        for n in range(4_000)
    )
    assert 0.24 < drawn["affection"] / 4_000 < 0.30  # 2 of 7.5
    assert 0.05 < drawn["empathy"] / 4_000 < 0.09  # 0.5 of 7.5


@given(SEEDS, WAYS, st.integers(0, 6))
def test_every_draw_that_is_stored_is_what_comes_out_when_it_is_made_again(
    seed: str, ways: list[tuple[int, Tastes, Learned]], weekday: int
) -> None:
    made = mixed(*STEPS)
    variants = assign(made, seed)
    epochs: list[Epoch] = []
    draws: dict[str, str] = {}
    for since, tastes, learned in ways:
        draws = draw_all(made, weekday, seed, tastes, variants, learned=learned, kept=draws, since=since)
        epochs = followed_by(epochs, Epoch(since, NOW, tastes, learned))
    found = explain(made, weekday, seed, read([epoch.entry() for epoch in epochs]), draws, variants)
    assert {each.turn.key: each.activity for each in found if each.activity is not None} == draws
    assert all(each.choice is not None for each in found)
    assert len({each.turn.key for each in found}) == len(found) == 12 * 4


def test_a_draw_is_explained_by_what_stood_to_choose_from() -> None:
    made = mixed(step(weeks=(1, 2)), each=2, strategies=("affection", "empathy"))
    tastes, learned = Tastes(frozenset({Cause.SELF_ESTEEM})), Learned(frozenset({"a2"}), {"affection": 1.5})
    draws = draw_all(made, 0, "seed", tastes, learned=learned)
    first, second = explain(made, 0, "seed", [Epoch(0, NOW, tastes, learned)], draws)
    assert (first.choice.suiting, first.choice.fresh, first.choice.barred) == (3, 3, 1)  # type: ignore[union-attr]
    assert first.choice.total == 1.5 + 3 * 1.5 + 3  # type: ignore[union-attr]
    weights = {"a0": (1.5, ()), "a1": (4.5, (Cause.SELF_ESTEEM,)), "a3": (3, (Cause.SELF_ESTEEM,))}
    for drawn in (first, second):
        assert (drawn.choice.weight, drawn.choice.causes) == weights[drawn.activity]  # type: ignore
        assert drawn.choice.tilt == (1.5 if drawn.activity in {"a0", "a1"} else 1)  # type: ignore[union-attr]
    assert second.choice.fresh == 2  # type: ignore[union-attr]


def test_what_comes_again_when_all_were_given_is_said_to_come_again() -> None:
    made = campaign(step(weeks=(1, 2, 3)), activities=2)
    found = explain(made, 0, "seed", [Epoch(0, NOW, Tastes())], draw_all(made, 0, "seed", Tastes()))
    assert [each.choice.again for each in found] == [False, False, True]  # type: ignore[union-attr]


def test_what_was_drawn_by_something_that_was_not_kept_is_not_explained() -> None:
    made = campaign(step(weeks=(1, 2, 3)))
    draws = draw_all(made, 0, "seed", Tastes())
    assert [each.choice for each in explain(made, 0, "seed", [], draws)] == [None] * 3
    other = {**draws, "talk/8": next(each for each in made.activities if each != draws["talk/8"])}
    explained = explain(made, 0, "seed", [Epoch(0, NOW, Tastes())], other)
    assert [each.choice is None for each in explained][:2] == [False, True]


@given(st.integers(0, 90), TASTES, LEARNED)
def test_an_epoch_is_read_as_it_was_kept(since: int, tastes: Tastes, learned: Learned) -> None:
    epoch = Epoch(since, NOW, tastes, learned)
    assert Epoch.of(epoch.entry()) == epoch


@given(st.lists(st.integers(0, 20), min_size=1), st.integers(0, 20))
def test_the_epoch_in_force_is_the_last_that_began_by_then(starts: list[int], day: int) -> None:
    epochs: list[Epoch] = []
    for number, since in enumerate(starts):
        epochs = followed_by(epochs, Epoch(since, NOW, Tastes(), Learned(frozenset({str(number)}))))
    assert [epoch.since for epoch in epochs] == sorted({epoch.since for epoch in epochs})
    latest = max((number for number, since in enumerate(starts) if since <= day), default=None)
    found = in_force(epochs, day)
    assert (None if found is None else found.learned.banned) == (None if latest is None else {str(latest)})
