"""The HTTP client: what was said, or what went wrong by how far the request had come."""

import asyncio
import gc
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from engine.testing.http import HttpProvider, Request, Response, staged
from engine.testing.situations import Situation
from engine.transport.base import ConnectionFailed, Misconfigured, OutcomeUnknown
from engine.transport.http import MOST_ANSWER, Answer, HttpClient, retry_after

T = TypeVar("T")

LARGE = b"x" * 3_000_000
"""More than aiohttp likes to take in one piece."""


def fine(request: Request) -> Response:
    return Response(200, f"{request.method} {request.path}".encode(), {"X-One": "1"})


def client_of(provider: HttpProvider, connections: int = 4) -> HttpClient:
    return HttpClient(
        provider.base_url,
        headers={"Authorization": "Bearer key"},
        connections=connections,
        connect_seconds=0.3,
        answer_seconds=0.3,
        ca_file=provider.ca_file,
    )


def in_front_of(
    ask: Callable[[HttpClient, HttpProvider], Awaitable[T]],
    answer: Callable[[Request], Response | Awaitable[Response]] = fine,
    situation: Situation = Situation.ACCEPTED,
    *,
    tls: bool = False,
    connections: int = 4,
) -> T:
    """What `ask` comes to, in front of a provider that answers so."""

    async def run() -> T:
        async with staged(situation, {situation: answer}, tls=tls) as provider:
            client = client_of(provider, connections)
            try:
                return await ask(client, provider)
            finally:
                await client.aclose()

    return asyncio.run(run())


async def post(client: HttpClient, provider: HttpProvider) -> object:
    return await client.post("/send", b"{}", "application/json")


async def get(client: HttpClient, provider: HttpProvider) -> object:
    return await client.get("/list", {"a": "1"})


@pytest.mark.parametrize("tls", [False, True])
def test_what_is_posted_arrives_as_it_is_and_is_answered(tls: bool) -> None:
    async def ask(client: HttpClient, provider: HttpProvider) -> tuple[object, Request]:
        return await client.post("/send?x=1", LARGE, "application/json"), provider.requests[0]

    answer, request = in_front_of(ask, tls=tls)
    assert isinstance(answer, Answer)
    assert (answer.status, answer.body, answer.headers["x-one"]) == (200, b"POST /send?x=1", "1")
    assert request.body == LARGE
    assert request.headers["content-type"] == "application/json"
    assert request.headers["authorization"] == "Bearer key"


def test_a_query_is_written_so_that_plus_signs_and_comparisons_survive() -> None:
    async def ask(client: HttpClient, provider: HttpProvider) -> str:
        await client.get("/m.json", {"To": "+12025550123", "DateSent>": "2026-03-03"})
        return provider.requests[0].path

    assert in_front_of(ask) == "/m.json?To=%2B12025550123&DateSent%3E=2026-03-03"


@pytest.mark.parametrize(
    ("situation", "posted", "got"),
    [
        (Situation.REFUSED, ConnectionFailed, ConnectionFailed),
        (Situation.SILENT_BEFORE, ConnectionFailed, ConnectionFailed),
        (Situation.WRONG_NAME, Misconfigured, Misconfigured),
        (Situation.SILENT_AFTER, OutcomeUnknown, OutcomeUnknown),
        (Situation.RESET, OutcomeUnknown, OutcomeUnknown),
        (Situation.SLOW, OutcomeUnknown, OutcomeUnknown),
    ],
    ids=str,
)
def test_what_goes_wrong_is_told_by_how_far_the_request_had_come(
    situation: Situation, posted: type[object], got: type[object]
) -> None:
    assert isinstance(in_front_of(post, situation=situation), posted)
    assert isinstance(in_front_of(get, situation=situation), got)


def test_a_request_that_went_wrong_is_not_made_again() -> None:
    async def ask(client: HttpClient, provider: HttpProvider) -> int:
        await client.post("/send", b"{}", "application/json")
        return len(provider.requests)

    assert in_front_of(ask, situation=Situation.RESET) == 1
    assert in_front_of(ask, situation=Situation.SILENT_AFTER) == 1


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    async def ask(client: HttpClient, provider: HttpProvider) -> tuple[list[object], int]:
        return [await post(client, provider), await get(client, provider)], len(provider.requests)

    answers, requests = in_front_of(ask, lambda request: Response(307, b"", {"Location": "/elsewhere"}))
    assert [each.status for each in answers if isinstance(each, Answer)] == [307, 307]
    assert requests == 2


def test_an_answer_that_is_too_long_is_a_doubt() -> None:
    assert in_front_of(post, lambda request: Response(200, b"x" * (MOST_ANSWER + 1))) == OutcomeUnknown(
        "The answer was too long."
    )
    assert isinstance(in_front_of(post, lambda request: Response(200, b"x" * MOST_ANSWER)), Answer)


def test_connections_are_kept_alive_and_never_more_than_asked_for() -> None:
    async def ask(client: HttpClient, provider: HttpProvider) -> tuple[int, int, int]:
        answers = await asyncio.gather(*(post(client, provider) for _ in range(40)))
        assert all(isinstance(answer, Answer) for answer in answers)
        return len(provider.requests), provider.connections, provider.most_at_once

    async def lately(request: Request) -> Response:
        await asyncio.sleep(0)
        return Response(200)

    requests, connections, at_once = in_front_of(ask, lately, connections=3)
    assert requests == 40
    assert connections <= 3
    assert at_once <= 3


def test_waiting_for_a_free_connection_is_no_failure() -> None:
    async def ask(client: HttpClient, provider: HttpProvider) -> list[object]:
        return await asyncio.gather(*(post(client, provider) for _ in range(4)))

    async def lately(request: Request) -> Response:
        await asyncio.sleep(0.2)  # the last waits for longer than connecting and answering may take
        return Response(200)

    assert all(isinstance(answer, Answer) for answer in in_front_of(ask, lately, connections=1))


def test_a_connection_that_the_provider_has_closed_meanwhile_is_replaced() -> None:
    async def ask(client: HttpClient, provider: HttpProvider) -> tuple[object, int]:
        await post(client, provider)
        await provider.hang_up()
        await asyncio.sleep(0.01)  # for the news to arrive
        return await post(client, provider), provider.connections

    answer, connections = in_front_of(ask)
    assert isinstance(answer, Answer)
    assert connections == 2


def test_a_connection_that_closes_under_the_request_is_known_to_have_carried_nothing() -> None:
    """The close is noticed after the connection was chosen and before the first byte: safe to try again."""

    async def ask(client: HttpClient, provider: HttpProvider) -> tuple[object, int]:
        await post(client, provider)
        sending = asyncio.create_task(client.post("/send", b"{}", "application/json"))
        pool = client._pool
        assert pool is not None
        for protocols in pool.session.connector._conns.values():  # type: ignore[union-attr]
            for protocol, _ in protocols:
                asyncio.get_running_loop().call_soon(protocol.transport.close)  # type: ignore[union-attr]
        return await sending, len(provider.requests)

    outcome, requests = in_front_of(ask)
    assert isinstance(outcome, ConnectionFailed)
    assert requests == 1


@pytest.mark.parametrize("base_url", ["ftp://127.0.0.1", "127.0.0.1", "https://", "http://[", "http://127.0.0.1:x"])
def test_an_address_that_is_none_is_named(base_url: str) -> None:
    assert isinstance(asyncio.run(HttpClient(base_url).post("/", b"{}", "text/plain")), Misconfigured)


@pytest.mark.parametrize("content", [None, "", "not a certificate"])
def test_a_file_of_authorities_that_cannot_be_read_is_named(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    outcome = asyncio.run(HttpClient("https://127.0.0.1:1", ca_file=file).get("/"))
    assert isinstance(outcome, Misconfigured)
    assert "ca_file" in outcome.detail


def test_a_header_that_would_break_the_request_is_refused_before_it_is_written() -> None:
    async def run() -> tuple[object, int]:
        async with staged(Situation.ACCEPTED, {Situation.ACCEPTED: fine}) as provider:
            client = HttpClient(provider.base_url, headers={"Authorization": "Bearer a\r\nX: y"})
            outcome = await client.post("/", b"{}", "text/plain")
            await client.aclose()
            return outcome, len(provider.requests)

    outcome, requests = asyncio.run(run())
    assert isinstance(outcome, Misconfigured)
    assert requests == 0


def test_every_event_loop_gets_connections_of_its_own_and_none_is_left_open() -> None:
    clients: list[HttpClient] = []

    async def once() -> object:
        async with staged(Situation.ACCEPTED, {Situation.ACCEPTED: fine}) as provider:
            if not clients:
                clients.append(client_of(provider))
            clients[0]._base = provider.base_url
            return await clients[0].post("/", b"{}", "text/plain")

    assert isinstance(asyncio.run(once()), Answer)
    assert isinstance(asyncio.run(once()), Answer)
    asyncio.run(clients[0].aclose())
    gc.collect()  # what was left open would warn, and warnings are errors


def test_closing_twice_or_unused_is_harmless_and_a_closed_client_opens_again() -> None:
    async def ask(client: HttpClient, provider: HttpProvider) -> object:
        await client.aclose()
        await post(client, provider)
        await client.aclose()
        await client.aclose()
        return await post(client, provider)

    assert isinstance(in_front_of(ask), Answer)


def test_cancelling_is_not_swallowed() -> None:
    arrived = asyncio.Event()

    async def never(request: Request) -> Response:
        arrived.set()
        await asyncio.Event().wait()
        return Response(200)

    async def ask(client: HttpClient, provider: HttpProvider) -> bool:
        sending = asyncio.create_task(client.post("/", b"{}", "text/plain"))
        await arrived.wait()
        sending.cancel()
        await asyncio.wait([sending])
        return sending.cancelled()

    assert in_front_of(ask, never)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": "7"}, timedelta(seconds=7)),
        ({"retry-after": " 0 "}, timedelta(0)),
        (
            {"retry-after": "Tue, 03 Mar 2026 09:02:00 GMT", "date": "Tue, 03 Mar 2026 09:00:30 GMT"},
            timedelta(seconds=90),
        ),
        ({"retry-after": "Tue, 03 Mar 2026 09:00:00 GMT", "date": "Tue, 03 Mar 2026 09:00:30 GMT"}, timedelta(0)),
        ({"retry-after": "Tuesday, 03-Mar-26 09:02:00 GMT", "date": "Tue Mar  3 09:01:00 2026"}, timedelta(minutes=1)),
        ({"retry-after": "Tue, 03 Mar 2026 09:02:00 GMT"}, None),
        ({"retry-after": "soon", "date": "Tue, 03 Mar 2026 09:00:30 GMT"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "1.5"}, None),
        ({"retry-after": "9" * 30}, None),
        ({"retry-after": "٧"}, None),
        ({"date": "Tue, 03 Mar 2026 09:00:30 GMT"}, None),
        ({}, None),
    ],
)
def test_the_wait_is_the_providers_own(headers: dict[str, str], wait: timedelta | None) -> None:
    assert retry_after(Answer(429, headers, b"")) == wait


def test_an_answer_shows_nobody_what_it_says() -> None:
    assert repr(Answer(400, {"x": "ana@example.com"}, b"ana@example.com")) == "Answer(status=400)"


def test_nothing_heavy_is_imported_before_the_first_request() -> None:
    code = (
        "import sys; from engine.transport.http import HttpClient; HttpClient('https://x.example', headers={'a': 'b'});"
        "print('aiohttp' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
