"""Phrases are found wherever they stand, each with the words it took, and what cannot be read is refused."""

import pytest

from engine.hear.finder import MOST, Finder, Found
from engine.hear.phrases import plain_words

pytestmark = pytest.mark.storeless


def finder(*phrases: str, label: str = "yes") -> Finder[str]:
    return Finder(
        [(phrase, label) for phrase in phrases],
        spell=lambda form: plain_words(form).split(),
        classes={"he": ["he", "she", "my husband"]},
        closed=frozenset({"never"}),
    )


def found(phrase: str, text: str) -> list[tuple[int, int]]:
    return [(start, end) for _, start, end in finder(phrase).find(text.split())]


@pytest.mark.parametrize(
    ("phrase", "text", "places"),
    [
        ("he hits me", "today he hits me again", [(1, 4)]),
        ("hit/hits me", "he hits me they hit me", [(1, 3), (4, 6)]),
        ("he really? hits", "he hits he really hits", [(0, 2), (2, 5)]),
        ("@he hits", "my husband hits and she hits", [(0, 3), (4, 6)]),
        ("end it_all/everything", "end it all or end everything", [(0, 3), (4, 6)]),
        ("he .. me", "he me", [(0, 2)]),
        ("he .. me", "he a b c me", [(0, 5)]),
        ("he .. me", "he a b c d me", []),
        ("he .. me", "he never hit me", []),
        ("me me", "me me me", [(0, 2), (1, 3)]),
        ("hits", "hit shits", []),
    ],
)
def test_a_phrase_is_found_with_the_words_it_took(phrase: str, text: str, places: list[tuple[int, int]]) -> None:
    assert found(phrase, text) == places


def test_of_what_ends_at_one_word_the_longest_is_found_for_each_label() -> None:
    both = Finder(
        [("kill me", "danger"), ("you kill me", "danger"), ("you kill", "joke")],
        spell=str.split,
        classes={},
        closed=frozenset(),
    )
    assert [*both.find(["you", "kill", "me"])] == [Found("joke", 0, 2), Found("danger", 0, 3)]


@pytest.mark.parametrize("phrase", ["a? b?", ".. a", "a ..", "a .. b?", "a? .. b", "@nobody hits", "… a?"], ids=str)
def test_a_phrase_that_may_be_nothing_or_that_nobody_can_read_is_refused(phrase: str) -> None:
    with pytest.raises(ValueError, match=r"nothing|gap|class"):
        finder(phrase)


def test_a_phrase_cannot_mean_two_things() -> None:
    with pytest.raises(ValueError, match="two lists"):
        Finder([("hit me", "danger"), ("hit me", "joke")], spell=str.split, classes={}, closed=frozenset())


def test_what_is_remembered_is_bounded_and_what_is_found_is_the_same_after_forgetting() -> None:
    words = [f"w{number}" for number in range(40)]
    many = finder(*(f"{one} .. {other}" for one in words for other in words[:20]))
    text = [words[(place * place + place // 7) % 40] for place in range(60_000)]
    once = [*many.find(text)]
    assert many.remembered <= MOST
    assert once == [*many.find(text)]
