"""What somebody who means ill may try with the pages of one person: nothing of it works, and nothing of it tells."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from joining import CAMPAIGN, Visitor, contents, found, joined, link, sent, sign_up, signup
from wire import call
from world import World, person

from engine.render.links import Links, Purpose
from engine.store import couples_schema, schema

JOIN = f"/join/{CAMPAIGN}"
PAGES = {"c": Purpose.CONFIRM, "i": Purpose.INVITE, "d": Purpose.DECLINE, "p": Purpose.PREFERENCES}
ACTS = ["", "/pause", "/messages", "/leave", "/over", "/erase", "/export", "/message", "/address", "/decline"]
ANA = 3
"""Her id."""
CROSS = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Origin": "https://evil.example"},
    {"Origin": "https://rekindle.example.evil.example"},
    {"Origin": "https://rekindle.example:8443"},
]


@pytest.fixture
def visitor(tmp_path: Path) -> Visitor:
    """Ana, alone and confirmed, with an invitation; Eve and Mel, a couple; Zed, who has not confirmed."""
    world = World(database=tmp_path / "r.sqlite3")
    world.join("e-m", person("Eve"), person("Mel"))
    joined(world)
    sign_up(world, signup("Zed"))
    world.tick()
    return Visitor(world)


def row_of(visitor: Visitor, purpose: Purpose) -> int:
    """The row that Ana's, or for a confirmation Zed's, pass is about."""
    tables = {
        Purpose.CONFIRM: max(row.id for row in visitor.world.rows(couples_schema.confirmations)),
        Purpose.INVITE: visitor.world.rows(couples_schema.invitations)[0].id,
        Purpose.DECLINE: max(row.id for row in visitor.world.rows() if row.step == "confirm"),
    }
    return int(tables.get(purpose, ANA))


def sign(visitor: Visitor, purpose: Purpose, number: int | None = None, epoch: int = 0, **ago: int) -> str:
    on = visitor.world.clock.now().date() - timedelta(**ago)
    return visitor.world.engine.links.sign(purpose, row_of(visitor, purpose) if number is None else number, epoch, on)


def acts(page: str) -> list[str]:
    """What may be posted to below a page; nothing is posted to one's own page itself."""
    return ACTS[1:] if page == "p" else ACTS


def every_path(visitor: Visitor) -> Iterator[str]:
    """Every page with a good pass."""
    yield from ("/join", JOIN)
    for page, purpose in PAGES.items():
        yield f"/{page}/{sign(visitor, purpose)}"
    yield f"/p/{sign(visitor, Purpose.PREFERENCES)}/data"


def test_looking_changes_nothing(visitor: Visitor) -> None:
    """Scanners of mail follow every link, and add what they like to it."""
    before = contents(visitor.world)
    for path in every_path(visitor):
        for query in ("", "?lang=es", "?confirm=yes&List-Unsubscribe=One-Click&pause=week&sure=yes&done=pause"):
            for method in ("GET", "HEAD"):
                assert call(visitor.app, method, path + query).status_code == 200, path
        for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
            assert call(visitor.app, method, path).status_code == 405, path
    assert contents(visitor.world) == before


@pytest.mark.parametrize("page", PAGES)
def test_a_token_for_another_purpose_opens_and_does_nothing(visitor: Visitor, page: str) -> None:
    before = contents(visitor.world)
    for purpose in Purpose:
        if purpose not in (PAGES[page], Purpose.UNSUBSCRIBE):
            token = sign(visitor, purpose, row_of(visitor, PAGES[page]))
            assert visitor.get(f"/{page}/{token}").status_code == 404
            for act in acts(page):
                assert visitor.post(f"/{page}/{token}{act}", sure="yes", why="loss").status_code == 404, act
    assert contents(visitor.world) == before


@pytest.mark.parametrize("page", PAGES)
def test_a_token_is_good_only_whole_and_by_our_key(visitor: Visitor, page: str) -> None:
    purpose, before = PAGES[page], contents(visitor.world)
    good = sign(visitor, purpose)
    forged = Links("https://rekindle.example", bytes(32)).sign(
        purpose, row_of(visitor, purpose), 0, visitor.world.clock.now().date()
    )
    flipped = [good[:place] + ("A" if good[place] != "A" else "B") + good[place + 1 :] for place in range(len(good))]
    for bad in (forged, good[:-1], good + "A", good + "=", good.lower(), "A" * 36, "%00", "..%2f", "é", *flipped):
        assert visitor.get(f"/{page}/{bad}").status_code == 404
        assert visitor.post(f"/{page}/{bad}{acts(page)[0]}", confirm="yes", sure="yes").status_code == 404
    assert contents(visitor.world) == before


@pytest.mark.parametrize("page", ["c", "i", "p"])
def test_a_token_of_an_earlier_epoch_is_as_unknown_as_one_never_signed(visitor: Visitor, page: str) -> None:
    token = sign(visitor, PAGES[page])
    unknown = visitor.get(f"/{page}/{'A' * 36}").text
    for name in ("Ana", "Zed"):
        visitor.world.alter(name, epoch=1)
    before = contents(visitor.world)
    assert visitor.get(f"/{page}/{token}").text == unknown
    for act in acts(page):
        assert visitor.post(f"/{page}/{token}{act}", sure="yes", why="loss").status_code == 404
    assert contents(visitor.world) == before


@pytest.mark.parametrize(("page", "days"), [("c", 8), ("i", 31), ("p", 91)])
def test_a_token_that_is_too_old_does_nothing(visitor: Visitor, page: str, days: int) -> None:
    before = contents(visitor.world)
    token = sign(visitor, PAGES[page], days=days)
    assert visitor.get(f"/{page}/{token}").status_code == 410
    for act in ("", "/pause", "/over", "/erase", "/decline"):
        assert visitor.post(f"/{page}/{token}{act}", sure="yes", why="loss").status_code in (404, 405, 410)
    assert contents(visitor.world) == before


@pytest.mark.parametrize("page", ["c", "i", "p"])
def test_a_token_that_was_signed_by_a_clock_ahead_of_ours_is_good(visitor: Visitor, page: str) -> None:
    assert visitor.get(f"/{page}/{sign(visitor, PAGES[page], days=-1)}").status_code == 200


def test_ones_own_token_does_nothing_to_another_couple(visitor: Visitor) -> None:
    """Every form of one's own page, sent with everything that may name somebody else."""
    world = visitor.world
    others = [row for row in world.rows(schema.partners) if row.given_name in ("Eve", "Mel")]
    page, names = visitor.own_page(), {"partner_id": 1, "id": 1, "couple_id": 1, "token": visitor.own_page("Eve")[3:]}
    for section in ("pause", "messages", "about", "wishes", "sharing", "phone", "address", "invite", "message"):
        visitor.act(page, section, pause="week", channel="email", send_at="12:00", **names)
    visitor.post(f"{page}/over", why="loss", **names)
    visitor.post(f"{page}/erase", sure="yes", **names)
    assert [row for row in world.rows(schema.partners) if row.given_name in ("Eve", "Mel")] == others
    assert not any(row.life_event_at for row in world.rows(schema.couples))


@pytest.mark.parametrize("headers", CROSS, ids=[str(each) for each in CROSS])
def test_another_sites_page_cannot_send_a_form(visitor: Visitor, headers: dict[str, str]) -> None:
    fields = visitor.person(JOIN, "New")
    own, before = visitor.own_page(), contents(visitor.world)
    paths = [JOIN, own + "/pause", own + "/leave", own + "/over", own + "/erase", own + "/export"]
    paths += [f"/c/{sign(visitor, Purpose.CONFIRM)}", f"/i/{sign(visitor, Purpose.INVITE)}"]
    paths += [f"/i/{sign(visitor, Purpose.INVITE)}/decline"]
    for path in paths:
        answer = visitor.post(path, **fields, sure="yes", why="loss", headers=headers)
        assert answer.status_code == 403, path
        assert "came from another page" in answer.text
    assert contents(visitor.world) == before


@pytest.mark.parametrize("content_type", ["text/plain", "multipart/form-data; boundary=x", "application/json", ""])
def test_what_is_no_form_is_refused(visitor: Visitor, content_type: str) -> None:
    before = contents(visitor.world)
    for path in (JOIN, visitor.own_page() + "/over"):
        answer = call(visitor.app, "POST", path, content=b"why=loss", headers={"Content-Type": content_type})
        assert answer.status_code == 415
    assert contents(visitor.world) == before


def test_a_megabyte_is_refused_everywhere(visitor: Visitor) -> None:
    before = contents(visitor.world)
    own = visitor.own_page()
    paths = [JOIN, f"/i/{sign(visitor, Purpose.INVITE)}", f"/c/{sign(visitor, Purpose.CONFIRM)}"]
    paths += [f"/d/{sign(visitor, Purpose.DECLINE)}", own + "/about", own + "/leave", own + "/erase", own + "/export"]
    for path in paths:
        assert visitor.post(path, given_name="x" * 1_000_000).status_code == 413, path
        if "/d/" not in path:  # a one-click is heard however it is written
            assert visitor.post(path, **{f"f{number}": "" for number in range(100)}).status_code == 413, path
    assert contents(visitor.world) == before


def test_a_form_that_is_sent_again_does_nothing_again(visitor: Visitor) -> None:
    world = visitor.world
    fields = visitor.person(JOIN, "New")
    for _ in range(3):
        assert visitor.post(JOIN, **fields).status_code == 200
    assert len([row for row in world.rows(schema.partners) if row.given_name == "New"]) == 1
    path = link(sent(world)[-1][1], "c")
    visitor.post(path)
    before = contents(world)
    for _ in range(3):
        assert visitor.post(path).status_code == 200
    assert contents(world) == before


ODD = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 'a' * 9 }}{% raw %}",
    "\u202egnp.exe",
    "Zoë 👩‍❤️‍👩 李",
    "&lt;b&gt;",
    "' onfocus='alert(1)",
]


@pytest.mark.parametrize("name", ODD)
def test_a_name_is_only_ever_text_on_every_page_that_shows_it(visitor: Visitor, name: str) -> None:
    """However it got in: the form itself refuses most of these."""
    for each in ("Eve", "Ana", "Zed"):
        visitor.world.alter(each, given_name=name)
    pages = [visitor.get(path).text for path in every_path(visitor)]
    pages.append(visitor.post(f"/c/{sign(visitor, Purpose.CONFIRM)}").text)
    shown = 0
    for page in pages:
        text = re.sub(r"<(style|script)>.*?</\1>", "", page, flags=re.DOTALL)
        for raw in ("<script>alert", "<img", "onerror=alert(1)>", "' onfocus='alert"):
            assert raw not in text
        assert "aaaaaaaaa" not in text
        shown += (
            name.replace("&", "&amp;")
            .replace("<", "&lt;")
            .replace(">", "&gt;")
            .replace('"', "&#34;")
            .replace("'", "&#39;")
            in page
        )
    assert shown >= 3


@pytest.mark.parametrize("name", ODD)
def test_a_name_that_is_none_is_refused_and_shown_again_as_text(visitor: Visitor, name: str) -> None:
    fields = visitor.person(JOIN, "New", given_name=name)
    answer = visitor.post(JOIN, **fields)
    text = re.sub(r"<(style|script)>.*?</\1>", "", answer.text, flags=re.DOTALL)
    for raw in ("<script>", "<img", "' onfocus", "\u202e"):
        assert raw not in text
    assert answer.status_code == (200 if name in ("Zoë 👩‍❤️‍👩 李", "&lt;b&gt;", "' onfocus='alert(1)") else 422)


@pytest.mark.parametrize("field", ["email", "phone", "timezone", "send_at", "locale", "channel", "causes", "shown"])
def test_no_field_can_be_filled_with_anything_that_does_harm(visitor: Visitor, field: str) -> None:
    for value in ("<script>alert(1)</script>", "\x00", "\ud800", "x" * 10_000, "%", "../../etc"):
        fields = {**visitor.person(JOIN, "New"), field: value.encode("utf-8", "surrogatepass")}
        answer = visitor.post(JOIN, **fields)
        assert answer.status_code in (200, 422), value[:40]
        assert "<script>alert" not in answer.text, value[:40]


def test_nothing_else_is_loaded_run_or_kept_and_pages_stay_out_of_caches_and_indexes(visitor: Visitor) -> None:
    for path in every_path(visitor):
        answer = visitor.get(path)
        assert "set-cookie" not in answer.headers
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "noindex" in answer.headers["x-robots-tag"]
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        outside = set(re.findall(r'(?:src|href|action)="(https?:[^"]*)"', answer.text))
        assert {url for url in outside if not url.startswith("https://rekindle.example")} == {"https://weather.com/"}


def test_an_unconfirmed_address_gets_nothing_by_any_other_way(visitor: Visitor) -> None:
    """Somebody with a sign-up's own page, which no message leads to, cannot have it written to."""
    page = visitor.own_page("Zed")
    visitor.act(page, "pause", pause="week")
    visitor.world.live("2026-03-05T00:00")
    zed = [words for to, words in sent(visitor.world) if to == "zed@example.com"]
    assert len(zed) == 1
    assert "Is this address yours?" in zed[0]


def test_consent_that_is_not_to_messages_lets_nobody_in(visitor: Visitor) -> None:
    fields = {**visitor.person(JOIN, "New"), "agree_email": "", "agree_answers": "yes", "agree_touch": "yes"}
    assert visitor.post(JOIN, **fields).status_code == 422


def test_no_log_tells_a_name_an_address_or_a_token(visitor: Visitor, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    visitor.sign_up(name="Canary")
    token = link(sent(visitor.world)[-1][1], "c")
    visitor.post(token)
    visitor.post("/c/canary")
    visitor.post(JOIN, email="canary@example.com")
    ours = "\n".join(
        record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))
    )
    assert "anary" not in ours
    assert token not in ours


def test_a_stamp_says_nothing_of_what_it_stands_for(visitor: Visitor) -> None:
    stamps = {
        found(visitor.get(visitor.own_page(name)).text, r'name="stamp" value="(\w+)"') for name in ("Eve", "Mel", "Ana")
    }
    assert len(stamps) == 3
    assert all(len(stamp) == 32 for stamp in stamps)
