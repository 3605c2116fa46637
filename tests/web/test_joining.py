"""Pages by which people come in: a form, one message, one button; the same to be seen whoever's the address is."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from joining import CAMPAIGN, Visitor, confirm, errors, joined, link, sent, sign_up, signup, stopped, who
from sqlalchemy import select
from world import VAULT, World, person

from engine.model.campaign import Channel
from engine.render.links import Purpose
from engine.store import couples_schema, schema, suppressions

JOIN = f"/join/{CAMPAIGN}"
PHONE = "+12025550143"


@pytest.fixture
def visitor(tmp_path: Path) -> Visitor:
    """A site with nobody in it, on a Monday at noon."""
    world = World(database=tmp_path / "r.sqlite3")
    world.go_to("2026-03-02T12:00")
    return Visitor(world)


def share_link(page: str) -> str:
    found = re.search(r'id="share"[^>]*value="https://rekindle\.example(/i/[^"]+)"', page)
    assert found is not None
    return found[1]


def test_from_the_form_to_the_first_message(visitor: Visitor) -> None:
    answer = visitor.sign_up(causes=["self-esteem"], agree_touch="yes")
    assert answer.status_code == 200
    assert "Now look at your email" in answer.text
    assert "ana@example.com" not in answer.text
    ((to, words),) = sent(visitor.world)
    assert to == "ana@example.com"
    asked = visitor.get(link(words, "c"))
    assert "Yes, it is mine" in asked.text
    assert not who(visitor.world, "Ana").email_consent
    welcome = visitor.post(link(words, "c"))
    assert welcome.status_code == 200
    assert "Welcome, Ana" in welcome.text
    assert "Monday, March 9" in welcome.text
    ana = who(visitor.world, "Ana")
    assert (ana.email_consent, ana.touch, ana.causes) == (True, True, {"self-esteem"})
    visitor.world.live("2026-03-10T00:00")
    assert [message.to for message in visitor.world.inbox.messages] == ["ana@example.com"] * 2


def test_the_words_that_were_ticked_are_kept_as_they_were_shown(visitor: Visitor) -> None:
    page = visitor.get(JOIN).text
    visitor.sign_up(agree_answers="yes")
    rows = visitor.world.rows(schema.consents)
    assert [(row.purpose, row.given, row.version, row.source) for row in rows] == [
        ("messages", True, "en 1", "join page"),
        ("answers", True, "en 1", "join page"),
    ]
    for row in rows:
        assert row.words in page
    assert "at most 4 emails a week" in rows[0].words


def test_nothing_is_ticked_beforehand(visitor: Visitor) -> None:
    boxes = re.findall(r'<input type="checkbox"[^>]*>', visitor.get(JOIN).text)
    assert len(boxes) >= 5
    assert not any("checked" in box for box in boxes)


WRONG: list[tuple[str, dict[str, Any], list[str]]] = [
    ("no name", {"given_name": " "}, ["given_name"]),
    ("a link for a name", {"given_name": "win.example"}, ["given_name"]),
    ("no such channel", {"channel": "pigeon"}, ["channel"]),
    ("a channel that is not offered", {"channel": "whatsapp", "phone": PHONE}, ["channel"]),
    ("a bad address", {"email": "ana@"}, ["email"]),
    ("a phone for an email", {"channel": "sms"}, ["phone", "agree_sms"]),
    ("an offset for a zone", {"timezone": "UTC+2"}, ["timezone"]),
    ("a time at which nothing goes", {"send_at": "03:00"}, ["send_at"]),
    ("no time", {"send_at": "late"}, ["send_at"]),
    ("no consent", {"agree_email": ""}, ["agree_email"]),
    ("consent to another channel", {"channel": "sms", "phone": PHONE}, ["agree_sms"]),
]


@pytest.mark.parametrize(("fields", "wrong"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_what_is_wrong_is_said_beside_it_and_what_was_typed_stays(
    visitor: Visitor, fields: dict[str, Any], wrong: list[str]
) -> None:
    answer = visitor.sign_up(**{"name": "Zoë", "email": "zoe@example.com", "causes": "self-esteem", **fields})
    assert answer.status_code == 422
    assert errors(answer) == wrong
    assert re.search(r'value="self-esteem" checked', answer.text)
    assert ('value="zoe@example.com"' in answer.text) is ("email" not in fields)
    assert visitor.world.rows(schema.couples) == []


def test_who_was_shown_other_words_has_agreed_to_nothing(visitor: Visitor) -> None:
    answer = visitor.sign_up(shown="0" * 16)
    assert answer.status_code == 422
    assert "have changed since" in answer.text
    assert not re.search(r'id="agree_email"[^>]* checked', answer.text)


@pytest.mark.parametrize(
    ("zone", "written", "stored"),
    [
        ("America/New_York", "(202) 555-0143", "+12025550143"),
        ("Europe/Madrid", "612 34 56 78", "+34612345678"),
        ("America/New_York", "+44 7700 900123", "+447700900123"),
        ("Europe/London", "07700 900123", "+447700900123"),
    ],
)
def test_a_number_may_be_written_as_in_the_country_of_its_zone(
    visitor: Visitor, zone: str, written: str, stored: str
) -> None:
    assert visitor.sign_up(channel="sms", phone=written, timezone=zone, agree_sms="yes").status_code == 200
    ((to, words),) = sent(visitor.world)
    assert to == stored
    assert words.count("/c/") == 1


def test_whatsapp_is_offered_only_where_something_carries_it(tmp_path: Path) -> None:
    plain = Visitor(World())
    assert 'value="whatsapp"' not in plain.get(JOIN).text
    offered = Visitor(World(settings={"channels": {"whatsapp": ["wa", "outbox"]}}))
    assert offered.sign_up(channel="whatsapp", phone=PHONE, agree_whatsapp="yes").status_code == 200


def test_the_page_says_what_it_is_and_is_not_and_speaks_the_language_that_is_chosen(visitor: Visitor) -> None:
    english, spanish = visitor.get(JOIN).text, visitor.get(JOIN + "?lang=es").text
    for said in (
        "no therapy",
        "afraid of their partner",
        "local emergency number",
        "Nobody watches",
        "at most 4 messages",
    ):
        assert said in english
    assert '<html lang="es"' in spanish
    assert "Ocho semanas de vuelta" in spanish
    assert '<html lang="es"' in visitor.get(JOIN, headers={"Accept-Language": "es-MX,en;q=0.5"}).text
    assert visitor.get(JOIN + "?lang=../x").text == english


def test_the_list_leads_to_what_is_open_and_a_campaign_that_is_not_has_no_page() -> None:
    visitor = Visitor(World(settings={"join": {"campaigns": ["date-nights"]}}))
    assert re.findall(r'href="join/([\w-]+)', visitor.get("/join").text) == ["date-nights"]
    assert visitor.get("/join/date-nights").status_code == 200
    assert visitor.get(JOIN).status_code == 404
    assert visitor.post(JOIN, given_name="Ana").status_code == 404
    shut = Visitor(World(settings={"join": {"open": False}}))
    assert "Nobody can sign up" in shut.get("/join").text
    assert shut.get("/join/date-nights").status_code == 404


def prepared(world: World, case: str, channel: Channel, address: str) -> None:
    """The address is known, or stopped, or has just been asked."""
    at_home = {"email": address, "phone": None, "channel": channel}
    if channel is not Channel.EMAIL:
        at_home = {"email": None, "phone": address, "channel": channel}
    if case == "known":
        world.join("a-b", person("Ana", **at_home))
    elif case == "asked too often":
        sign_up(world, signup("Ana", channel=channel, address=address))
    elif case != "unknown":
        with world.database.begin() as connection:
            suppressions.add(connection, VAULT, channel, address, case, "a test", world.clock.now())


CASES = ["known", "asked too often", "stop", "declined", "unsubscribed", "complaint", "hard_bounce", "operator"]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("channel", "address"), [(Channel.EMAIL, "ana@example.com"), (Channel.SMS, PHONE)])
def test_the_page_never_says_whether_an_address_is_known(case: str, channel: Channel, address: str) -> None:
    """Not a byte or a header of the answer differs, on the sign-up page or the invitation."""

    def answers(case: str) -> list[tuple[int, bytes, list[tuple[bytes, bytes]]]]:
        world = World()
        visitor = Visitor(world)
        inviter = joined(world, "Ivy")
        prepared(world, case, channel, address)
        invitation = f"/i/{world.engine.links.sign(Purpose.INVITE, 1, 0, world.clock.now().date())}"
        assert inviter
        fields = {"channel": channel.value, "email": address, "phone": address, f"agree_{channel}": "yes"}
        got = [visitor.sign_up(path, "Ana", **fields) for path in (JOIN, invitation)]
        return [(each.status_code, each.content, each.headers.raw) for each in got]

    assert answers(case) == answers("unknown")


def test_whatever_is_asked_the_database_is_written_in_one_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    """A known address must not be told from an unknown one by its time: what takes time is the commit."""
    for case in ("unknown", *CASES):
        world = World()
        prepared(world, case, Channel.EMAIL, "ana@example.com")
        visitor = Visitor(world)
        begun, begin = 0, world.database.begin

        def counted(begin: Any = begin) -> Any:
            nonlocal begun
            begun += 1
            return begin()

        fields = visitor.person(JOIN)
        monkeypatch.setattr(world.database, "begin", counted)
        assert visitor.post(JOIN, **fields).status_code == 200
        assert begun == 1, case


def test_too_many_sign_ups_from_one_place_wait(visitor: Visitor) -> None:
    fields = visitor.person(JOIN)
    for number in range(20):
        assert visitor.post(JOIN, **{**fields, "email": f"p{number}@example.com"}).status_code == 200
    answer = visitor.post(JOIN, **fields)
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "3600"
    assert "That is a lot at once" in answer.text
    assert len(visitor.world.rows(schema.couples)) == 20


@pytest.mark.parametrize(
    ("header", "first", "second", "apart"),
    [
        ("X-Real-IP", "192.0.2.1", "192.0.2.2", True),
        ("X-Real-IP", "2001:db8::1", "2001:db8::ffff", False),
        ("X-Real-IP", "2001:db8:0:1::1", "2001:db8:0:2::1", True),
        ("X-Real-IP", "::ffff:192.0.2.1", "192.0.2.1", False),
        ("X-Forwarded-For", "6.6.6.6, 192.0.2.1", "7.7.7.7, 192.0.2.1", False),
        (None, "192.0.2.1", "192.0.2.2", False),
    ],
)
def test_who_calls_is_the_connection_or_what_the_proxy_says(
    header: str | None, first: str, second: str, apart: bool
) -> None:
    """Of an IPv6 address its network counts, and of a list only what the proxy itself put there."""
    world = World(settings={"web": {"client_header": header}} if header else None)
    visitor = Visitor(world)
    for number, address in enumerate((first, second)):
        headers = {"X-Real-IP": address, "X-Forwarded-For": address}
        visitor.post(JOIN, **visitor.person(JOIN, email=f"p{number}@example.com"), headers=headers)
    with world.database.read() as connection:
        used = connection.execute(select(couples_schema.rates.c.used)).scalars().all()
    # The workspace's count is 2, each address has two counts of 1; and one caller or two.
    assert sorted(used) == ([1, 1, 1, 1, 1, 1, 2] if apart else [1, 1, 1, 1, 2, 2])


def test_confirming_twice_shows_the_same_page_and_changes_nothing(visitor: Visitor) -> None:
    first = visitor.welcomed()
    path = link(sent(visitor.world)[0][1], "c")
    again, looked = visitor.post(path), visitor.get(path)
    assert again.text == first.text == looked.text
    assert len([row for row in visitor.world.rows(schema.enrollments) if row.campaign == CAMPAIGN]) == 1


def test_a_link_that_is_too_old_says_so_and_confirms_nothing(visitor: Visitor) -> None:
    visitor.sign_up()
    path = link(sent(visitor.world)[0][1], "c")
    visitor.world.clock.fast_forward(timedelta(days=8))
    for answer in (visitor.get(path), visitor.post(path)):
        assert answer.status_code == 410
        assert "This link is too old" in answer.text
    assert who(visitor.world, "Ana").email_index is None


def test_an_address_that_takes_part_already_or_said_no_is_told_so_kindly_to_whoever_reads_it(visitor: Visitor) -> None:
    visitor.sign_up()
    path = link(sent(visitor.world)[0][1], "c")
    visitor.world.join("a-b", person("Ann", email="ana@example.com"))
    answer = visitor.post(path)
    assert (answer.status_code, "takes part already" in answer.text) == (409, True)
    assert "Ann" not in answer.text
    visitor.sign_up(name="Ben")
    words = sent(visitor.world)[-1][1]
    visitor.post(link(words, "d"), confirm="yes")
    answer = visitor.post(link(words, "c"))
    assert (answer.status_code, "We do not write to this address" in answer.text) == (409, True)


def test_the_other_joins_by_the_link_on_a_page_of_their_own(visitor: Visitor) -> None:
    invitation = share_link(visitor.welcomed().text)
    page = visitor.get(invitation).text
    assert "Ana invites you" in page
    assert "ana@example.com" not in page
    welcome = visitor.welcomed(invitation, "Ben", timezone="America/New_York")
    assert "the two of you take part together" in welcome.text
    assert 'id="share"' not in welcome.text
    assert [row.position for row in visitor.world.rows(schema.partners)] == [1, 2]
    assert [to for to, _ in sent(visitor.world)] == ["ana@example.com", "ben@example.com"]
    own = visitor.get(visitor.own_page()).text
    assert "You take part together" in own
    for theirs in ("Ben", "ben@", "New York", "America"):
        assert theirs not in re.sub(r"<select.*?</select>", "", own, flags=re.DOTALL)
    closed = visitor.get(invitation)
    assert (closed.status_code, "This invitation is closed" in closed.text) == (410, True)
    assert visitor.post(invitation, given_name="Eve").status_code == 410


def test_the_invitation_is_the_same_before_and_after_a_no_and_the_no_is_kept(visitor: Visitor) -> None:
    """Whoever invites has the link too, and must not learn from it."""
    invitation = share_link(visitor.welcomed().text)
    page = visitor.own_page()
    visitor.act(page, "message", their_channel="email", their_email="ben@example.com", their_locale="en")
    assert sent(visitor.world)[-1][0] == "ben@example.com"
    looked = visitor.get(invitation).text
    before = visitor.get(page).text
    answer = visitor.post(invitation + "/decline")
    assert "You will not hear from us again" in answer.text
    assert visitor.get(invitation).text == looked
    assert visitor.get(page).text == before
    assert stopped(visitor.world, "ben@example.com") == "declined"


def test_one_message_invites_in_the_language_chosen_and_may_be_declined_with_one_click(visitor: Visitor) -> None:
    """RFC 8058, section 3.2: a plain 200, no redirect, whatever the body."""
    visitor.welcomed()
    page = visitor.own_page()
    answer = visitor.act(page, "message", their_channel="email", their_email="ben@example.com", their_locale="es")
    assert answer.status_code == 303
    after = visitor.get(answer.headers["location"]).text
    assert "has been sent. There is no second one" in after
    assert "their_email" not in after
    to, words = sent(visitor.world)[-1]
    assert (to, "Ana te invita" in words) == ("ben@example.com", True)
    decline = link(words, "d")
    asked = visitor.get(decline)
    assert '<html lang="es"' in asked.text
    assert stopped(visitor.world, "ben@example.com") is None
    for _ in range(2):
        done = visitor.post(decline, **{"List-Unsubscribe": "One-Click"})
        assert (done.status_code, done.text) == (200, "Done.\n")
    assert stopped(visitor.world, "ben@example.com") == "declined"
    assert visitor.get(answer.headers["location"]).text == after


def test_a_no_after_confirming_is_an_unsubscribing_that_may_be_taken_back(visitor: Visitor) -> None:
    """Mail programs offer the button for as long as they keep the message."""
    visitor.welcomed()
    visitor.post(link(sent(visitor.world)[0][1], "d"), **{"List-Unsubscribe": "One-Click"})
    assert stopped(visitor.world, "ana@example.com") == "unsubscribed"
    page = visitor.own_page()
    assert "Nothing goes to your address at the moment" in visitor.get(page).text
    box = re.search(r'id="agree_new_email" name="agree_new_email" value="(\w+)"', visitor.get(page).text)
    assert box is not None
    visitor.world.clock.fast_forward(timedelta(minutes=11))
    visitor.act(page, "address", new_channel="email", email="ana@example.com", agree_new_email=box[1])
    visitor.post(link(sent(visitor.world)[-1][1], "c"))
    assert stopped(visitor.world, "ana@example.com") is None


def test_the_no_outlives_everything_but_the_message_it_came_in(visitor: Visitor) -> None:
    visitor.sign_up()
    decline = link(sent(visitor.world)[0][1], "d")
    confirm(visitor.world)
    visitor.world.alter("Ana", epoch=7)
    visitor.world.clock.fast_forward(timedelta(days=900))
    assert visitor.post(decline, **{"List-Unsubscribe": "One-Click"}).status_code == 200
