"""A partner's own page: each small form changes one thing of theirs, and nobody else learns of it."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from joining import Visitor, contents, errors, found, link, sent, stopped, who
from world import VAULT, World, at, person

from engine.model.campaign import Channel
from engine.model.reply import ConsentPurpose
from engine.render import spec_budget
from engine.store import answers, couples_schema, questions, schema
from engine.store.database import Database

PHONE = "+12025550143"


@pytest.fixture
def visitor(tmp_path: Path) -> Visitor:
    """Ana and Ben, enrolled in eight weeks, on the Wednesday of the first."""
    world = World(database=tmp_path / "r.sqlite3")
    world.join("a-b", person("Ana"), person("Ben", "America/New_York"))
    world.engine.enroll(world.engine.campaign("eight-weeks"), at("2026-03-02T00:00").date())
    world.live("2026-03-04T12:00")
    world.clock.move_to(at("2026-03-04T12:00"))
    world.inbox.messages.clear()
    return Visitor(world)


def plain(page: str) -> str:
    """The words of a page, without styles, scripts and what there is to choose from."""
    return re.sub(r"<(style|script|select)\b.*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL)


def answered(database: Database, name: str, *, delivery: int, shared: bool) -> None:
    with database.begin() as connection:
        question = questions.find(connection, delivery)
        assert question is not None
        answers.give(
            connection, VAULT, question, f"{name} wrote this", shared=shared, withheld=False, now=at("2026-03-04T12:00")
        )


def deliveries(world: World, step: str) -> dict[str, int]:
    """The delivery of a step to each partner, by name."""
    names = {row.id: row.given_name for row in world.rows(schema.partners)}
    return {names[row.partner_id]: row.id for row in world.rows() if row.step == step}


def test_the_longest_page_takes_an_eighth_of_what_one_may_at_most(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bound is for templates that mean harm, and far from what ours need."""
    monkeypatch.setattr(spec_budget, "MOST_WORK", spec_budget.MOST_WORK // 8)
    assert visitor.get(visitor.own_page("Ana")).status_code == 200
    assert visitor.get("/join/eight-weeks").status_code == 200


def test_it_shows_what_comes_next_by_the_readers_own_clock_and_nothing_of_the_others(visitor: Visitor) -> None:
    mine, theirs = (plain(visitor.get(visitor.own_page(name)).text) for name in ("Ana", "Ben"))
    coming = found(visitor.get(visitor.own_page()).text, r"(?s)<ol class=\"ahead\">(.*?)</ol>")
    assert coming.count("<li>") == 3
    assert "Friday, March 6, 9:00" in mine
    assert "By the clocks of New York" in theirs
    for other in ("Ben", "ben@", "New York"):
        assert other not in mine
    assert "a…@example.com" in mine
    assert "ana@example.com" not in mine


CHANGES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "messages",
        {"channel": "sms", "send_at": "12:30", "days": ["0", "4"], "reach_from": "10:00", "reach_until": "18:00"},
        {"channel": "sms", "send_at": "12:30", "reach_days": {0, 4}, "reach_from": "10:00", "reach_until": "18:00"},
    ),
    ("messages", {"channel": "email", "send_at": "09:00"}, {}),
    (
        "about",
        {"given_name": "Aña", "timezone": "Asia/Tokyo", "locale": "es"},
        {"given_name": "Aña", "timezone": "Asia/Tokyo", "locale": "es"},
    ),
    ("wishes", {"causes": ["self-esteem"]}, {"causes": {"self-esteem"}}),
    ("sharing", {"share_texts": "yes"}, {"share_texts": True}),
    ("phone", {"shared_phone": "yes"}, {"shared_phone": True}),
    ("pause", {"pause": "week"}, {"paused_until": "2026-03-11 12:00:00+00:00"}),
    ("pause", {"pause": "month"}, {"paused_until": "2026-04-03 12:00:00+00:00"}),
    ("pause", {"pause": "date", "until": "2026-03-20"}, {"paused_until": "2026-03-20 00:00:00+00:00"}),
]


@pytest.mark.parametrize(("section", "fields", "changed"), CHANGES, ids=[f"{row[0]} {row[1]}" for row in CHANGES])
def test_a_form_changes_what_it_says_and_nothing_else(
    visitor: Visitor, section: str, fields: dict[str, Any], changed: dict[str, Any]
) -> None:
    page, world = visitor.own_page(), visitor.world
    before, other = who(world, "Ana")._asdict(), who(world, "Ben")
    answer = visitor.act(page, section, **fields)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{page}?done={section}"
    (row,) = [row for row in world.rows(schema.partners) if row.position == 1]
    after = row._asdict()
    told = {name: value for name, value in after.items() if value != before[name]}
    assert {name: _plain(value) for name, value in told.items()} == changed
    assert who(world, "Ben") == other
    assert sent(world) == []
    assert "Saved." in plain(visitor.get(answer.headers["location"]).text) or section == "about"


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat") and not hasattr(value, "year"):
        return value.isoformat("minutes")
    return set(value) if isinstance(value, frozenset) else value if isinstance(value, bool | str) else str(value)


WRONG: list[tuple[str, dict[str, Any], list[str]]] = [
    ("messages", {"channel": "email", "send_at": "x"}, ["send_at"]),
    ("messages", {"channel": "email", "send_at": ""}, ["send_at"]),
    (
        "messages",
        {"channel": "email", "send_at": "19:00", "reach_from": "18:00", "reach_until": "9:00"},
        ["reach_from"],
    ),
    ("messages", {"channel": "email", "send_at": "19:00", "reach_until": "x"}, ["reach_until"]),
    ("messages", {"channel": "pigeon", "send_at": "19:00"}, ["channel"]),
    ("about", {"given_name": "<b>", "timezone": "UTC", "locale": "en"}, ["given_name"]),
    ("about", {"given_name": "Ana", "timezone": "EST", "locale": "en"}, ["timezone"]),
    ("pause", {}, ["pause"]),
    ("pause", {"pause": "date"}, ["until"]),
    ("pause", {"pause": "date", "until": "2026-03-04"}, ["until"]),
    ("pause", {"pause": "date", "until": "9999-12-31"}, ["until"]),
    ("pause", {"pause": "date", "until": "2030-01-01"}, ["until"]),
    ("wishes", {"causes": ["nothing"]}, ["causes"]),
    ("address", {"new_channel": "email", "email": "x"}, ["email"]),
    ("address", {"new_channel": "email", "email": "new@example.com"}, ["agree_new_email"]),
    ("address", {"new_channel": "sms", "phone": "1"}, ["phone"]),
]


@pytest.mark.parametrize(("section", "fields", "wrong"), WRONG, ids=[f"{row[0]} {row[1]}" for row in WRONG])
def test_what_is_wrong_is_said_in_its_own_form_and_nothing_of_it_is_done(
    visitor: Visitor, section: str, fields: dict[str, Any], wrong: list[str]
) -> None:
    page = visitor.own_page()
    before = contents(visitor.world)
    answer = visitor.act(page, section, **fields)
    assert answer.status_code == 422
    assert errors(answer) == wrong
    assert answer.text.count("<details open>") == 1
    assert contents(visitor.world) == before


def test_a_form_that_is_stale_or_sent_twice_changes_nothing_and_shows_what_is_so(visitor: Visitor) -> None:
    page = visitor.own_page()
    stamp = found(visitor.get(page).text, r'name="stamp" value="(\w+)"')
    assert visitor.post(f"{page}/pause", stamp=stamp, pause="month").status_code == 303
    before = contents(visitor.world)
    for section, fields in (("pause", {"pause": "month"}), ("pause", {"pause": "resume"}), ("wishes", {})):
        answer = visitor.post(f"{page}/{section}", stamp=stamp, **fields)
        assert answer.status_code == 409
        assert "nothing was done" in plain(answer.text)
        assert "You are paused until Friday, April 3" in plain(answer.text)
    assert visitor.post(f"{page}/pause", pause="resume").status_code == 409
    assert contents(visitor.world) == before


def test_whoever_pauses_gets_nothing_and_can_begin_again_and_the_other_goes_on(visitor: Visitor) -> None:
    page, world = visitor.own_page(), visitor.world
    theirs = visitor.get(visitor.own_page("Ben")).text
    visitor.act(page, "pause", pause="date", until="2026-03-20")
    assert visitor.get(visitor.own_page("Ben")).text == theirs
    world.live("2026-03-12T00:00")
    assert {message.to for message in world.inbox.messages} == {"ben@example.com"}
    visitor.act(page, "pause", pause="resume")
    assert who(world, "Ana").paused_until is None


def test_a_channel_that_was_not_agreed_to_takes_its_consent_first_in_the_words_shown(visitor: Visitor) -> None:
    visitor.world.alter("Ana", sms_consent=False)
    page = visitor.own_page()
    shown = visitor.get(page).text
    fields = {"channel": "sms", "send_at": "09:00"}
    assert errors(visitor.act(page, "messages", **fields)) == ["agree_sms"]
    box = found(shown, r'id="agree_sms" name="agree_sms" value="(\w+)"')
    assert visitor.act(page, "messages", **fields, agree_sms=box).status_code == 303
    assert who(visitor.world, "Ana").sms_consent
    newest = visitor.world.rows(schema.consents)[-1]
    assert (newest.purpose, newest.channel, newest.given, newest.source) == ("messages", "sms", True, "own page")
    assert newest.words in shown


def test_consents_are_appended_when_given_and_when_taken_back(visitor: Visitor) -> None:
    page = visitor.own_page()
    shown = found(visitor.get(page).text, r'(?s)/sharing".*?name="shown" value="(\w+)"')
    assert visitor.act(page, "sharing", agree_answers="yes").status_code == 422  # other words than were shown
    visitor.act(page, "sharing", agree_answers="yes", agree_pulse="yes", share_texts="no", shown=shown)
    ana = who(visitor.world, "Ana")
    assert (ana.answers_consent, ana.share_pulse) == (True, True)
    visitor.act(page, "sharing", agree_pulse="yes", share_texts="no", shown=shown)
    given = [(row.purpose, row.given) for row in visitor.world.rows(schema.consents) if row.purpose != "messages"]
    assert given == [("answers", True), ("pulse", True), ("answers", False)]
    assert not who(visitor.world, "Ana").answers_consent


def test_whoever_no_longer_lets_us_keep_answers_has_them_deleted_but_for_those_both_have_seen(
    visitor: Visitor,
) -> None:
    world, asked = visitor.world, deliveries(visitor.world, "talk")
    visitor.world.alter("Ana", answers_consent=True)
    answered(world.database, "Ana", delivery=asked["Ana"], shared=False)
    answered(world.database, "Ben", delivery=asked["Ben"], shared=False)
    visitor.act(visitor.own_page(), "sharing", share_texts="no")
    assert [row.partner_id for row in world.rows(couples_schema.answers)] == [2]


def test_a_new_address_takes_the_place_of_the_old_one_when_it_is_confirmed_and_old_links_die(visitor: Visitor) -> None:
    page, world = visitor.own_page(), visitor.world
    old = who(world, "Ana")
    box = found(visitor.get(page).text, r'id="agree_new_email" name="agree_new_email" value="(\w+)"')
    answer = visitor.act(page, "address", new_channel="email", email="new@example.com", agree_new_email=box)
    assert answer.status_code == 303
    waiting = visitor.get(page).text
    assert "waiting for you to confirm it" in waiting
    assert "new@example.com" not in waiting
    ((to, words),) = sent(world)
    assert to == "new@example.com"
    assert who(world, "Ana").email_index == old.email_index
    done = visitor.post(link(words, "c"))
    assert "Messages go to your new address" in done.text
    assert who(world, "Ana").email_index != old.email_index
    assert visitor.get(page).status_code == 404
    fresh = found(done.text, r'href="https://rekindle\.example(/p/[^"]+)"')
    assert visitor.get(fresh).status_code == 200
    again = visitor.get(link(words, "c"))
    assert (again.status_code, "/p/" in again.text) == (200, False)
    world.inbox.messages.clear()
    world.live("2026-03-06T20:00")
    assert "new@example.com" in {message.to for message in world.inbox.messages}
    assert "ana@example.com" not in {message.to for message in world.inbox.messages}


def test_a_new_phone_is_no_phone_that_was_agreed_to_for_another_channel(visitor: Visitor) -> None:
    visitor.world.alter("Ana", whatsapp_consent=True)
    page = visitor.own_page()
    box = found(visitor.get(page).text, r'id="agree_new_sms" name="agree_new_sms" value="(\w+)"')
    visitor.act(page, "address", new_channel="sms", phone=PHONE, agree_new_sms=box)
    visitor.post(link(sent(visitor.world)[-1][1], "c"))
    ana = who(visitor.world, "Ana")
    assert (ana.channel, ana.sms_consent, ana.whatsapp_consent, ana.email_consent) == ("sms", True, False, True)


@pytest.mark.parametrize("address", ["eve@example.com", "gone@example.com"])
def test_asking_for_anothers_address_looks_the_same_and_sends_nothing_there(visitor: Visitor, address: str) -> None:
    world = visitor.world
    world.join("e-f", person("Eve"))
    with world.database.begin() as connection:
        from engine.store import suppressions

        suppressions.add(connection, VAULT, Channel.EMAIL, "gone@example.com", "declined", "x", world.clock.now())
    page = visitor.own_page()
    box = found(visitor.get(page).text, r'id="agree_new_email" name="agree_new_email" value="(\w+)"')
    answer = visitor.act(page, "address", new_channel="email", email=address, agree_new_email=box)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{page}?done=address")
    assert "waiting for you to confirm it" in visitor.get(page).text
    assert sent(world) == []


def test_leaving_alone_ends_all_for_oneself_at_once_and_tells_the_other_nothing(visitor: Visitor) -> None:
    page, world, theirs = visitor.own_page(), visitor.world, visitor.own_page("Ben")
    asked = deliveries(world, "talk")
    answered(world.database, "Ana", delivery=asked["Ana"], shared=False)
    before = visitor.get(theirs).text
    answer = visitor.post(f"{page}/leave")
    assert answer.status_code == 303
    last = visitor.get(answer.headers["location"]).text
    assert "You have left" in last
    assert "come back" not in plain(last)
    assert visitor.get(theirs).text == before
    assert world.rows(couples_schema.answers) == []
    world.live("2026-03-20T00:00")
    assert {message.to for message in world.inbox.messages} == {"ben@example.com"}
    assert visitor.get(page).status_code == 404
    again = visitor.post(f"{page}/leave")  # a button that is pressed twice
    assert (again.status_code, "You have left" in again.text, "/erase" in again.text) == (200, True, False)


def test_the_last_page_can_erase_and_shows_what_is_kept(visitor: Visitor) -> None:
    last = visitor.post(f"{visitor.own_page()}/leave").headers["location"].partition("?")[0]
    assert "ana@example.com" in visitor.get(f"{last}/data").text
    assert visitor.post(f"{last}/pause", pause="resume").status_code == 404
    assert visitor.post(f"{last}/erase", sure="yes").status_code == 200
    assert [row.given_name for row in visitor.world.rows(schema.partners)] == ["Ben"]


WHY = ["together", "loss", "separation"]


@pytest.mark.parametrize("why", WHY)
def test_one_tap_ends_it_for_both_and_nobody_is_written_to(visitor: Visitor, why: str) -> None:
    world, asked = visitor.world, deliveries(visitor.world, "talk")
    for name in ("Ana", "Ben"):
        answered(world.database, name, delivery=asked[name], shared=name == "Ana")
    page = visitor.own_page()
    answer = visitor.post(f"{page}/over", why=why)
    assert answer.status_code == 303
    assert "Nothing more comes to either of you" in plain(visitor.get(answer.headers["location"]).text)
    assert world.rows(couples_schema.answers) == []
    (row,) = [row for row in world.rows(schema.enrollments) if row.campaign == "eight-weeks"]
    assert (row.status, row.stopped_reason) == ("stopped", "couple_left" if why == "together" else "life_event")
    world.live("2026-06-01T00:00")
    assert world.inbox.messages == []
    assert visitor.post(f"{page}/over", why=why).status_code == 303
    assert visitor.post(f"{page}/pause", pause="week").status_code == 409


def test_the_others_page_says_the_same_whoever_ended_it_and_why(tmp_path: Path) -> None:
    pages = set()
    for number, why in enumerate(WHY):
        world = World(database=tmp_path / f"{number}.sqlite3")
        world.join("a-b", person("Ana"), person("Ben"))
        visitor = Visitor(world)
        visitor.post(f"{visitor.own_page()}/over", why=why)
        pages.add(visitor.get(visitor.own_page("Ben")).text)
    (page,) = pages
    assert "The messages have ended" in page
    for telling in ("loss", "separat", "partner"):
        assert telling not in plain(page)


def test_erasing_takes_a_tick_and_then_everything_is_gone_and_the_other_sees_no_difference(visitor: Visitor) -> None:
    page, theirs = visitor.own_page(), visitor.own_page("Ben")
    before = visitor.get(theirs).text
    assert errors(visitor.post(f"{page}/erase")) == ["sure"]
    assert visitor.post(f"{page}/erase", sure="yes").status_code == 200
    assert [row.given_name for row in visitor.world.rows(schema.partners)] == ["Ben"]
    assert stopped(visitor.world, "ana@example.com") == "unsubscribed"
    assert visitor.get(page).status_code == 404
    assert visitor.get(theirs).text == before


def test_who_is_left_by_an_erased_partner_is_not_offered_to_invite_anybody(visitor: Visitor) -> None:
    """The offer would tell them that the other is gone."""
    theirs = visitor.own_page("Ben")
    visitor.post(f"{visitor.own_page()}/erase", sure="yes")
    assert "/invite" not in visitor.get(theirs).text
    visitor.act(theirs, "invite")
    visitor.act(theirs, "message", their_channel="email", their_email="x@example.com", their_locale="en")
    assert visitor.world.rows(couples_schema.invitations) == []
    assert sent(visitor.world) == []


def test_one_sees_and_takes_along_all_that_is_kept_of_oneself_and_nothing_of_the_others(visitor: Visitor) -> None:
    world, asked = visitor.world, deliveries(visitor.world, "talk")
    answered(world.database, "Ana", delivery=asked["Ana"], shared=True)
    answered(world.database, "Ben", delivery=asked["Ben"], shared=True)
    page = visitor.own_page()
    shown = visitor.get(f"{page}/data").text
    answer = visitor.post(f"{page}/export")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"] == 'attachment; filename="my-data.json"'
    data = json.loads(answer.text)
    assert data["about_you"]["given_name"] == "Ana"
    assert {entry["address"] for entry in data["addresses"]} == {"ana@example.com", person("Ana").phone}
    assert [entry["text"] for entry in data["answers"]] == ["Ana wrote this"]
    assert {entry["channel"] for entry in data["consents"]} == {"email", "sms"}
    assert [entry["status"] for entry in data["messages"]] == ["sent", "sent"]
    assert all("digest" not in entry for entry in data["messages"])
    for text in (shown, answer.text):
        assert "Ana wrote this" in text
        for theirs in ("Ben", "ben@example.com", person("Ben").phone or "", "New_York"):
            assert theirs not in text


def test_words_that_sound_like_danger_are_on_no_page_that_others_may_see(visitor: Visitor) -> None:
    world, asked = visitor.world, deliveries(visitor.world, "talk")
    with world.database.begin() as connection:
        question = questions.find(connection, asked["Ana"])
        assert question is not None
        answers.give(connection, VAULT, question, "canary", shared=False, withheld=True, now=at("2026-03-04T12:00"))
    page = visitor.own_page()
    assert "canary" not in visitor.get(f"{page}/data").text + visitor.post(f"{page}/export").text


def test_a_partner_who_is_alone_makes_a_link_when_they_ask_for_one(tmp_path: Path) -> None:
    world = World(database=tmp_path / "r.sqlite3")
    world.join("a", person("Ana"))
    visitor = Visitor(world)
    page = visitor.own_page()
    assert 'id="share"' not in visitor.get(page).text
    visitor.act(page, "invite")
    first = found(visitor.get(page).text, r'id="share"[^>]*value="https://rekindle\.example(/i/[^"]+)"')
    assert visitor.get(first).status_code == 200
    world.clock.fast_forward(timedelta(days=31))
    assert visitor.get(first).status_code == 410
    fresh = found(visitor.get(visitor.own_page()).text, r'id="share"[^>]*value="https://rekindle\.example(/i/[^"]+)"')
    assert visitor.get(fresh).status_code == 200


def test_messages_for_others_wait_when_too_many_were_asked_for(tmp_path: Path) -> None:
    world = World(database=tmp_path / "r.sqlite3")
    world.join("a", person("Ana"))
    visitor = Visitor(world)
    page = visitor.own_page()
    box = found(visitor.get(page).text, r'id="agree_new_email" name="agree_new_email" value="(\w+)"')
    statuses = []
    for number in range(21):
        fields = {"new_channel": "email", "email": f"p{number}@example.com", "agree_new_email": box}
        world.clock.fast_forward(timedelta(seconds=1))
        statuses.append(visitor.act(page, "address", **fields))
    assert [answer.status_code for answer in statuses] == [303] * 20 + [429]
    assert 3000 < int(statuses[-1].headers["retry-after"]) <= 3600


def test_the_partners_language_is_the_pages(visitor: Visitor) -> None:
    visitor.world.alter("Ana", locale="es")
    page = visitor.own_page()
    assert '<html lang="es"' in visitor.get(page).text
    assert "martes" in visitor.get(page).text or "viernes" in visitor.get(page).text
    assert "Hay algo que corregir" in visitor.act(page, "pause").text


def test_touch_is_drawn_anew_when_it_is_taken_back(visitor: Visitor) -> None:
    world = visitor.world
    for name in ("Ana", "Ben"):
        page = visitor.own_page(name)
        shown = found(visitor.get(page).text, r'(?s)/wishes".*?name="shown" value="(\w+)"')
        visitor.act(page, "wishes", agree_touch="yes", shown=shown)
    learned: Callable[[], Any] = lambda: [  # noqa: E731
        row.learned[-1].get("touch", False) for row in world.rows(schema.enrollments) if row.campaign == "eight-weeks"
    ]
    assert learned() == [True]
    visitor.act(visitor.own_page(), "wishes")
    assert learned() == [False]
    assert [row.given for row in world.rows(schema.consents) if row.purpose == ConsentPurpose.TOUCH] == [
        True,
        True,
        False,
    ]
