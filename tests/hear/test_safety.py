"""What people write is screened for danger: on whole words, however it is spelt, in both languages, without end."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.hear.phrases import parts
from engine.hear.safety import FOLDER as PHRASES
from engine.hear.safety import screen
from engine.model.danger import URGENCY, Danger

pytestmark = pytest.mark.storeless

FOLDER = Path(__file__).parent / "safety"
OWN, HELD_OUT = ("en", "es"), ("heldout-en", "heldout-es")

BOUNDS = {"en": (0.97, 0.95), "es": (0.97, 0.95), "heldout-en": (0.80, 0.80), "heldout-es": (0.80, 0.80)}
"""Recall and precision. The held-out lines were written by somebody who had not seen the phrases, and nothing was tuned
on them: what they give is what to expect, and docs/safety.md says so. A test never shows one.
"""

OTHER, SELF, CHILD, PARTNER = URGENCY


def lines(name: str) -> Iterator[tuple[str, str]]:
    file = FOLDER / f"{name}.tsv"
    if not file.is_file():
        pytest.skip(f"HELD-OUT LINES ARE MISSING: {file}. Nothing says what the screen misses.")
    for line in file.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith(("#", "label\t")):
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
    """At least 240 in English and 160 in Spanish, and as many again that were held out."""
    own = {name: [label for label, _ in lines(name)] for name in OWN}
    assert len(own["en"]) >= 240
    assert len(own["es"]) >= 160
    assert all(0.4 <= labels.count("ordinary") / len(labels) <= 0.6 for labels in own.values())
    assert len([line for name in HELD_OUT for line in lines(name)]) >= 200


@pytest.mark.parametrize("language", OWN)
def test_a_line_is_mostly_taken_for_the_danger_it_speaks_of(language: str) -> None:
    rows = [line.split("\t") for line in (FOLDER / f"{language}.tsv").read_text(encoding="utf-8").splitlines()]
    right = [screen(text) == kind for label, kind, text in rows if label == "danger"]
    assert sum(right) / len(right) >= 0.94


@pytest.mark.parametrize(
    ("text", "danger"),
    [
        # Said outright, by text, without care.
        ("im gonna kill myself", SELF),
        ("kms", SELF),
        ("KILL MYSELF", SELF),
        ("i want 2 die", SELF),
        ("he hits me", PARTNER),
        ("hes hitting me again", PARTNER),
        ("scared 2 go home", PARTNER),
        ("afraid of him", PARTNER),
        ("I'm going to kill her", OTHER),
        ("he beats our son", CHILD),
        ("me quiero matar", SELF),
        ("kiero morirme ya", SELF),
        ("me pega", PARTNER),
        ("tengo miedo de el", PARTNER),
        ("la voy a matar", OTHER),
        ("le pega a mi hija", CHILD),
        # Reported, past, denied, hinted at.
        ("My sister says he used to hit me", PARTNER),
        ("He used to hit me", PARTNER),
        ("I don't want to live any more", SELF),
        ("You would all be better off without me", SELF),
        ("I can't do this anymore, I want it all to end", SELF),
        ("no one would miss me", SELF),
        ("she says she will kill herself if I leave", SELF),
        ("he won't let me leave", PARTNER),
        ("he took my phone and keys", PARTNER),
        ("Ya no quiero vivir", SELF),
        ("antes me pegaba", PARTNER),
        ("estarían mejor sin mí", SELF),
        ("no me deja salir de la casa", PARTNER),
    ],
)
def test_a_danger_is_heard(text: str, danger: Danger) -> None:
    assert screen(text) is danger


@pytest.mark.parametrize(
    "text",
    [
        "",
        "He has never hit me",
        "I would never hurt myself",
        "I'd never hurt her",
        "nunca me ha pegado",
        "jamás le haría daño",
        "I feel like I am walking on eggshells",
        "You kill me, that joke",
        "I was dying of laughter",
        "You are killing it at work",
        "dead tired, good night",
        "I could kill for a coffee",
        "shoot me a text",
        "hit me up when you land",
        "you beat me at chess again",
        "scared of spiders and of heights",
        "I must stop hitting snooze",
        "We beat them at chess and I am dead tired",
        "muero de risa",
        "me matas de risa",
        "me pega el sol en la cara",
        "me muero de hambre",
        "tengo miedo de las arañas",
        "My grandmother died in March and I miss her",
        "My therapist has skill; grapes in Essex; we played Assassin's Creed",
    ],
)
def test_what_only_sounds_like_one_is_not(text: str) -> None:
    assert screen(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "H E   H I T S   M E".replace("   ", "\u2003").replace(" ", ""),
        "ｈｅ ｈｉｔｓ ｍｅ",
        "hé hïts mè",
        "he\nhits\nme",
        "he 💔 hits 💔 me",
        "he... hits, me!!",
        "he hi\u00adts m\u200be",
        "he hiiiits meeee",
        "he really just hits me",
    ],
)
def test_how_it_is_written_makes_no_difference(text: str) -> None:
    assert screen(text) is PARTNER


@pytest.mark.parametrize(
    ("text", "danger"),
    [
        ("he hits me and I want to kill myself", SELF),
        ("he hits me and he beats our son", CHILD),
        ("he hits me, I will kill him", OTHER),
        ("me pega y quiero morirme", SELF),
        ("él me pega, I want to die", SELF),
    ],
)
def test_the_most_urgent_of_several_dangers_is_told_and_languages_mix(text: str, danger: Danger) -> None:
    assert screen(text) is danger


def test_a_joke_takes_away_no_danger_beside_it() -> None:
    assert screen("I could kill for a coffee. He hits me.") is PARTNER
    assert screen("He has never hit me, but he hit me today") is PARTNER


def wordings(table: dict[str, Any], phrase: str) -> Iterator[str]:
    """The shortest thing and the longest thing that a phrase stands for."""
    for end in (0, -1):
        words = []
        for part in parts(phrase):
            form = part.forms[end]
            if form == "..":
                words += [] if end == 0 else ["zulu", "zulu", "zulu"]
            elif not (part.optional and end == 0):
                words.append(table["classes"][form[1:]][end] if form.startswith("@") else form)
        yield " ".join(words).replace("_", " ")


@pytest.mark.parametrize("language", OWN)
def test_every_phrase_is_heard_however_short_or_long_it_is_put(language: str) -> None:
    """Unless an innocent one says the same: then the files contradict each other, and little of them may."""
    table = tomllib.loads((PHRASES / f"{language}.toml").read_text(encoding="utf-8"))
    said = [text for phrases in table["danger"].values() for phrase in phrases for text in wordings(table, phrase)]
    deaf = [text for text in said if screen(text) is None]
    assert len(deaf) <= len(said) * 0.02, deaf


@pytest.mark.parametrize("language", OWN)
def test_no_innocent_phrase_is_a_danger_by_itself(language: str) -> None:
    """Unless a danger is longer than it, or says it in the other language."""
    table = tomllib.loads((PHRASES / f"{language}.toml").read_text(encoding="utf-8"))
    said = [text for phrase in table["innocent"] for text in wordings(table, phrase)]
    heard = [text for text in said if screen(text) is not None]
    assert len(heard) <= len(said) * 0.02, heard


@pytest.mark.parametrize("language", OWN)
def test_every_danger_has_its_phrases_and_no_phrase_is_written_twice(language: str) -> None:
    table = tomllib.loads((PHRASES / f"{language}.toml").read_text(encoding="utf-8"))
    assert set(table["danger"]) == {danger.value for danger in Danger}
    phrases = [phrase for listed in (table["innocent"], *table["danger"].values()) for phrase in listed]
    assert len(phrases) == len(set(phrases))


HITS = [
    "I want to kill myself",
    "he hits me",
    "me quiero matar",
    "me pega",
    "I am going to kill her",
    "he beats our son",
]
PLAIN = ["and", "then", "we", "had", "soup", "today", "bread", "table", "y", "luego", "pan", "mesa", "🙂", "…", "\n"]


@given(
    st.sampled_from(HITS), st.sampled_from(["upper", "title", "lower"]), st.sampled_from(["!! ", " 💔 ", "\n\n", "… "])
)
def test_case_punctuation_and_emoji_hide_nothing(text: str, case: str, between: str) -> None:
    assert screen(between.join(getattr(text, case)().split(" ")) + between) is not None


@given(
    st.sampled_from(HITS), st.lists(st.sampled_from(PLAIN), max_size=60), st.lists(st.sampled_from(PLAIN), max_size=60)
)
def test_nor_does_what_stands_around_it(text: str, before: list[str], after: list[str]) -> None:
    assert screen(" ".join([*before, ".", text, ".", *after])) is not None


@given(st.sampled_from(HITS), st.sampled_from(["zz", "qu", "x1"]), st.booleans())
def test_a_danger_is_not_found_inside_longer_words(text: str, letters: str, before: bool) -> None:
    longer = [letters + word if before else word + letters for word in text.split()]
    assert screen(" ".join(longer)) is None


def test_an_endless_text_is_read_to_its_end() -> None:
    assert screen("soup and bread . " * 60_000 + "he hits me") is PARTNER
    assert screen("he hits me " + "soup and bread . " * 60_000) is PARTNER
    assert screen("soup and bread . " * 30_000 + "he hits me . " + "soup and bread . " * 30_000) is PARTNER
    assert screen("a" * 1_000_000) is None
    assert screen("he " * 300_000) is None
    assert screen("\ufdfa" * 1_000_000) is None


@given(st.text(max_size=300))
def test_it_never_fails(text: str) -> None:
    screen(text)
