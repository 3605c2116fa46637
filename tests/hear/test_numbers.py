"""A pulse is answered by a number from 1 to 5, however people write it; anything that says more is words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.hear.numbers import LONGEST, rating

pytestmark = pytest.mark.storeless


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("4", 4), ("4!", 4), ("4.", 4), (" 4\n", 4), ("4/5", 4), ("4 / 5!", 4), ("4 out of 5", 4), ("a 4", 4),
        ("A solid 4", 4), ("I'd say a 4 this week", 4), ("It’s a 2", 2), ("four", 4), ("Five!!", 5), ("a three", 3),
        ("cuatro", 4), ("Diría que un 3", 3), ("un cinco", 5), ("vier", 4), ("fünf", 5), ("quatre", 4), ("três", 3),
        ("5 ❤️", 5), ("❤️ 5", 5), ("5 :)", 5), ("5 :D", 5), ("3:)", 3), ("5 <3", 5), ("4️⃣", 4), ("４", 4), ("④", 4),
        ("٤", 4), ("please 4 thanks", 4), ("+1", 1),
    ],
)  # fmt: skip
def test_a_number_is_understood_however_it_is_written(text: str, value: int) -> None:
    assert rating(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "0", "6", "10", "45", "4.5", "4,5", "3-4", "3–4", "4/10", "3 or 4", "4 and 5", "4 hours", "4 of us were there",
        "1:2", "no one", "for two", "a", "", " ", "❤️", "2nd", "one day at a time", "5 5", "¿?",
    ],
)  # fmt: skip
def test_whatever_says_anything_else_is_no_number(text: str) -> None:
    assert rating(text) is None


@given(st.text(max_size=2 * LONGEST))
def test_no_text_fails_and_no_number_is_outside(text: str) -> None:
    assert rating(text) in {None, 1, 2, 3, 4, 5}


def test_a_long_text_is_not_even_looked_at() -> None:
    assert rating("4" + " " * LONGEST) is None
