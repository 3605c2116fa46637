"""A text is weighed by what its words have in common with sentences of danger, up to a sentence of them at a time."""

from pathlib import Path

import pytest

from engine.hear.likeness import MOST, SENTENCE, Likeness, features, heaviest
from engine.model.danger import Danger

pytestmark = pytest.mark.storeless

WEIGHTS = """3.00
self-harm 2.00 bridge
self-harm 1.50 the river
harm-by-partner 4.00 hides _ keys
ordinary -3.00 fishin
"""


@pytest.fixture
def likeness(tmp_path: Path) -> Likeness:
    file = tmp_path / "en.weights"
    file.write_text(WEIGHTS)
    return Likeness(file)


@pytest.mark.parametrize(
    ("text", "danger"),
    [
        ("bridge", None),
        ("the bridge above the river", Danger.SELF_HARM),
        ("bridges above the river", Danger.SELF_HARM),
        ("bridge fishing the river", None),
        ("he hides my keys", Danger.HARM_BY_PARTNER),
        ("bridge bridge bridge", None),
        ("", None),
    ],
)
def test_a_text_is_a_danger_when_it_weighs_enough(likeness: Likeness, text: str, danger: Danger | None) -> None:
    assert likeness.danger(text.split()) is danger


def test_what_stands_around_neither_lightens_nor_adds_up(likeness: Likeness) -> None:
    around = ["fishing"] * 200
    assert likeness.danger([*around, *["the", "bridge", "above", "the", "river"], *around]) is Danger.SELF_HARM
    apart = ["soup"] * SENTENCE
    assert likeness.danger(["bridge", *apart, "the", "river"]) is None


def test_both_ends_of_an_endless_text_are_weighed(likeness: Likeness) -> None:
    long = ["soup"] * 3 * MOST
    danger = ["the", "bridge", "above", "the", "river"]
    assert likeness.danger([*danger, *long]) is Danger.SELF_HARM
    assert likeness.danger([*long, *danger]) is Danger.SELF_HARM


def test_the_heaviest_words_are_those_that_stand_together() -> None:
    words = features(["a", "b", "c", "d", "e"])
    assert heaviest(words, {"b": 1.0, "c": -0.5, "d": 1.0}) == (1.5, 1, 4)
    assert heaviest(words, {"b": 1.0, "c": -2.0, "d": 1.5}) == (1.5, 3, 4)
    assert heaviest(words, {}) == (0.0, 0, 0)
