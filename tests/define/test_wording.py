"""Differences between versions are told as a person reads them."""

from datetime import time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.define.diff import Change, FieldChange, Kind, Part
from engine.define.wording import headline, lines, plainly, reworded
from engine.model.campaign import END_DAY, SAFE_WEEK, Audience, Caps, Channel, Draw, Hours, Variant
from engine.model.strategy import ActivityText, Caution
from engine.model.strategy import Kind as ActivityKind


def told(field: str, old: object, new: object) -> list[str]:
    return list(lines(Change(Part.STEP, Kind.CHANGED, "talk", (FieldChange(field, old, new),))))


@pytest.mark.parametrize(
    ("field", "old", "new", "said"),
    [
        ("days", (1,), (4, END_DAY), "days: tuesday → friday, end"),
        ("weeks", (1, 2, 3, 5), (8,), "weeks: 1-3, 5 → 8"),
        ("at", None, time(9, 30), "at: partner → 09:30"),
        ("channel", None, Channel.SMS, "channel: preferred → sms"),
        ("audience", Audience.BOTH, Audience.EACH, "to: both → each"),
        ("late_after", timedelta(hours=24), timedelta(minutes=90), "late_after: 1d → 90m"),
        ("caps", Caps(1, 4), Caps(2, 4), "caps: 1 a day, 4 a week → 2 a day, 4 a week"),
        ("avoid", frozenset(), frozenset({Caution.TOUCH, Caution.GRIEF}), "avoid: none → grief, touch"),
        ("draw", None, Draw(kinds=frozenset({ActivityKind.EXERCISE})), "draw: none → {kinds: exercise}"),
        ("variants", (), (Variant("a", 2),), "variants: none → {name: a, weight: 2}"),
        ("depth", (1, 1), (1, 3), "depth: 1 → 1-3"),
    ],
)
def test_a_value_is_told_as_files_write_it(field: str, old: object, new: object, said: str) -> None:
    assert told(field, old, new) == [said]


def test_of_a_window_only_the_days_that_changed_are_told() -> None:
    new = (*SAFE_WEEK[:5], None, Hours(time(12), time(18)))
    assert told("window", SAFE_WEEK, new) == [
        "window saturday: 09:00-20:00 → closed",
        "window sunday: 12:00-20:00 → 12:00-18:00",
    ]


def test_of_long_words_only_what_changed_is_told_language_by_language() -> None:
    email = " ".join(f"word{number}" for number in range(150))
    old = {"en": ActivityText("A title", email, "A text.", "A question?"), "es": ActivityText("Uno", "x", "y")}
    new = {"en": ActivityText("A title", email.replace("word70", "another thing"), "A text.", "What?")}
    assert told("texts", old, new) == [
        "en email: … word67 word68 word69 [word70 → another thing] word71 word72 word73 …",
        "en question: A question? → What?",
        "es: taken out",
    ]


def test_a_text_that_is_quite_another_is_no_wall() -> None:
    old, new = (" ".join(f"{letter}{number}" for number in range(400)) for letter in "ab")
    said = told("title", old, new)
    assert len(said) == 1
    assert len(said[0]) < 200


def test_headlines_mark_what_came_went_and_changed() -> None:
    assert headline(Change(Part.STEP, Kind.ADDED, "talk")) == "+ step talk"
    assert headline(Change(Part.THEME, Kind.CHANGED, "3")) == "~ week 3"
    assert headline(Change(Part.CAMPAIGN, Kind.CHANGED, "")) == "~ campaign"


@given(st.text(), st.text())
def test_any_two_texts_can_be_told_apart(old: str, new: str) -> None:
    said = reworded(old, new, whole=True)
    assert said
    if old.split() == new.split():
        assert said == ["only its line breaks and spaces"]
    else:
        assert all("→" in each for each in said)
    assert plainly(old)
