"""The page of a question: a private box, a choice, and both answers side by side once both have chosen to share."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from opening import PRIVATE, SHARE, Couple, words
from world import VAULT

from engine.hear.answers import LONGEST
from engine.model.notice import Notice
from engine.store import couples_schema, schema
from engine.store.answers import SEALED_ANSWER
from engine.transport.base import EmailMessage

MORNINGS, EVENINGS = "The quiet, and your bare feet.", "When the dishes are done."
DANGER = "He hits me and I am afraid to go home."


@pytest.fixture
def couple() -> Couple:
    """Ana and Ben, who both let us keep answers."""
    made = Couple()
    made.agree()
    return made


def box(page: str) -> str:
    """What is in the box for the answer."""
    (found,) = re.findall(r"<textarea[^>]*>\n?(.*?)</textarea>", page, re.DOTALL)
    return html.unescape(found)


def chosen(page: str) -> list[str]:
    return re.findall(r'name="share" value="(\w+)" checked', page)


def kept(couple: Couple) -> list[tuple[int, str | None, bool]]:
    """Every answer: whose, its text, and whether it is to be shared."""
    return [
        (row.partner_id, None if row.text_cipher is None else VAULT.open(row.text_cipher, SEALED_ANSWER), row.shared)
        for row in couple.world.rows(couples_schema.answers)
    ]


def told(couple: Couple, notice: Notice) -> list[int]:
    """Whom a notice was posted to."""
    return [row.partner_id for row in couple.world.rows() if row.step == notice.value]


def test_the_page_has_the_question_a_box_and_private_as_the_first_choice_with_nothing_chosen(couple: Couple) -> None:
    page = couple.get(couple.path("Ana")).text
    assert "What do you like of them?" in page
    assert box(page) == ""
    assert re.findall(r'name="share" value="(\w+)"', page) == ["private", "share"]
    assert chosen(page) == []


def test_who_wants_texts_shared_finds_that_chosen(couple: Couple) -> None:
    couple.world.alter("Ana", share_texts=True)
    assert chosen(couple.get(couple.path("Ana")).text) == ["share"]


@pytest.mark.parametrize("choice", [PRIVATE, SHARE], ids=["private", "share"])
def test_an_answer_is_kept_and_found_again(couple: Couple, choice: dict[str, str]) -> None:
    assert couple.answer("Ana", MORNINGS, **choice).status_code == 200
    page = couple.get(couple.path("Ana")).text
    assert box(page) == MORNINGS
    assert chosen(page) == [choice["share"]]
    assert kept(couple) == [(1, MORNINGS, choice == SHARE)]


def test_both_answers_stand_side_by_side_once_both_are_shared_and_each_is_told_once(couple: Couple) -> None:
    couple.answer("Ana", MORNINGS, **SHARE)
    revealed = couple.answer("Ben", EVENINGS, **SHARE)
    for page in (revealed, couple.get(couple.path("Ana")), couple.get(couple.path("Ben"))):
        assert MORNINGS in words(page)
        assert EVENINGS in words(page)
        assert "<textarea" not in page.text
    assert sorted(told(couple, Notice.REVEALED)) == [1, 2]
    couple.world.tick()
    last = [each for each in couple.world.inbox.messages if isinstance(each, EmailMessage)][-2:]
    assert {each.to for each in last} == {"ana@example.com", "ben@example.com"}
    for each in last:
        link = re.search(r"/a/[\w-]+", each.text)
        assert link is not None
        assert MORNINGS in words(couple.get(link[0]))
        assert MORNINGS not in each.text + each.html


def test_ones_own_answer_comes_first_on_ones_own_page(couple: Couple) -> None:
    couple.answer("Ana", MORNINGS, **SHARE)
    couple.answer("Ben", EVENINGS, **SHARE)
    ana, ben = words(couple.get(couple.path("Ana"))), words(couple.get(couple.path("Ben")))
    assert ana.index(MORNINGS) < ana.index(EVENINGS)
    assert ben.index(EVENINGS) < ben.index(MORNINGS)
    assert f"You {MORNINGS}" in ana
    assert f"Ana {MORNINGS}" in ben


def test_a_revealed_answer_cannot_be_changed_deleted_or_drafted_over(couple: Couple) -> None:
    couple.answer("Ana", MORNINGS, **SHARE)
    couple.answer("Ben", EVENINGS, **SHARE)
    before = couple.contents()
    assert MORNINGS in words(couple.answer("Ana", "Something else", **PRIVATE))
    couple.post(couple.path("Ana") + "/draft", {"draft": "Something else"})
    assert MORNINGS in words(couple.follow(couple.path("Ana") + "/delete"))
    assert couple.contents() == before


def test_until_the_reveal_an_answer_can_be_changed_made_private_and_deleted(couple: Couple) -> None:
    couple.answer("Ana", MORNINGS, **SHARE)
    couple.answer("Ana", EVENINGS, **PRIVATE)
    couple.answer("Ben", "Nothing yet", **SHARE)
    assert kept(couple)[0] == (1, EVENINGS, False)
    assert "Deleted." in words(couple.follow(couple.path("Ana") + "/delete"))
    assert [whose for whose, _, _ in kept(couple)] == [2]
    assert told(couple, Notice.REVEALED) == []


def test_a_private_answer_is_revealed_by_choosing_to_share_it_after_all(couple: Couple) -> None:
    couple.answer("Ana", MORNINGS, **PRIVATE)
    couple.answer("Ben", EVENINGS, **SHARE)
    assert EVENINGS in words(couple.answer("Ana", MORNINGS, **SHARE))


def test_a_draft_is_kept_while_typing_and_is_no_answer(couple: Couple) -> None:
    answer = couple.post(couple.path("Ana") + "/draft", {"draft": "The quiet, and"})
    assert (answer.status_code, answer.content) == (204, b"")
    couple.answer("Ben", EVENINGS, **SHARE)
    assert box(couple.get(couple.path("Ana")).text) == "The quiet, and"
    assert kept(couple)[0] == (1, None, False)
    assert "The quiet" not in couple.get(couple.path("Ben")).text


def test_a_draft_over_an_answer_says_that_it_is_not_kept_yet(couple: Couple) -> None:
    couple.answer("Ana", MORNINGS, **PRIVATE)
    couple.post(couple.path("Ana") + "/draft", {"draft": "Louder"})
    page = couple.get(couple.path("Ana"))
    assert box(page.text) == "Louder"
    assert "not kept as your answer" in words(page)
    assert kept(couple) == [(1, MORNINGS, False)]


def test_a_draft_that_the_answer_overtook_is_dropped(couple: Couple) -> None:
    couple.answer("Ana", MORNINGS, **PRIVATE)
    couple.post(couple.path("Ana") + "/draft", {"draft": MORNINGS[:9]})
    assert box(couple.get(couple.path("Ana")).text) == MORNINGS
    couple.world.clock.fast_forward(timedelta(minutes=1))
    couple.post(couple.path("Ana") + "/draft", {"draft": MORNINGS[:9]})
    assert box(couple.get(couple.path("Ana")).text) == MORNINGS[:9]


def test_a_draft_is_not_screened_and_alerts_nobody(couple: Couple) -> None:
    couple.post(couple.path("Ana") + "/draft", {"draft": DANGER})
    assert couple.world.rows(couples_schema.alerts) == []


@pytest.mark.parametrize("text", [
    "One\n\nTwo\n  indented", "Ñandú é e\u0301", "👩‍👩‍👧‍👦 💛", "שלום עולם",
    "<script>alert(1)</script>", "&amp; \"quoted\" 'so'",
    "{{ 7 * 7 }} {% raw %}", "</textarea><b>", "\\0 %00", "'; DROP TABLE answers; --",
], ids=str)  # fmt: skip
def test_whatever_is_written_comes_back_as_it_was_and_is_never_markup(couple: Couple, text: str) -> None:
    expected = text.replace("e\u0301", "é")  # NFC
    couple.answer("Ana", text, **SHARE)
    assert box(couple.get(couple.path("Ana")).text) == expected
    couple.answer("Ben", EVENINGS, **SHARE)
    page = couple.get(couple.path("Ben")).text
    assert f'<blockquote class="said" dir="auto">{html.escape(expected)}</blockquote>' in page.replace(
        "&#34;", "&quot;"
    ).replace("&#39;", "&#x27;")
    for sign in ("<script>alert", "</textarea><b>"):
        assert sign not in page


def test_line_ends_and_what_cannot_be_seen_are_cleaned(couple: Couple) -> None:
    couple.answer("Ana", "  one\r\ntwo\rthree\x00\u202egnp  ", **PRIVATE)
    assert kept(couple)[0][1] == "one\ntwo\nthreegnp"


WRONG: list[tuple[dict[str, Any], int, str]] = [
    ({"answer": "", **PRIVATE}, 422, "Write something first"),
    ({"answer": " \n ", **PRIVATE}, 422, "Write something first"),
    ({"answer": "Hello"}, 422, "Choose who it is for"),
    ({"answer": "Hello", "share": "everybody"}, 422, "Choose who it is for"),
    ({"answer": "x" * (LONGEST + 1), **SHARE}, 413, "more than 10000 characters"),
    ({"answer": "x" * 60_000, **SHARE}, 413, "more than 10000 characters"),
]


@pytest.mark.parametrize(("fields", "status", "says"), WRONG)
def test_what_is_wrong_is_said_with_the_text_still_in_the_box_and_nothing_kept(
    couple: Couple, fields: dict[str, Any], status: int, says: str
) -> None:
    page = couple.post(couple.path("Ana"), fields)
    assert page.status_code == status
    assert says in words(page)
    assert box(page.text).strip() == fields["answer"].strip()
    assert kept(couple) == []


@pytest.mark.parametrize("text", ["x" * LONGEST, "💛" * LONGEST, "ñ\n" * (LONGEST // 2)], ids=["x", "emoji", "lines"])
def test_the_longest_answer_is_kept_and_shown_whole(couple: Couple, text: str) -> None:
    couple.answer("Ana", text, **SHARE)
    assert couple.answer("Ben", '"' * LONGEST, **SHARE).status_code == 200
    assert kept(couple)[0][1] == text.strip()
    assert text.strip() in html.unescape(couple.get(couple.path("Ben")).text)


@pytest.mark.parametrize("text", ["x" * 1_000_000, "&" * 64_000], ids=["a megabyte", "escapes"])
def test_a_body_that_no_page_has_room_for_is_refused(couple: Couple, text: str) -> None:
    assert couple.answer("Ana", text, **SHARE).status_code == 413
    assert couple.post(couple.path("Ana") + "/draft", {"draft": text}).status_code == 413
    assert kept(couple) == []


def test_without_consent_nothing_is_kept_not_even_a_draft() -> None:
    couple = Couple()
    page = couple.get(couple.path("Ana")).text
    assert "data-autosave>" not in page.replace('rows="6" ', "")
    assert not re.search(r'id="consent"[^>]* checked', page)
    assert couple.post(couple.path("Ana") + "/draft", {"draft": MORNINGS}).status_code == 204
    refused = couple.answer("Ana", MORNINGS, **SHARE)
    assert refused.status_code == 422
    assert "tick the box" in words(refused)
    assert box(refused.text) == MORNINGS
    assert kept(couple) == []


def test_consent_is_asked_first_and_kept_in_the_words_that_were_shown() -> None:
    couple = Couple()
    page = couple.get(couple.path("Ana")).text
    (version,) = re.findall(r'id="consent" name="consent" value="([^"]+)"', page)
    assert page.index('id="consent"') < page.index("<textarea")
    assert couple.answer("Ana", MORNINGS, consent="another version", **SHARE).status_code == 422
    assert couple.answer("Ana", MORNINGS, consent=version, **SHARE).status_code == 200
    (row,) = [row for row in couple.world.rows(schema.consents) if row.purpose == "answers"]
    assert (row.given, row.source, row.version) == (True, "answer page", version)
    assert html.escape(row.words, quote=False) in page
    assert kept(couple) == [(1, MORNINGS, True)]
    assert 'id="consent"' not in couple.get(couple.path("Ana")).text


def test_words_of_danger_bring_help_at_once_and_are_never_spoken_of_again(couple: Couple) -> None:
    page = couple.answer("Ana", DANGER, **SHARE)
    assert page.status_code == 200
    said = words(page)
    for part in ("call 911", "Nobody watches this page", "kept for you alone", "send you nothing more"):
        assert part in said
    assert DANGER not in said
    (own,) = re.findall(r'href="(/p/[\w-]{36})"', page.text)
    assert own
    assert [row.source for row in couple.world.rows(couples_schema.alerts)] == ["page"]
    later = couple.get(couple.path("Ana"))
    with couple.world.database.begin() as connection:
        connection.execute(couples_schema.answers.update().values(withheld=False))
    assert later.content == couple.get(couple.path("Ana")).content
    assert chosen(later.text) == ["private"]


@pytest.mark.parametrize("fields", [
    {"answer": DANGER}, {"answer": DANGER, "share": "everybody"}, {"answer": DANGER + " x" * LONGEST, **SHARE},
], ids=["no choice", "odd", "long"])  # fmt: skip
def test_help_comes_before_anything_that_the_form_lacks(couple: Couple, fields: dict[str, str]) -> None:
    page = couple.post(couple.path("Ana"), fields)
    assert page.status_code == 200
    assert "call 911" in words(page)
    assert len(couple.world.rows(couples_schema.alerts)) == 1
    assert [shared for _, _, shared in kept(couple)] in ([], [False])


def test_help_comes_without_consent_and_nothing_is_kept() -> None:
    couple = Couple()
    page = couple.answer("Ana", DANGER, **SHARE)
    assert "What you wrote is not kept" in words(page)
    assert len(couple.world.rows(couples_schema.alerts)) == 1
    assert kept(couple) == []


def test_help_comes_after_the_reveal_as_well_and_the_answers_stay(couple: Couple) -> None:
    couple.answer("Ana", MORNINGS, **SHARE)
    couple.answer("Ben", EVENINGS, **SHARE)
    assert "call 911" in words(couple.answer("Ana", DANGER, **SHARE))
    assert (1, MORNINGS, True) in kept(couple)


def test_sending_the_form_again_brings_help_again_and_no_second_alarm(couple: Couple) -> None:
    for _ in range(3):
        assert "call 911" in words(couple.answer("Ana", DANGER, **SHARE))
    assert len(couple.world.rows(couples_schema.alerts)) == 1
    couple.world.clock.fast_forward(timedelta(hours=1))
    couple.answer("Ana", DANGER, **SHARE)
    assert len(couple.world.rows(couples_schema.alerts)) == 2


def test_help_is_by_where_its_reader_is() -> None:
    couple = Couple(zone="Europe/Madrid", phone="+34600123456", locale="es")
    page = words(couple.answer("Ana", DANGER, **SHARE))
    assert "llama al 112" in page
    assert "016" in page


def test_words_of_danger_are_never_revealed(couple: Couple) -> None:
    couple.answer("Ana", DANGER, **SHARE)
    couple.answer("Ben", EVENINGS, **SHARE)
    assert EVENINGS not in words(couple.get(couple.path("Ana")))
    assert DANGER not in words(couple.get(couple.path("Ben")))
    assert couple.world.rows(couples_schema.reveals) == []


def test_where_only_one_is_asked_there_is_nothing_to_share(couple: Couple) -> None:
    path = couple.path("Ana", key="alone")
    page = couple.get(path)
    assert 'name="share"' not in page.text
    assert "came to you alone" in words(page)
    assert couple.post(path, {"answer": MORNINGS, **SHARE}).status_code == 200
    assert kept(couple) == [(1, MORNINGS, False)]


def test_answers_are_put_away_after_a_while_and_when_one_is_erased_and_it_looks_the_same(couple: Couple) -> None:
    pages = []
    for ending in ("time", "erased"):
        it = Couple()
        it.agree()
        it.answer("Ana", MORNINGS, **SHARE)
        it.answer("Ben", EVENINGS, **SHARE)
        if ending == "erased":
            with it.world.database.begin() as connection:
                connection.execute(couples_schema.answers.delete().where(couples_schema.answers.c.partner_id == 2))
        it.world.clock.fast_forward(timedelta(days=61))
        pages.append(it.get(it.path("Ana")))
    assert "put away" in words(pages[0])
    assert pages[0].content == pages[1].content
    assert MORNINGS not in pages[0].text


def test_a_message_without_a_question_shows_its_own_page_instead(couple: Couple) -> None:
    for key, heading in (("date", "A walk at dusk"), ("close", "How close did the two of you feel")):
        page = couple.get(couple.path("Ana", key=key))
        assert page.status_code == 200
        assert heading in words(page)
        assert couple.post(couple.path("Ana", key=key), {"answer": "Hello", **SHARE}).status_code == 404
    assert kept(couple) == []


def test_a_page_is_in_its_readers_language() -> None:
    couple = Couple(locale="es-MX")
    page = couple.get(couple.path("Ana"))
    assert '<html lang="es" dir="ltr">' in page.text
    assert "Solo para mí" in words(page)
    assert '<h1 lang="en">Small mornings</h1>' in page.text
