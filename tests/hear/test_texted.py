"""A text belongs to its partner's latest question, a number to an open pulse; what belongs to nothing is kept."""

from itertools import permutations
from typing import Any

import pytest
from hearing import Couple
from sqlalchemy import update
from world import VAULT, phone

from engine.model.campaign import Audience
from engine.store import answers, couples_schema, leaving, questions, schema

ANA, BEN = phone("Ana"), phone("Ben")
SHARED, PRIVATE, OWN = "shown once you have both", "To show it once", "kept, for you alone. You can add to it."
UNASKED, SHARED_PHONE, CLOSED = "not asked us to keep", "this phone is shared", "seen both answers"


def asked(**given: Any) -> Couple:
    """Both have had Tuesday's question; it is a quarter past nine."""
    line = Couple(**given)
    line.world.go_to("2026-03-03T09:00")
    line.world.go_to("2026-03-03T09:15")
    return line


@pytest.fixture
def line() -> Couple:
    return asked()


def test_words_are_the_answer_to_the_latest_question(line: Couple) -> None:
    assert SHARED in (line.text(ANA, "The mornings.") or "")
    assert line.answer("Ana") == "The mornings."
    assert line.replies() == [("The mornings.", "answer")]
    line.world.go_to("2026-03-10T09:00")
    line.world.go_to("2026-03-10T09:15")
    line.text(ANA, "The evenings.")
    assert (line.answer("Ana", 1), line.answer("Ana", 2)) == ("The mornings.", "The evenings.")


def test_several_texts_are_one_answer_and_the_first_is_acknowledged(line: Couple) -> None:
    said = [line.text(ANA, words) for words in ("The mornings,", "when it is still dark", "and the coffee.")]
    assert SHARED in (said[0] or "")
    assert said[1:] == ["", ""]
    assert line.answer("Ana") == "The mornings,\nwhen it is still dark\nand the coffee."


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_the_answer_is_in_order_of_time_whatever_the_order_of_arrival(line: Couple, order: tuple[int, ...]) -> None:
    texts = [("one", "2026-03-03T09:05"), ("two", "2026-03-03T09:06"), ("three", "2026-03-03T09:07")]
    said = [line.text(ANA, texts[each][0], at=texts[each][1], key=texts[each][0]) for each in order]
    again = [line.text(ANA, texts[each][0], at=texts[each][1], key=texts[each][0]) for each in order]
    assert [bool(each) for each in said + again] == [True, False, False, False, False, False]
    assert line.answer("Ana") == "one\ntwo\nthree"


def test_both_answers_are_revealed_when_both_are_given_and_closed_then(line: Couple) -> None:
    line.text(ANA, "The mornings.")
    assert SHARED in (line.text(BEN, "The evenings.") or "")
    assert [row.step for row in line.world.rows() if row.step == "revealed"] == ["revealed", "revealed"]
    assert line.text(ANA, "And the nights.") == ""
    assert line.answer("Ana") == "The mornings."
    assert line.replies()[-1] == ("And the nights.", "answer")


def test_the_first_text_to_what_is_revealed_says_that_it_changes_nothing(line: Couple) -> None:
    for name in ("Ana", "Ben"):
        on_the_page(line, name, "Typed.")
    assert CLOSED in (line.text(ANA, "One more thing.") or "")
    assert line.answer("Ana") == "Typed."


def test_words_after_the_reveal_message_still_belong_to_the_question(line: Couple) -> None:
    line.text(ANA, "The mornings.")
    line.text(BEN, "Later than you think.")
    line.world.tick()
    assert {row.status for row in line.world.rows() if row.step == "revealed"} == {"sent"}
    line.text(BEN, "Ha!")
    assert line.replies()[-1] == ("Ha!", "answer")


def test_somebody_who_keeps_texts_private_is_told_how_to_share() -> None:
    line = asked(ana={"share_texts": False})
    assert PRIVATE in (line.text(ANA, "The mornings.") or "")
    line.text(BEN, "The evenings.")
    assert line.world.rows(couples_schema.reveals) == []


def test_where_only_one_is_asked_there_is_nothing_to_share() -> None:
    line = asked(audience=Audience.ALTERNATING)
    assert OWN in (line.text(ANA, "Mine.") or "")
    assert "stays with you" in (line.text(ANA, "SHARE") or "")


def test_without_consent_no_answer_is_kept_and_it_is_said_once() -> None:
    line = asked(ana={"answers_consent": False})
    said = line.text(ANA, "The mornings.") or ""
    assert UNASKED in said
    assert "/p/" in said
    assert line.text(ANA, "And the coffee.") == ""
    assert line.replies() == [("The mornings.", "unasked"), ("And the coffee.", "unasked")]
    assert line.world.rows(couples_schema.answers) == []


@pytest.mark.parametrize("how", ["one number", "marked as shared"])
def test_a_text_from_a_shared_phone_is_nobodys_answer(how: str) -> None:
    line = Couple(ana={"shared_phone": how == "marked as shared"})
    if how == "one number":
        ana = next(row for row in line.world.rows(schema.partners) if row.given_name == "Ana")
        line.world.alter("Ben", phone_index=ana.phone_index, phone_cipher=ana.phone_cipher)
    line.world.go_to("2026-03-03T09:00")
    said = line.text(ANA, "The mornings.") or ""
    assert SHARED_PHONE in said
    assert "/a/" in said
    assert line.text(ANA, "Really.") == ""
    line.world.go_to("2026-03-05T09:00")
    said = line.text(ANA, "4") or ""
    assert SHARED_PHONE in said
    assert "/pulse/" in said
    assert SHARED_PHONE in (line.text(ANA, "SHARE") or "")
    assert {read_as for _, read_as in line.replies()} == {"unasked"}
    assert line.world.rows(couples_schema.answers) == line.world.rows(couples_schema.pulses) == []


# What was written on the page


def on_the_page(line: Couple, name: str, words: str | None, *, share: bool = True) -> None:
    """Give an answer there, or take it away."""
    delivery, now = line.delivery(name), line.world.clock.now()
    with line.world.database.begin() as connection:
        question = questions.find(connection, delivery)
        assert question is not None
        if words is None:
            answers.remove(connection, question)
        else:
            answers.give(connection, VAULT, question, words, shared=share, withheld=False, now=now)
            answers.reveal(connection, question, now)


def test_what_was_written_on_the_page_stays_and_texts_are_added(line: Couple) -> None:
    line.text(ANA, "The mornings.")
    on_the_page(line, "Ana", "The early mornings.", share=False)
    assert line.text(ANA, "And the coffee.") == ""
    line.text(ANA, "Black.")
    assert line.answer("Ana") == "The early mornings.\nAnd the coffee.\nBlack."
    assert not line.answered("Ana").shared


def test_what_was_deleted_on_the_page_does_not_come_again(line: Couple) -> None:
    line.text(ANA, "Too much said.")
    on_the_page(line, "Ana", None)
    line.text(ANA, "The mornings.")
    line.text(ANA, "And the coffee.")
    assert line.answer("Ana") == "The mornings.\nAnd the coffee."
    assert [text for text, _ in line.replies()] == ["The mornings.", "And the coffee."]


def test_who_leaves_takes_along_the_texts_of_answers_that_nobody_saw(line: Couple) -> None:
    line.text(ANA, "The mornings.")
    line.text(BEN, "The evenings.")
    line.text(ANA, "what is this number?", at="2026-03-03T08:59")
    with line.world.database.begin() as connection:
        leaving.leave(connection, 1, line.world.clock.now())
    assert line.replies() == [("The evenings.", "answer"), ("what is this number?", "kept")]
    assert line.answer("Ana") == "The mornings."  # both have seen it


# Windows


def test_a_question_is_open_for_a_week(line: Couple) -> None:
    line.text(ANA, "in time", at="2026-03-10T08:59")
    line.text(BEN, "too late", at="2026-03-10T09:01")
    assert line.replies() == [("in time", "answer"), ("too late", "kept")]


def test_what_was_written_before_the_question_does_not_answer_it(line: Couple) -> None:
    assert line.text(ANA, "hello?", at="2026-03-03T08:59") == ""
    assert line.replies() == [("hello?", "kept")]


def test_a_quoted_question_is_answered_though_another_came_since(line: Couple) -> None:
    line.world.go_to("2026-03-10T09:00")
    first = line.delivery("Ana", week=1)
    line.text(ANA, "to the first", in_reply_to=f"memory-{first}", at="2026-03-12T09:00")
    assert (line.answer("Ana", 1), line.answer("Ana", 2)) == ("to the first", None)


def test_words_that_quote_a_message_that_asks_nothing_are_kept(line: Couple) -> None:
    line.world.go_to("2026-03-05T09:00")
    pulse = line.delivery("Ana", "pulse")
    assert line.text(ANA, "what is this?", in_reply_to=f"memory-{pulse}") == ""
    assert line.replies() == [("what is this?", "kept")]


def test_a_question_by_whatsapp_can_be_answered_by_text(line: Couple) -> None:
    with line.world.database.begin() as connection:
        connection.execute(update(schema.deliveries).values(channel="whatsapp"))
    line.text(ANA, "The mornings.")
    assert line.answer("Ana") == "The mornings."


# Pulses


def test_a_bare_number_goes_to_the_open_pulse_and_words_to_the_question(line: Couple) -> None:
    line.world.go_to("2026-03-05T09:00")
    assert "that is a 4" in (line.text(ANA, "4!") or "")
    assert SHARED in (line.text(ANA, "It was a good week, 4 or 5.") or "")
    assert line.replies() == [("4!", "pulse"), ("It was a good week, 4 or 5.", "answer")]
    (pulse,) = line.world.rows(couples_schema.pulses)
    assert (pulse.partner_id, pulse.week, pulse.value) == (line.partner("Ana"), 1, 4)


def test_the_last_number_counts_whichever_comes_first(line: Couple) -> None:
    line.world.go_to("2026-03-05T09:00")
    line.text(ANA, "2", at="2026-03-05T09:10")
    assert line.text(ANA, "5", at="2026-03-05T09:05") == ""
    assert line.text(ANA, "2", at="2026-03-05T09:20") == ""
    assert "that is a 3" in (line.text(ANA, "3", at="2026-03-05T09:25") or "")
    assert [row.value for row in line.world.rows(couples_schema.pulses)] == [3]


def test_a_pulse_is_open_past_the_next_question_and_until_the_next_pulse(line: Couple) -> None:
    line.world.go_to("2026-03-05T09:00")
    line.world.go_to("2026-03-10T09:00")
    line.text(ANA, "2")
    line.world.go_to("2026-03-12T09:00")
    line.text(ANA, "5")
    assert [(row.week, row.value) for row in line.world.rows(couples_schema.pulses)] == [(1, 2), (2, 5)]


def test_a_number_without_an_open_pulse_is_an_answer_like_any_other(line: Couple) -> None:
    line.text(ANA, "5")
    assert line.answer("Ana") == "5"
    line.world.go_to("2026-03-05T09:00")
    line.text(BEN, "3", in_reply_to=f"memory-{line.delivery('Ben')}")
    assert line.answer("Ben") == "3"
    assert line.world.rows(couples_schema.pulses) == []


# What a text may be made of


@pytest.mark.parametrize(
    "words",
    [
        "\u2764\ufe0f\u200d\U0001f525 \U0001f469\u200d\U0001f469\u200d\U0001f467 ok", "אני אוהבת אותך",
        "\u200fمرحبا\u200e",
        "Z\u0351\u036b\u0343\u036aA\u0324\u031e\u0349", "e\u0301 é", "  two  spaces\t", "x" * 1_600,
        "line\none\r\ntwo", "0\x00",
    ],
    ids=range(9),
)  # fmt: skip
def test_every_character_survives(line: Couple, words: str) -> None:
    line.text(ANA, words)
    assert line.answer("Ana") == words
    assert line.replies() == [(words, "answer")]


def test_a_picture_leaves_a_line_and_is_not_fetched(line: Couple) -> None:
    assert SHARED in (line.text(ANA, "", media=1) or "")
    line.text(ANA, "This one too", media=2)
    assert line.answer("Ana") == (
        "[a picture or file, not kept here]\nThis one too\n[2 pictures or files, not kept here]"
    )
    assert [row.media for row in line.world.rows(schema.replies)] == [1, 2]


def test_a_pictures_line_is_in_its_senders_language() -> None:
    line = asked(ana={"locale": "es-MX"})
    line.text(ANA, "", media=1)
    assert line.answer("Ana") == "[una imagen o archivo que no se guarda aquí]"


def test_an_empty_text_is_no_answer(line: Couple) -> None:
    assert line.text(ANA, "  ") == ""
    assert line.replies() == [("  ", "kept")]


def test_an_answer_ends_where_a_page_would(line: Couple) -> None:
    for number in range(8):
        line.text(ANA, str(number) * 1_600)
    assert len(line.answer("Ana") or "") == 10_000


def test_what_comes_from_somebody_who_has_left_is_kept(line: Couple) -> None:
    line.world.alter("Ana", left_at=line.world.clock.now())
    for words in ("The mornings.", "DONE", "PAUSE"):
        assert line.text(ANA, words) == ""
    assert {read_as for _, read_as in line.replies()} == {"kept"}
