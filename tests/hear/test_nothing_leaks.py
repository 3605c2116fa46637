"""What one partner is answered depends on what they did, and on nothing that the other did or left undone."""

from typing import Any

import pytest
from hearing import Couple
from hypothesis import given, settings
from hypothesis import strategies as st
from world import phone

ANA, BEN = phone("Ana"), phone("Ben")
WORDS = (
    "The mornings.", "And the coffee ❤️", "4", "5!", "2/5", "Yes", "done", "smaller", "LATER", "pause", "resume", "menu",
    "help", "share", "private", "stop", "start", "I want this to stop", "he hits me", "", "pequeño",
)  # fmt: skip
# Nothing that shows Ben's answer: until he shares one there is no reveal, and after it Ana may well know.
UNSHARED = tuple(words for words in WORDS if words != "share")
MOMENTS = (
    "2026-03-03T08:50", "2026-03-03T09:10", "2026-03-04T09:10", "2026-03-05T09:10", "2026-03-06T12:00",
    "2026-03-10T09:10", "2026-03-12T09:10", "2026-03-13T10:00",
)  # fmt: skip

Acts = dict[str, list[tuple[str, int]]]
acts = st.dictionaries(
    st.sampled_from(MOMENTS), st.lists(st.tuples(st.sampled_from(WORDS), st.integers(0, 1)), max_size=3), max_size=4
)
others_acts = st.dictionaries(
    st.sampled_from(MOMENTS), st.lists(st.tuples(st.sampled_from(UNSHARED), st.integers(0, 1)), max_size=4), max_size=4
)


def told(hers: Acts, his: Acts, before: bool, wishes: dict[str, Any]) -> list[str | None]:
    """What Ana is answered when both do these things, Ben before her in each moment or after."""
    line = Couple(ana=wishes, ben={"share_texts": False})
    said: list[str | None] = []

    def ben(moment: str) -> None:
        for words, media in his.get(moment, []):
            line.text(BEN, words, media=media, key=f"ben {moment} {words}")

    for moment in MOMENTS:
        line.world.go_to(moment)
        if before:
            ben(moment)
        said += [
            line.text(ANA, words, media=media, key=f"ana {number} {moment}")
            for number, (words, media) in enumerate(hers.get(moment, []))
        ]
        if not before:
            ben(moment)
    return said


@pytest.mark.slow
@settings(max_examples=settings.default.max_examples // 3)  # two whole couples each
@given(
    acts,
    others_acts,
    others_acts,
    st.booleans(),
    st.sampled_from([{}, {"share_texts": False}, {"answers_consent": False}]),
)
def test_what_one_is_answered_tells_nothing_of_the_other(
    hers: Acts, his: Acts, his_instead: Acts, before: bool, wishes: dict[str, Any]
) -> None:
    assert told(hers, his, before, wishes) == told(hers, his_instead, not before, wishes)


def test_the_same_holds_for_what_only_she_could_share() -> None:
    hers: Acts = {"2026-03-03T09:10": [("The mornings.", 0), ("share", 0), ("private", 0), ("share", 0)]}
    his: Acts = {"2026-03-03T09:10": [("Mine alone.", 0), ("private", 0)]}
    for before in (True, False):
        assert told(hers, his, before, {}) == told(hers, {}, before, {})
