"""What people write is screened for danger: on whole words, however it is spelt, in both languages, without end."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.hear.safety import screen
from engine.model.danger import Danger

FOLDER = Path(__file__).parent / "safety"
OWN, HELD_OUT = ("en", "es"), ("heldout-en", "heldout-es")

BOUNDS = {"en": (0.97, 0.95), "es": (0.97, 0.95), "heldout-en": (0.70, 0.90), "heldout-es": (0.55, 0.90)}
"""Recall and precision. The held-out lines were written by somebody who had not seen the phrases, and nothing was tuned
on them: what they give is what to expect, and docs/safety.md says so.
"""


def lines(name: str) -> Iterator[tuple[str, str]]:
    for line in (FOLDER / f"{name}.tsv").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            label, _, text = line.split("\t")
            yield label, text


@pytest.mark.parametrize("name", [*OWN, *HELD_OUT])
def test_the_labelled_lines_are_told_apart_as_well_as_docs_safety_says(name: str) -> None:
    found = [(label, screen(text) is not None) for label, text in lines(name)]
    danger = [hit for label, hit in found if label == "danger"]
    false = sum(hit for label, hit in found if label == "ordinary")
    recall, precision = BOUNDS[name]
    assert sum(danger) / len(danger) >= recall
    assert sum(danger) / (sum(danger) + false) >= precision


def test_there_are_lines_enough_and_half_of_them_are_ordinary() -> None:
    """At least 300 in all, and as many again that were held out."""
    own = [label for name in OWN for label, _ in lines(name)]
    assert len(own) >= 300
    assert 0.4 <= own.count("ordinary") / len(own) <= 0.6
    assert len([line for name in HELD_OUT for line in lines(name)]) >= 200


@pytest.mark.parametrize(
    ("text", "danger"),
    [
        ("im gonna kill myself", Danger.SELF_HARM),
        ("I don't want to live any more", Danger.SELF_HARM),
        ("me quiero matar", Danger.SELF_HARM),
        ("He used to hit me", Danger.HARM_BY_PARTNER),
        ("tengo miedo de él, me pega", Danger.HARM_BY_PARTNER),
        ("He has never hit me", None),
        ("I would never hurt myself", None),
        ("You kill me, that joke", None),
        ("I could kill for a coffee", None),
        ("We beat them at chess and I am dead tired", None),
        ("me muero de risa", None),
        ("My therapist has skill; grapes in Essex", None),
        ("", None),
    ],
)
def test_what_is_a_danger_and_what_only_sounds_like_one(text: str, danger: Danger | None) -> None:
    assert screen(text) is danger


HITS = ["I want to kill myself", "he hits me", "me quiero matar", "me pega"]


@given(
    st.sampled_from(HITS), st.sampled_from(["upper", "title", "lower"]), st.sampled_from(["!! ", " 💔 ", "\n\n", "… "])
)
def test_case_punctuation_and_emoji_hide_nothing(text: str, case: str, between: str) -> None:
    assert screen(between.join(getattr(text, case)().split(" ")) + between) is not None


@given(st.sampled_from(HITS), st.integers(0, 400), st.integers(0, 400))
def test_nor_does_a_long_answer_around_it(text: str, before: int, after: int) -> None:
    ordinary = "and then we had soup . "
    assert screen(f"{ordinary * before}{text} . {ordinary * after}") is not None


def test_an_endless_text_is_read_to_its_end() -> None:
    assert screen("soup and bread . " * 60_000 + "he hits me") is Danger.HARM_BY_PARTNER
    assert screen("a" * 1_000_000) is None
    assert screen("he " * 300_000) is None


@given(st.text(max_size=300))
def test_it_never_fails(text: str) -> None:
    screen(text)
