"""What a couple told us leans its draws a little, whoever said it and in whatever order it is read."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.reply import Feedback
from engine.plan.learn import MOST, NOTHING, Felt, Given, Learned, Said, learn, tilt

NOON = datetime(2026, 3, 8, 12, tzinfo=UTC)
NAMES = st.sampled_from(["affection", "empathy", "quality-time"])
SAID = st.builds(Said, st.sampled_from(["a1", "a2", "a3"]), st.none() | NAMES, st.sampled_from(Feedback))
FELT = st.builds(
    Felt,
    st.sampled_from([1, 2]),
    st.integers(0, 60),
    st.integers(1, 5),
    st.integers(0, 99).map(lambda minutes: NOON + timedelta(minutes=minutes)),
)
GIVEN = st.builds(Given, st.integers(0, 60), NAMES)
HISTORIES = st.tuples(st.lists(SAID, max_size=9), st.lists(FELT, max_size=9), st.lists(GIVEN, max_size=9))


def did(strategy: str = "affection", times: int = 1) -> list[Said]:
    return [Said(f"{strategy}-{number}", strategy, Feedback.DID) for number in range(times)]


def felt(day: int, value: int, partner: int = 1) -> Felt:
    return Felt(partner, day, value, NOON)


def test_of_somebody_who_has_told_us_nothing_nothing_is_learned() -> None:
    assert learn([]) == NOTHING == Learned()


def test_not_for_us_bars_the_activity_and_says_nothing_of_its_strategy() -> None:
    assert learn([Said("a1", "affection", Feedback.NOT_FOR_US)]) == Learned(frozenset({"a1"}))


def test_not_for_us_is_heard_even_where_nobody_knows_what_it_was_of() -> None:
    assert learn([Said("gone", None, Feedback.NOT_FOR_US), Said("gone", None, Feedback.DID)]).banned == {"gone"}


def test_having_done_what_was_not_for_them_speaks_for_nothing() -> None:
    both = [Said("a1", "affection", verdict) for verdict in (Feedback.DID, Feedback.NOT_FOR_US)]
    assert learn(both).tilt == {}


@pytest.mark.parametrize(
    ("times", "odds"),
    [(0, 1), (1, 74 / 64), (4, 91 / 64), (12, 108 / 64), (10_000, 2)],  # the fourth "did it" is half of the way
)
def test_each_did_it_leans_less_than_the_one_before_and_never_past_twice(times: int, odds: float) -> None:
    assert learn(did(times=times)).tilt.get("affection", 1) == odds


def test_the_smaller_version_counts_for_a_strategy_and_less_than_the_whole() -> None:
    smaller = learn([Said("a1", "affection", Feedback.SMALLER)]).tilt["affection"]
    assert 1 < smaller < learn(did()).tilt["affection"]


@pytest.mark.parametrize(
    ("pulses", "leans"),
    [
        ([(6, 3), (13, 4)], "for"),  # it rose after what came in between
        ([(6, 4), (13, 3)], "against"),
        ([(6, 3), (13, 3)], None),
        ([(13, 5)], None),  # nothing to hold it against
        ([(13, 3), (20, 5)], None),  # what rose came after
        ([(2, 1), (6, 5)], None),  # what rose came before
        ([(6, 1), (27, 5)], "for"),  # asked every third week: it is about all three
    ],
)
def test_a_pulse_is_held_against_the_one_before_and_speaks_of_what_came_in_between(
    pulses: list[tuple[int, int]], leans: str | None
) -> None:
    found = learn([], [felt(*pulse) for pulse in pulses], [Given(8, "affection"), Given(11, "affection")]).tilt
    expected = {"for": 69 / 64, "against": 59 / 64, None: 1}[leans]
    assert found.get("affection", 1) == expected


def test_a_pulse_is_never_held_against_the_other_partners() -> None:
    assert learn([], [felt(6, 1, partner=1), felt(13, 5, partner=2)], [Given(8, "affection")]) == NOTHING


def test_a_week_that_mixed_strategies_says_less_of_each() -> None:
    pulses = [felt(6, 2), felt(13, 5)]
    alone = learn([], pulses, [Given(8, "affection")]).tilt
    mixed = learn([], pulses, [Given(8, "affection"), Given(11, "empathy")]).tilt
    assert 1 < mixed["affection"] == mixed["empathy"] < alone["affection"]


@given(HISTORIES, st.randoms(use_true_random=False))
def test_neither_the_order_of_rows_nor_which_partner_said_it_matters(
    history: tuple[list[Said], list[Felt], list[Given]], chance: Random
) -> None:
    said, pulses, given_ = (list(each) for each in history)
    expected = learn(*history)
    for rows in (said, pulses, given_):
        chance.shuffle(rows)
    swapped = [Felt(3 - each.partner, each.occurrence, each.value, each.at) for each in pulses]
    assert learn(said, pulses, given_) == expected
    assert learn(said, swapped, given_) == expected


@given(st.lists(st.floats(-1, 1), max_size=500))
def test_no_evidence_leans_past_the_floor_or_the_ceiling(evidence: list[float]) -> None:
    assert 1 / MOST <= tilt(evidence) <= MOST


@given(HISTORIES)
def test_one_more_did_it_never_makes_a_strategy_less_likely(
    history: tuple[list[Said], list[Felt], list[Given]],
) -> None:
    said, pulses, given_ = history
    more = [*said, Said("another", "affection", Feedback.DID)]
    before, after = (learn(each, pulses, given_).tilt.get("affection", 1) for each in (said, more))
    assert after >= before
