"""Webhooks: what is believed is stored once and reacted to, what is not leaves nothing, and bodies are bounded."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import HTTPException, Request
from wire import PUBLIC, Wire, call, calling, sign, signed, told
from world import World, person

from engine.errors import StoreError
from engine.store import schema
from engine.transport.source import Hook
from engine.web.app import create_app
from engine.web.body import SMALL, Room, read_body
from engine.web.guard import HEADERS
from engine.web.turn import Turn
from engine.web.webhooks import LIMITS, Webhooks

EVENTS = "/webhooks/wire/events"
INBOUND = "/webhooks/wire/inbound"
BOUNCED = {"key": "e1", "type": "bounced", "address": "canary@example.com", "suppress": "hard_bounce"}
STOP = {"key": "t1", "sender": "+12025550123", "text": "STOP"}


class Site:
    """A web app over a world with one couple, and the provider that calls it."""

    def __init__(self, folder: Path) -> None:
        self.wire = Wire()
        self.world = World(transport=self.wire, database=folder / "r.sqlite3")
        self.world.join("rivera", person("Ana"), person("Ben"))
        self.app = create_app(self.world.engine, docs=True)

    def post(self, path: str, body: bytes, **given: Any) -> httpx.Response:
        """A call that is signed, unless other headers are given."""
        return call(self.app, "POST", path, content=body, headers=given.pop("headers", signed(path, body)), **given)

    def stored(self) -> tuple[int, int, int]:
        """How many calls, events and suppressions are kept."""
        tables = (schema.intake, schema.events, schema.suppressions)
        calls, events, suppressions = (len(self.world.rows(table)) for table in tables)
        return calls, events, suppressions


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_a_good_call_is_answered_kept_and_reacted_to(site: Site) -> None:
    answer = site.post(EVENTS, told(BOUNCED))
    assert (answer.status_code, answer.content) == (204, b"")
    assert site.stored() == (1, 1, 1)
    assert [row.status for row in site.world.rows(schema.intake)] == ["done"]


def test_the_same_call_again_changes_nothing_and_is_answered_alike(site: Site) -> None:
    for _ in range(3):
        assert site.post(EVENTS, told(BOUNCED)).status_code == 204
    assert site.stored() == (1, 1, 1)


def test_an_inbound_text_is_reacted_to_before_it_is_answered_and_told_so_once(site: Site) -> None:
    first = site.post(INBOUND, told(STOP))
    assert first.status_code == 200
    assert first.headers["content-type"].startswith("text/plain")
    assert first.content
    assert site.stored() == (1, 1, 1)
    again = site.post(INBOUND, told(STOP))
    assert (again.status_code, again.content) == (200, b"")


REFUSED = [
    ("forged", EVENTS, {"headers": {"X-Signature": "0" * 64}}, 403),
    ("not signed", EVENTS, {"headers": {}}, 403),
    ("signed for another path", EVENTS, {"headers": signed(INBOUND, told(BOUNCED))}, 403),
    ("signed for another query", EVENTS + "?a=1", {"headers": signed(EVENTS, told(BOUNCED))}, 403),
    ("an unknown transport", "/webhooks/nobody/events", {}, 404),
    ("a transport that hears nothing", "/webhooks/outbox/events", {}, 404),
    ("an unknown kind", "/webhooks/wire/dance", {}, 404),
    ("a kind that the transport has not", "/webhooks/wire/bounce", {}, 404),
    ("no kind", "/webhooks/wire", {}, 404),
    ("a slash too many", EVENTS + "/", {}, 404),
    ("a kind in capitals", "/webhooks/wire/EVENTS", {}, 404),
]


@pytest.mark.parametrize(("path", "given", "status"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_not_believed_is_refused_and_nothing_of_it_is_kept(
    site: Site, path: str, given: dict[str, Any], status: int
) -> None:
    answer = site.post(path, told(BOUNCED), **given)
    assert answer.status_code == status
    assert "location" not in answer.headers
    assert site.stored() == (0, 0, 0)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
def test_only_a_post_is_a_call(site: Site, method: str) -> None:
    assert call(site.app, method, EVENTS, headers=signed(EVENTS, b"")).status_code == 405
    assert site.stored() == (0, 0, 0)


def test_the_address_that_was_signed_is_the_public_one_exactly_as_it_came_and_never_the_host_headers(
    site: Site,
) -> None:
    path = EVENTS + "?b=%7E&a=1%202&a=&x"
    body = told(BOUNCED)
    headers = {"X-Signature": sign(PUBLIC + path, body), "Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    assert site.post(path, body, headers=headers).status_code == 204
    (hook,) = site.wire.seen
    assert hook.url == PUBLIC + path
    assert hook.body == body
    assert "x-signature" in hook.headers
    assert hook.received_at == site.world.clock.now()


@pytest.mark.parametrize("kind", LIMITS)
def test_a_body_that_is_too_long_is_refused_whatever_length_it_claims(site: Site, kind: str) -> None:
    path = f"/webhooks/wire/{kind}"
    body = b" " * (LIMITS[kind] + 1)
    answer = site.post(path, body)
    assert answer.status_code == 413
    assert answer.headers["connection"] == "close"
    lying = {**signed(path, body), "Content-Length": "10"}
    assert site.post(path, body, headers=lying).status_code == 413
    assert site.wire.seen == []


def test_a_body_without_a_length_is_read_to_its_end_and_no_further_than_the_bound(site: Site) -> None:
    whole = told(BOUNCED)
    sent = 0

    async def pieces(count: int, size: int) -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(count):
            sent += size
            yield b" " * size

    async def chunked() -> AsyncIterator[bytes]:
        for place in range(0, len(whole), 7):
            yield whole[place : place + 7]

    assert site.post(EVENTS, whole).status_code == 204
    good = calling(site.app, lambda client: client.post(EVENTS, content=chunked(), headers=signed(EVENTS, whole)))
    assert good.status_code == 204
    long = calling(site.app, lambda client: client.post(INBOUND, content=pieces(1_000, 100_000)))
    assert long.status_code == 413
    assert sent <= LIMITS["inbound"] + 200_000


def test_a_body_that_never_ends_is_given_up(site: Site) -> None:
    async def receive() -> dict[str, Any]:
        await asyncio.sleep(3600)
        raise AssertionError

    with pytest.raises(HTTPException) as refused:
        asyncio.run(read_body(Request({"type": "http"}, receive), 10, seconds=0.01))  # type: ignore[arg-type]
    assert refused.value.status_code == 408


def test_large_bodies_wait_for_room_and_small_ones_do_not() -> None:
    async def read(places: asyncio.Semaphore, size: int) -> bytes:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b" " * size, "more_body": False}

        with Room(places) as room:
            return await read_body(Request({"type": "http"}, receive), 2 * SMALL, 0.01, room)  # type: ignore[arg-type]

    async def run() -> None:
        places = asyncio.Semaphore(1)
        with Room(places) as other:
            await other.take()
            assert len(await read(places, SMALL)) == SMALL
            with pytest.raises(HTTPException) as refused:
                await read(places, SMALL + 1)
            assert refused.value.status_code == 408
        assert len(await read(places, SMALL + 1)) == SMALL + 1
        assert not places.locked()

    asyncio.run(run())


def test_a_call_that_meets_a_busy_database_is_stored_as_soon_as_it_is_free(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive, tries = site.world.engine.hearing.receive, 0

    def busy_at_first(name: str, hook: Hook) -> int:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise StoreError("The database is busy.")
        return receive(name, hook)

    monkeypatch.setattr(site.world.engine.hearing, "receive", busy_at_first)
    assert site.post(INBOUND, told(STOP)).status_code == 200
    assert site.stored() == (1, 1, 1)


def test_a_text_that_waits_for_its_answer_comes_before_a_flood_of_events(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[int] = []
    monkeypatch.setattr(site.world.engine.hearing, "react", order.append)

    async def run() -> None:
        hooks = Webhooks(site.world.engine, Turn())
        await asyncio.gather(*(hooks.react_later(event) for event in (1, 2, 3)), hooks.react(9))

    asyncio.run(run())
    assert order == [1, 9, 2, 3]


def test_a_caller_who_leaves_in_the_middle_leaves_nothing(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    messages = [{"type": "http.request", "body": b"[", "more_body": True}, {"type": "http.disconnect"}]
    scope = {"type": "http", "method": "POST", "path": EVENTS, "query_string": b"", "headers": []}

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: Any) -> None:
        raise AssertionError(message)

    asyncio.run(site.app(scope, receive, send))  # type: ignore[arg-type]
    assert site.stored() == (0, 0, 0)
    assert not caplog.records


def test_a_bug_of_ours_is_answered_500_so_that_the_provider_tries_again(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    answer = site.post(INBOUND, b"bug")
    assert answer.status_code == 500
    assert "canary" not in answer.text
    assert [row.status for row in site.world.rows(schema.intake)] == ["failed"]
    assert "ZeroDivisionError" in caplog.text
    assert "canary" not in caplog.text


def test_a_bug_after_the_answer_leaves_the_call_as_it_came(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    assert site.post(EVENTS, b"bug").status_code == 204
    assert [(row.status, row.error) for row in site.world.rows(schema.intake)] == [("failed", "ZeroDivisionError")]
    assert "ZeroDivisionError" in caplog.text
    assert "canary" not in caplog.text


def test_calls_at_once_are_all_heard(site: Site) -> None:
    bodies = [told({**BOUNCED, "key": f"e{number}", "address": f"n{number}@example.com"}) for number in range(30)]

    async def all_at_once(client: httpx.AsyncClient) -> list[httpx.Response]:
        return await asyncio.gather(
            *(client.post(EVENTS, content=body, headers=signed(EVENTS, body)) for body in bodies)
        )

    assert {answer.status_code for answer in calling(site.app, all_at_once)} == {204}
    assert site.stored() == (30, 30, 30)


def test_health_says_how_many_calls_were_refused_and_no_name_that_a_stranger_made_up(site: Site) -> None:
    assert call(site.app, "GET", "/health").json() == {
        "status": "ok",
        "database": "ok",
        "load": "ok",
        "refused": {},
        "shed": {},
    }
    site.post(EVENTS, b"[]", headers={})
    site.post("/webhooks/canary%40example.com/events", b"[]")
    answer = call(site.app, "GET", "/health")
    assert answer.status_code == 200
    assert sum(answer.json()["refused"].values()) == 2
    assert "canary" not in answer.text


@pytest.mark.store("sqlite")
def test_health_fails_when_the_database_does(site: Site, tmp_path: Path) -> None:
    site.world.database.close()
    (tmp_path / "r.sqlite3").write_bytes(b"junk" * 2_000)
    answer = call(site.app, "GET", "/health")
    assert answer.status_code == 503
    assert answer.json()["database"] == "failing"


CALLS = [
    ("GET", "/"), ("GET", "/nothing"), ("POST", EVENTS), ("POST", INBOUND), ("GET", EVENTS), ("GET", "/u/x"),
    ("POST", "/u/x"), ("GET", "/health"), ("HEAD", "/health"), ("POST", "/webhooks/nobody/events"),
    ("GET", "/openapi.json"), ("OPTIONS", "/health"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_every_answer_has_the_headers_that_keep_it_to_itself(site: Site, method: str, path: str) -> None:
    for body in (b"[]", b"bug"):
        headers = signed(path, body)
        answer = call(site.app, method, path, content=body if method == "POST" else b"", headers=headers)
        for name, value in HEADERS.items():
            assert name in answer.headers, (method, path, name)
            assert name == "Content-Security-Policy" or answer.headers[name] == value
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_every_answer_of_a_site_on_https_keeps_browsers_to_it(site: Site, method: str, path: str) -> None:
    for body in (b"[]", b"bug"):
        answer = call(site.app, method, path, content=body if method == "POST" else b"", headers=signed(path, body))
        assert answer.headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.parametrize(
    ("public_url", "kept"),
    [
        ("https://rekindle.example", True),
        ("https://rekindle.example:8443/prompts", True),
        ("https://localhost.example", True),
        ("http://rekindle.example", False),
        ("http://127.0.0.1:8080", False),
        ("https://localhost", False),
        ("https://LOCALHOST:8443", False),
        ("https://rekindle.localhost", False),
        ("https://127.0.0.1", False),
        ("https://[::1]:8443", False),
    ],
)
def test_browsers_are_kept_to_https_only_where_that_is_the_public_address_and_not_this_machines(
    tmp_path: Path, public_url: str, kept: bool
) -> None:
    world = World(database=tmp_path / "r.sqlite3", settings={"public_url": public_url})
    app = create_app(world.engine)
    for path in ("/", "/health", "/join"):
        assert ("strict-transport-security" in call(app, "GET", path).headers) is kept


def test_the_description_is_served_only_when_asked_for(site: Site) -> None:
    quiet = create_app(site.world.another_engine())
    for path in ("/openapi.json", "/docs", "/redoc"):
        assert call(quiet, "GET", path).status_code == 404
    assert call(site.app, "GET", "/openapi.json").status_code == 200


def test_no_log_tells_an_address_a_text_or_a_token(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    site.post(EVENTS, told(BOUNCED))
    site.post(EVENTS, told({**BOUNCED, "type": "canary@example.com"}))
    site.post(INBOUND, told({**STOP, "text": "canary said so"}))
    site.post(INBOUND, b"bug")
    site.post(EVENTS, told(BOUNCED), headers={"X-Signature": "canary"})
    call(site.app, "GET", "/u/canary")
    call(site.app, "POST", "/u/canary")
    ours = "\n".join(
        record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))
    )
    assert "canary" not in ours
    assert "12025550123" not in ours
