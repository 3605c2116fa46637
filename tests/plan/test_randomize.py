"""Chance: in proportion, the same for whoever shares a message, balanced within strata, and nobody can predict it."""

from collections import Counter
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import campaign, step

from engine.model.campaign import Audience, Step, Variant
from engine.model.experiment import CoupleFact, Per, Randomize
from engine.plan.assign import UNITS, assign, assigned
from engine.plan.draw import Tastes, draw_all
from engine.plan.randomize import randomize
from engine.plan.strata import stratum_of

ARMS = (Variant("plain", 2), Variant("brief", 1))


def tossed(step_: Step, seeds: int = 2_000) -> Counter[tuple[bool, str | None, float | None]]:
    return Counter(tuple(randomize(step_, f"s{seed}", 7, 1, "kept")) for seed in range(seeds))


def test_a_step_that_leaves_nothing_to_chance_is_sent_with_the_variant_that_the_couple_keeps() -> None:
    assert tossed(step(variants=ARMS)) == {(True, "kept", None): 2_000}


def test_a_step_is_sent_as_often_as_its_chance_says_and_what_happened_is_told_with_its_chance() -> None:
    found = tossed(step(randomize=Randomize(0.6)))
    assert set(found) == {(True, "kept", 0.6), (False, "kept", 0.4)}
    assert found[True, "kept", 0.6] == pytest.approx(1_200, abs=90)


def test_each_occurrence_gets_a_variant_in_proportion_to_the_weights_and_only_if_it_is_sent() -> None:
    found = tossed(step(variants=ARMS, randomize=Randomize(0.75, Per.OCCURRENCE)))
    assert set(found) == {(True, "plain", 0.5), (True, "brief", 0.25), (False, None, 0.25)}
    assert found[True, "plain", 0.5] == pytest.approx(1_000, abs=90)
    assert found[True, "brief", 0.25] == pytest.approx(500, abs=80)


@pytest.mark.parametrize(
    ("audience", "alike"), [(Audience.BOTH, True), (Audience.ALTERNATING, True), (Audience.EACH, False)]
)
def test_both_partners_get_the_same_answer_unless_each_has_a_message_of_their_own(
    audience: Audience, alike: bool
) -> None:
    made = step(audience=audience, randomize=Randomize(0.5))
    answers = [[randomize(made, f"s{seed}", 7, position, None) for position in (1, 2)] for seed in range(64)]
    assert all(one == other for one, other in answers) is alike


@given(st.integers(0, 700), st.integers(0, 700), st.text(max_size=8))
def test_occasions_of_a_couple_are_answered_one_by_one_and_asking_again_changes_nothing(
    one: int, other: int, seed: str
) -> None:
    made = step(randomize=Randomize(0.5))
    assert randomize(made, seed, one, 1, None) == randomize(made, seed, one, 2, None)
    if one != other:
        both = {
            (randomize(made, f"{seed}{more}", one, 1, None).send, randomize(made, f"{seed}{more}", other, 1, None).send)
            for more in range(40)
        }
        assert len(both) > 1


def test_a_couple_keeps_no_variant_of_a_step_that_gives_each_occurrence_one() -> None:
    made = campaign(step("a", variants=ARMS), step("b", variants=ARMS, randomize=Randomize(None, Per.OCCURRENCE)))
    assert set(assign(made, "seed")) == {"a"}


def test_no_draw_depends_on_what_chance_will_say_of_an_occurrence() -> None:
    """Else what comes later would differ by more than the one message."""
    plain = campaign(step(weeks=(1, 2, 3)), activities=8)
    tried = campaign(step(weeks=(1, 2, 3), randomize=Randomize(0.5)), activities=8)
    assert draw_all(plain, 0, "seed", Tastes()) == draw_all(tried, 0, "seed", Tastes())


def test_what_an_arm_of_an_occurrence_may_give_is_not_drawn_as_well() -> None:
    arms = (Variant("v", 1, None, "a0"), Variant("w", 1, None, "a1"))
    made = campaign(
        step("toss", days=(3,), draw=None, activity="a2", variants=arms, randomize=Randomize(None, Per.OCCURRENCE)),
        step(weeks=(1, 2)),
        activities=5,
    )
    for seed in range(30):
        assert set(draw_all(made, 0, f"s{seed}", Tastes()).values()) == {"a3", "a4"}


class Counting:
    """Places in strata, from 0."""

    def __init__(self) -> None:
        self.next: Counter[tuple[str, str]] = Counter()

    def __call__(self, step_: str, stratum: str) -> int:
        self.next[step_, stratum] += 1
        return self.next[step_, stratum] - 1


@given(
    st.lists(st.integers(1, 5), min_size=2, max_size=4),
    st.lists(st.sampled_from(["x", "y", "z"]), max_size=120),
    st.text(max_size=8),
)
def test_within_a_stratum_arms_are_never_further_from_their_shares_than_one_block(
    weights: list[int], strata: list[str], key: str
) -> None:
    made = campaign(step(variants=tuple(Variant(f"v{number}", each) for number, each in enumerate(weights))))
    place, found = Counting(), Counter[tuple[str, str]]()
    for stratum in strata:
        (one,) = assigned(made, "", stratum, place, key)
        found[stratum, one.arm] += 1
    for stratum in set(strata):
        size = strata.count(stratum)
        for number, weight in enumerate(weights):
            expected = size * weight / sum(weights)
            assert abs(found[stratum, f"v{number}"] - expected) <= UNITS * weight


def test_the_order_within_blocks_is_another_for_every_key_stratum_and_block() -> None:
    made = campaign(step(variants=(Variant("v"), Variant("w"))))

    def orders(key: str, stratum: str) -> list[str]:
        place = Counting()
        return [assigned(made, "", stratum, place, key)[0].arm for _ in range(40)]

    assert orders("k", "x") == orders("k", "x")
    assert len({tuple(orders(key, stratum)) for key in "kl" for stratum in "xy"}) == 4
    blocks = orders("k", "x")
    assert len({tuple(blocks[begin : begin + 4]) for begin in range(0, 40, 4)}) > 2


def test_an_assignment_says_how_likely_its_arm_was_and_where_the_couple_stands() -> None:
    made = campaign(step(variants=ARMS))
    place = Counting()
    found = [assigned(made, "", "x", place, "k")[0] for _ in range(6)]
    assert [each.place for each in found] == list(range(6))
    assert {(each.arm, round(each.probability, 3)) for each in found} == {("plain", 0.667), ("brief", 0.333)}
    (alone,) = assigned(made, "seed")
    assert (alone.arm, alone.stratum, alone.place) == (assign(made, "seed")["talk"], "", None)


def test_a_stratum_is_named_by_its_facts_whichever_partner_comes_first() -> None:
    ana = SimpleNamespace(channel="email", locale="en-GB", timezone="Europe/London")
    ben = SimpleNamespace(channel="sms", locale="es", timezone="America/Lima")
    facts = list(CoupleFact)
    assert stratum_of(facts, [ana, ben]) == "size=2 channels=email+sms languages=en+es regions=America+Europe"
    assert stratum_of(facts, [ben, ana]) == stratum_of(facts, [ana, ben])
    assert stratum_of([], [ana]) == ""
