"""Links of couples' pages: GET never changes anything, an old one brings a fresh one, a bad one tells nothing."""

from datetime import timedelta
from typing import Any

import pytest
from opening import SHARE, Couple, words
from wire import call

from engine.render.links import Purpose
from engine.store import couples_schema

PAGES = [(page, key) for page in ("a", "n", "pulse") for key in ("talk", "alone", "date", "close", "end")]
QUERIES = ("", "?n=4", "?done=did", "?done=sure", "?done=deleted", "?n=9&done=<b>", "?day=2026-03-24&time=19:00")
POSTS = [
    ("a", "talk", ""), ("a", "talk", "/draft"), ("a", "talk", "/delete"), ("n", "talk", "/did"),
    ("n", "talk", "/smaller"), ("n", "talk", "/never"), ("n", "talk", "/later"), ("pulse", "close", ""),
    ("pulse", "close", "/together"),
]  # fmt: skip
FIELDS = {
    "answer": "Hello", "draft": "Hello", "n": "3", "sure": "yes", "together": "yes", "consent": "en 1", **SHARE,
}  # fmt: skip


@pytest.fixture
def couple() -> Couple:
    made = Couple()
    made.agree()
    return made


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_changes_nothing_whatever_is_asked_for(couple: Couple, method: str) -> None:
    couple.answer("Ana", "Mine", **SHARE)
    before = couple.contents()
    paths = [couple.path("Ana", page, key) + query for page, key in PAGES for query in QUERIES]
    paths += [couple.path("Ana", "n", "date") + f"/event.ics{query}" for query in QUERIES]
    paths += [f"/calendar/{couple.token('Ana', purpose=Purpose.CALENDAR)}.ics"]
    paths += [couple.path("Ana", page, key) + end for page, key, end in POSTS if end]
    seen = {call(couple.app, method, path).status_code for path in paths}
    couple.world.clock.fast_forward(timedelta(days=500))
    seen |= {call(couple.app, method, path).status_code for path in paths}
    assert seen <= {200, 404, 405, 410, 422}
    assert {200, 410} <= seen
    assert couple.contents() == before


def test_a_head_is_answered_as_a_get_without_its_body(couple: Couple) -> None:
    for page, key in PAGES:
        path = couple.path("Ana", page, key)
        get, head = couple.get(path), call(couple.app, "HEAD", path)
        assert head.status_code == get.status_code
        assert head.headers["content-security-policy"] == get.headers["content-security-policy"]


BAD = ["", "x", "A" * 36, "💛" * 36, "%00", "..%2f..", "A" * 10_000, "%0a" + "A" * 35]


@pytest.mark.parametrize("token", BAD)
@pytest.mark.parametrize(("page", "end"), [("a", ""), ("n", ""), ("pulse", ""), ("n", "/event.ics")])
def test_a_token_that_is_not_ours_is_unknown_and_nothing_is_said(
    couple: Couple, token: str, page: str, end: str
) -> None:
    answer = couple.get(f"/{page}/{token}{end}")
    assert answer.status_code == 404
    assert "Ana" not in answer.text


def test_every_token_but_ones_own_is_unknown_in_the_same_words(couple: Couple) -> None:
    """Guessed, changed in one place, of another purpose, of an earlier epoch, of a delivery that is not there."""
    links, today = couple.world.engine.links, couple.world.clock.now().date()
    good, mine = couple.token("Ana"), couple.delivery("Ana", "talk")
    tokens = [good[:place] + ("A" if good[place] != "A" else "B") + good[place + 1 :] for place in range(36)]
    tokens += [links.sign(purpose, mine, 0, today) for purpose in Purpose if purpose is not Purpose.MESSAGE]
    tokens += [links.sign(Purpose.MESSAGE, mine, 1, today), links.sign(Purpose.MESSAGE, 10**9, 0, today)]
    before, pages = couple.contents(), set()
    for token in tokens:
        for page in ("a", "n", "pulse"):
            answers = [couple.get(f"/{page}/{token}"), couple.post(f"/{page}/{token}", FIELDS)]
            answers.append(couple.post(f"/fresh/message/{token}"))
            # Only /n has nothing to post to itself.
            assert {answer.status_code for answer in answers} <= {404, 405}
            pages |= {answer.content for answer in answers if answer.status_code == 404}
    assert len(pages) == 1
    assert couple.contents() == before


def test_one_partners_pass_never_opens_the_others_answer(couple: Couple) -> None:
    couple.answer("Ana", "Only Ana knows", share="private")
    for page, key in PAGES:
        if key != "alone":
            assert "Only Ana knows" not in couple.get(couple.path("Ben", page, key)).text


def test_a_notice_has_no_page_of_its_own(couple: Couple) -> None:
    couple.answer("Ana", "One", **SHARE)
    couple.answer("Ben", "Two", **SHARE)
    assert couple.get(couple.path("Ana", key="revealed")).status_code == 404


@pytest.mark.parametrize("stale", ["epoch", "left"])
def test_who_has_left_or_renewed_their_links_has_no_old_ones(couple: Couple, stale: str) -> None:
    path = couple.path("Ana")
    before = couple.get("/a/" + "A" * 36).content
    values: dict[str, Any] = {"epoch": {"epoch": 1}, "left": {"left_at": couple.world.clock.now(), "epoch": 1}}[stale]
    couple.world.alter("Ana", **values)
    assert couple.get(path).content == before
    assert couple.post(path, {"answer": "Hello", **SHARE}).status_code == 404
    couple.world.clock.fast_forward(timedelta(days=90))
    assert couple.post("/fresh/message/" + path[3:]).status_code == 404


@pytest.mark.parametrize(("page", "key", "end"), POSTS)
def test_nothing_is_done_with_a_link_that_is_too_old(couple: Couple, page: str, key: str, end: str) -> None:
    path = couple.path("Ana", page, key) + end
    couple.world.clock.fast_forward(timedelta(days=61))
    before = couple.contents()
    answer = couple.post(path, FIELDS)
    assert answer.status_code == 410
    assert "too old" in words(answer)
    assert couple.contents() == before


def test_an_old_link_offers_a_fresh_one_which_goes_to_the_address_on_file_once_a_day(couple: Couple) -> None:
    token = couple.token("Ana")
    couple.world.go_to("2026-06-01T12:00")
    old = couple.get(f"/a/{token}")
    assert old.status_code == 410
    assert f'action="/fresh/message/{token}"' in old.text
    sent = len(couple.world.inbox.messages)
    answers = [couple.post(f"/fresh/message/{token}") for _ in range(3)]
    couple.world.tick()
    (message,) = couple.world.inbox.messages[sent:]
    assert message.to == "ana@example.com"
    assert len({answer.content for answer in answers}) == 1
    assert "ana@example.com" not in answers[0].text


def test_the_answer_is_the_same_for_whoever_is_not_written_to(couple: Couple) -> None:
    token = couple.token("Ana")
    early = couple.post(f"/fresh/message/{token}")  # it is still good
    couple.world.go_to("2026-06-01T12:00")
    couple.world.alter("Ana", email_consent=False)
    sent = len(couple.world.inbox.messages)
    refused = couple.post(f"/fresh/message/{token}")
    couple.world.tick()
    assert refused.content == early.content
    assert (early.status_code, refused.status_code) == (200, 200)
    assert len(couple.world.inbox.messages) == sent
    assert [row.status for row in couple.world.rows() if row.step == "link"] == ["skipped"]


@pytest.mark.parametrize("purpose", ["confirm", "unsubscribe", "nothing", "MESSAGE"])
def test_only_links_that_are_renewed_are(couple: Couple, purpose: str) -> None:
    assert couple.post(f"/fresh/{purpose}/{couple.token('Ana')}").status_code == 404


@pytest.mark.parametrize(("page", "key", "end"), POSTS)
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403), ({"Origin": "https://elsewhere.example"}, 403),
        ({"Content-Type": "text/plain"}, 415), ({"Content-Type": "application/json"}, 415),
    ],
    ids=["fetched", "origin", "text", "json"],
)  # fmt: skip
def test_another_sites_form_does_nothing(
    couple: Couple, page: str, key: str, end: str, headers: dict[str, str], status: int
) -> None:
    before = couple.contents()
    assert couple.post(couple.path("Ana", page, key) + end, FIELDS, headers=headers).status_code == status
    assert couple.contents() == before


@pytest.mark.parametrize(("page", "key", "end"), POSTS)
def test_a_form_that_is_sent_again_changes_nothing_more(couple: Couple, page: str, key: str, end: str) -> None:
    path = couple.path("Ana", page, key) + end
    couple.post(path, FIELDS)
    before = couple.contents("answers")  # a sealed text has another cipher each time
    answers = len(couple.world.rows(couples_schema.answers))
    assert couple.post(path, FIELDS).status_code in (200, 204, 303)
    assert couple.contents("answers") == before
    assert len(couple.world.rows(couples_schema.answers)) == answers


def test_a_pass_from_a_clock_that_is_ahead_is_good(couple: Couple) -> None:
    tomorrow = couple.world.clock.now().date() + timedelta(days=1)
    assert couple.get(f"/a/{couple.token('Ana', on=tomorrow)}").status_code == 200


def test_a_name_is_never_markup(couple: Couple) -> None:
    couple.world.alter("Ben", given_name="<b>Ben & Co</b>")
    for page, key in PAGES:
        answer = couple.get(couple.path("Ana", page, key))
        assert "<b>Ben" not in answer.text
    assert "<b>Ben & Co</b>" in words(couple.get(couple.path("Ana")))


def test_every_page_keeps_to_itself(couple: Couple) -> None:
    for page, key in PAGES:
        answer = couple.get(couple.path("Ana", page, key))
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert "set-cookie" not in answer.headers
