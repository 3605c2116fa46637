"""More than there is room for: it is said at once and politely, calls of providers come first, and none is lost."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from joining import CAMPAIGN
from starlette.requests import Request
from starlette.types import Receive, Scope, Send
from wire import Wire, call, calling, signed, told
from world import World, person

from engine.app import Engine
from engine.errors import StoreError
from engine.store import schema
from engine.web import crowd, turn, webhooks
from engine.web.app import create_app
from engine.web.connection import Connection
from engine.web.crowd import Bounds, Kind, kind_of
from engine.web.guard import HEADERS
from engine.web.screen import Screen
from engine.web.server import serving, serving_app
from engine.web.turn import Turn

EVENTS, INBOUND, JOIN = "/webhooks/wire/events", "/webhooks/wire/inbound", f"/join/{CAMPAIGN}"
ONE, TWO = told({"key": "e1", "type": "opened"}), told({"key": "e2", "type": "opened"})
STOP = told({"key": "t1", "sender": "+12025550123", "text": "STOP"})
BROWSER = {"Accept": "text/html", "Accept-Language": "es"}
ANA, EVE = {"X-Real-IP": "198.51.100.7"}, {"X-Real-IP": "198.51.100.8"}
Talk = Callable[[httpx.AsyncClient], Coroutine[Any, Any, Any]]


def bounded(monkeypatch: pytest.MonkeyPatch, **bounds: Bounds) -> None:
    """Let so much in: `call` or `page`, each with its bounds."""
    for name, given in bounds.items():
        monkeypatch.setitem(crowd.BOUNDS, Kind(name), given)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A couple, and a provider that calls; whoever calls is told apart by a header."""
    made = World(transport=Wire(), database=tmp_path / "r.sqlite3", settings={"web": {"client_header": "X-Real-IP"}})
    made.join("rivera", person("Ana", phone="+12025550123"), person("Ben"))
    return made


def post(client: httpx.AsyncClient, body: bytes, path: str = EVENTS) -> Awaitable[httpx.Response]:
    """A call that is signed."""
    return client.post(path, content=body, headers=signed(path, body))


def statuses(world: World) -> list[str]:
    """What became of the calls that are kept."""
    return [row.status for row in world.rows(schema.intake)]


@contextmanager
def slow(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, ended: threading.Event | None = None
) -> Iterator[tuple[threading.Event, threading.Event]]:
    """Something that begins (the first event) and is not done, which `ended` tells, until it may go on (the second)."""
    whole, began, may_go_on = getattr(owner, name), threading.Event(), threading.Event()

    def held(*given: Any, **named: Any) -> Any:
        began.set()
        assert may_go_on.wait(20)
        try:
            return whole(*given, **named)
        finally:
            if ended is not None:
                ended.set()

    monkeypatch.setattr(owner, name, held)
    try:
        yield began, may_go_on
    finally:
        may_go_on.set()


def test_pages_are_refused_when_there_is_no_room_while_calls_of_providers_are_heard(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounded(monkeypatch, page=Bounds(places=2, of_one=2))
    begun, may_go_on, show = asyncio.Semaphore(0), asyncio.Event(), Screen.show

    async def held(screen: Screen, *given: Any, **named: Any) -> Any:
        begun.release()
        await may_go_on.wait()
        return await show(screen, *given, **named)

    monkeypatch.setattr(Screen, "show", held)

    async def talk(client: httpx.AsyncClient) -> list[httpx.Response]:
        two = [asyncio.create_task(client.get(JOIN)) for _ in range(2)]
        for _ in two:
            await begun.acquire()
        third = await client.get(JOIN, headers=BROWSER)
        heard, health = await post(client, ONE), await client.get("/health")
        may_go_on.set()
        return [third, heard, health, *(await asyncio.gather(*two))]

    third, heard, health, *two = calling(create_app(world.engine), talk)
    assert (third.status_code, third.headers["retry-after"], third.headers["connection"]) == (503, "5", "close")
    assert 'lang="es"' in third.text
    assert "no-store" in third.headers["cache-control"]
    assert heard.status_code == 204
    assert statuses(world) == ["done"]
    assert (health.json()["load"], health.json()["shed"]) == ("shedding", {"page busy": 1})
    assert [each.status_code for each in two] == [200, 200]


def test_a_call_that_there_is_no_room_for_is_told_to_come_again_and_every_call_that_was_told_2xx_is_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounded(monkeypatch, call=Bounds(places=1, of_one=1))

    async def talk(client: httpx.AsyncClient) -> list[httpx.Response]:
        first = asyncio.create_task(post(client, ONE))
        await asyncio.to_thread(began.wait, 20)
        second = await post(client, TWO)
        may_go_on.set()
        return [await first, second, await post(client, TWO)]

    with slow(monkeypatch, world.engine.hearing, "receive") as (began, may_go_on):
        first, second, again = calling(create_app(world.engine), talk)
    assert (second.status_code, second.headers["retry-after"]) == (503, "5")
    assert [first.status_code, again.status_code] == [204, 204]
    assert statuses(world) == ["done", "done"]
    assert world.engine.measures.shed.counted == {("call", "busy"): 1}


def test_an_order_to_stop_by_one_click_has_a_place_while_pages_have_none(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounded(monkeypatch, page=Bounds(places=0, of_one=0))
    app = create_app(world.engine)
    assert call(app, "POST", "/u/x", content=b"List-Unsubscribe=One-Click").status_code != 503
    assert call(app, "GET", "/u/x").status_code == 503


def test_a_person_who_presses_the_button_that_stops_is_told_so_with_a_page_when_there_is_no_room(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounded(monkeypatch, call=Bounds(places=0, of_one=0))
    app = create_app(world.engine)
    told_so = call(app, "POST", "/u/x", content=b"confirm=yes", headers=BROWSER)
    assert (told_so.status_code, told_so.headers["retry-after"]) == (503, "5")
    assert "Hay demasiado que hacer" in told_so.text
    assert call(app, "POST", "/u/x", content=b"List-Unsubscribe=One-Click").json().keys() == {"detail"}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "Wait for a minute"), (60, "Wait for a minute"), (61, "Wait for 2 minutes"), (86_400, "Wait for 60 minutes")],
)
def test_who_asks_too_much_is_told_for_how_many_minutes_to_wait(world: World, seconds: int, words: str) -> None:
    screen, asked = Screen(world.engine), Request({"type": "http", "headers": [(b"accept", b"text/html")]})
    for answer in (screen.sorry(asked, 429, seconds), screen.problem(429, "en", {"Retry-After": str(seconds)})):
        told_so = asyncio.run(answer)
        assert told_so.headers["retry-after"] == str(seconds)
        assert words in bytes(told_so.body).decode()


def test_one_caller_has_a_part_of_the_places_and_others_the_rest(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    bounded(monkeypatch, call=Bounds(places=5, of_one=1))

    async def talk(client: httpx.AsyncClient) -> list[httpx.Response]:
        client.headers.update(EVE)
        hers = asyncio.create_task(post(client, ONE))
        await asyncio.to_thread(began.wait, 20)
        refused = await post(client, TWO)
        client.headers.update(ANA)
        other = asyncio.create_task(post(client, TWO))
        may_go_on.set()
        return [await hers, refused, await other]

    with slow(monkeypatch, world.engine.hearing, "receive") as (began, may_go_on):
        hers, refused, other = calling(create_app(world.engine), talk)
    assert [hers.status_code, refused.status_code, other.status_code] == [204, 429, 204]
    assert int(refused.headers["retry-after"]) > 0
    assert world.engine.measures.shed.counted == {("call", "caller"): 1}


def test_who_asks_for_pages_without_end_is_told_to_wait_and_nobody_else_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounded(monkeypatch, page=Bounds(places=5, of_one=5, burst=3, per_second=0.001))
    app = create_app(world.engine)
    seen = [call(app, "GET", "/u/x", headers=EVE) for _ in range(5)]
    assert [each.status_code for each in seen] == [404, 404, 404, 429, 429]
    assert all(int(each.headers["retry-after"]) > 60 for each in seen[3:])
    assert call(app, "GET", "/u/x", headers=ANA).status_code == 404
    assert {call(app, "GET", "/u/x").status_code for _ in range(5)} == {404}  # it may be the proxy itself
    assert {call(app, "GET", "/healthz", headers=EVE).status_code for _ in range(5)} == {200}
    assert call(app, "POST", EVENTS, content=ONE, headers={**signed(EVENTS, ONE), **EVE}).status_code == 204


def test_callers_are_forgotten_beyond_a_bound_so_that_nobody_fills_the_memory(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowd, "MOST_CALLERS", 2)
    bounded(monkeypatch, page=Bounds(places=5, of_one=5, burst=1, per_second=0.001))
    app = create_app(world.engine)

    def ask(number: int) -> int:
        return call(app, "GET", "/u/x", headers={"X-Real-IP": f"198.51.100.{number}"}).status_code

    assert [ask(1), ask(1), ask(2), ask(3), ask(3), ask(1)] == [404, 429, 404, 404, 429, 404]


KINDS = [
    ("POST", EVENTS, Kind.CALL), ("GET", EVENTS, Kind.CALL), ("POST", "/u/x", Kind.CALL), ("GET", "/u/x", Kind.PAGE),
    ("POST", "/p/x/leave", Kind.PAGE), ("GET", "/operator", Kind.PAGE), ("GET", "/nothing", Kind.PAGE),
    ("GET", "/healthz", Kind.WATCH), ("GET", "/readyz", Kind.WATCH), ("HEAD", "/health", Kind.WATCH),
    ("GET", "/metrics", Kind.WATCH), ("GET", "/health/x", Kind.PAGE),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "kind"), KINDS)
def test_what_comes_first_is_known_by_method_and_path(method: str, path: str, kind: Kind) -> None:
    assert kind_of({"type": "http", "method": method, "path": path}) is kind


def test_a_database_that_is_gone_is_said_with_when_to_come_again_and_the_call_is_kept_when_it_is_back(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(turn, "TRYING_SECONDS", 0)
    whole, away = world.engine.hearing.receive, True

    def receive(name: str, hook: Any) -> int:
        if away:
            raise StoreError("The database cannot be written: it is full.", fix="Free some disk space.")
        return whole(name, hook)

    monkeypatch.setattr(world.engine.hearing, "receive", receive)
    app = create_app(world.engine)
    refused = [call(app, "POST", EVENTS, content=ONE, headers=signed(EVENTS, ONE)) for _ in range(4)]
    assert {(each.status_code, each.headers["retry-after"]) for each in refused} == {(503, "30")}
    assert "full" not in refused[0].text
    assert caplog.text.count("Free some disk space.") == 3  # of four: the first, the second and the fourth
    assert call(app, "GET", "/health").json()["shed"] == {"call database": 4}
    away = False
    assert call(app, "POST", EVENTS, content=ONE, headers=signed(EVENTS, ONE)).status_code == 204
    assert statuses(world) == ["done"]


def test_a_page_that_needs_a_database_that_is_gone_says_so_in_its_readers_language(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_given: object, **_named: object) -> None:
        raise StoreError("The database server cannot be reached: at 10.1.2.3.")

    monkeypatch.setattr(Screen, "show", away)
    app = create_app(world.engine)
    seen = call(app, "GET", "/u/x", headers=BROWSER)
    assert (seen.status_code, seen.headers["retry-after"]) == (503, "30")
    assert "Hay demasiado que hacer" in seen.text
    assert "10.1.2.3" not in seen.text
    assert call(app, "GET", "/u/x").json() == {"detail": "It is too much at the moment; try again later."}


def test_a_text_whose_reaction_is_late_is_answered_without_words_and_reacted_to_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "ANSWER_SECONDS", 0.01)
    ended = threading.Event()

    async def talk(client: httpx.AsyncClient) -> httpx.Response:
        answer = await post(client, STOP, INBOUND)
        assert statuses(world) == ["pending"]
        may_go_on.set()
        assert await asyncio.to_thread(ended.wait, 20)
        return answer

    with slow(monkeypatch, world.engine.hearing, "react", ended) as (_, may_go_on):
        answer = calling(create_app(world.engine), talk)
    assert (answer.status_code, answer.content) == (200, b"")
    assert statuses(world) == ["done"]
    assert len(world.rows(schema.suppressions)) == 1


def test_a_text_that_cannot_be_reacted_to_for_the_database_is_kept_and_the_next_tick_reacts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(_number: int) -> None:
        raise StoreError("The database is busy.")

    with monkeypatch.context() as patched:
        patched.setattr(world.engine.hearing, "react", busy)
        body = signed(INBOUND, STOP)
        answer = call(create_app(world.engine), "POST", INBOUND, content=STOP, headers=body)
    assert (answer.status_code, answer.content) == (200, b"")
    assert statuses(world) == ["pending"]
    world.fast_forward(minutes=2)
    assert statuses(world) == ["done"]
    assert len(world.rows(schema.suppressions)) == 1


@pytest.mark.store("sqlite")
def test_a_database_file_that_is_taken_away_is_no_loss_to_whoever_calls_again_once_it_is_back(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn, "TRYING_SECONDS", 0)
    app, file = create_app(world.engine), tmp_path / "r.sqlite3"
    file.rename(tmp_path / "aside")
    assert call(app, "POST", EVENTS, content=ONE, headers=signed(EVENTS, ONE)).status_code == 503
    assert call(app, "GET", JOIN).status_code in (200, 503)
    assert call(app, "GET", "/readyz").status_code == 503
    assert call(app, "GET", "/healthz").status_code == 200
    (tmp_path / "aside").rename(file)
    assert call(app, "POST", EVENTS, content=ONE, headers=signed(EVENTS, ONE)).status_code == 204
    assert call(app, "GET", "/readyz").status_code == 200
    assert statuses(world) == ["done"]


def in_turn(talk: Callable[[Turn, list[str]], Awaitable[None]]) -> list[str]:
    """What was done, in its order."""
    order: list[str] = []
    asyncio.run(talk(Turn(), order))  # type: ignore[arg-type]
    return order


def test_what_nobody_may_tell_us_again_is_written_before_all_who_wait() -> None:
    async def talk(line: Turn, order: list[str]) -> None:
        tasks = [asyncio.create_task(line.take(lambda name=name: order.append(name))) for name in ("a", "b", "c")]  # type: ignore[misc]
        await asyncio.sleep(0)
        first = [
            asyncio.create_task(line.take(lambda name=name: order.append(name), first=True)) for name in ("x", "y")
        ]  # type: ignore[misc]
        await asyncio.gather(*tasks, *first)

    assert in_turn(talk) == ["a", "x", "y", "b", "c"]


def test_who_waits_and_leaves_takes_nobodys_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    async def talk(line: Turn, order: list[str]) -> None:
        tasks = [asyncio.create_task(line.take(lambda name=name: order.append(name))) for name in ("a", "b", "c")]  # type: ignore[misc]
        await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await line.take(lambda: order.append("d"))

    assert in_turn(talk) == ["a", "c", "d"]


def test_who_waits_too_long_for_a_turn_is_told_so_and_the_turn_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn, "WAITING_SECONDS", 0.01)
    may_go_on = threading.Event()

    async def talk(line: Turn, order: list[str]) -> None:
        holding = asyncio.create_task(line.take(lambda: may_go_on.wait(20)))
        await asyncio.sleep(0)
        with pytest.raises(StoreError, match="Too much"):
            await line.take(lambda: order.append("late"))
        may_go_on.set()
        await holding
        await line.take(lambda: order.append("next"))

    assert in_turn(talk) == ["next"]


async def silent(_scope: Scope, _receive: Receive, send: Send) -> None:
    """An app whose answer is long."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(1_000):
        await send({"type": "http.response.body", "body": bytes(100_000), "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def test_a_client_that_does_not_end_its_head_is_let_go_and_makes_room(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Connection, "head_seconds", 0.05)

    async def run(engine: Engine) -> list[bytes]:
        async with serving(engine, "127.0.0.1", 0) as port:
            got = []
            for said in (
                b"",
                b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: ",
                b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET",
            ):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(said)
                got.append(await asyncio.wait_for(_all_of(reader), 20))
                writer.close()
            return got

    nothing, half, whole = asyncio.run(run(world.engine))
    assert (nothing, half) == (b"", b"")
    assert whole.startswith(b"HTTP/1.1 200")


async def _all_of(reader: asyncio.StreamReader) -> bytes:
    got = b""
    try:
        while piece := await reader.read(1_000):
            got += piece
    except ConnectionResetError:
        pass
    return got


def test_a_client_that_does_not_take_its_answer_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Connection, "take_seconds", 0.05)
    done = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await silent(scope, receive, send)
        done.set()

    async def run() -> int:
        async with serving_app(app, "127.0.0.1", 0, "web") as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            await asyncio.wait_for(done.wait(), 20)  # it would wait for ever for who takes nothing
            got = await asyncio.wait_for(_all_of(reader), 20)
            writer.close()
            return len(got)

    assert asyncio.run(run()) < 100_000_000


def test_a_connection_too_many_is_told_to_come_again_and_one_that_has_a_place_is_served(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Connection, "most", 2)
    asked = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

    async def run() -> list[bytes]:
        async with serving(world.engine, "127.0.0.1", 0) as port:
            streams = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
            got = []
            for reader, writer in reversed(streams):
                writer.write(asked)
                got.append(await asyncio.wait_for(_all_of(reader), 20))
                writer.close()
            return got

    full, *served = asyncio.run(run())
    assert full.startswith(b"HTTP/1.1 503")
    assert b"Retry-After: 5" in full
    assert all(f"{name}: {value}".encode() in full for name, value in HEADERS.items())
    head, _, body = full.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    assert b"try again" in body
    assert all(each.startswith(b"HTTP/1.1 200") for each in served)
