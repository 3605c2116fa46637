"""The transport on the page "Adding a transport" is whole: it keeps the contract, in both directions."""

import asyncio
import hmac
import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.model.event import Event, EventType, Unreadable
from engine.testing import sources
from engine.testing.http import HttpProvider, Request, Response, staged
from engine.testing.situations import Situation, Stage, face
from engine.testing.sources import SourceRig
from engine.testing.transports import CHECKS, Check, sms
from engine.transport.base import SmsMessage
from engine.transport.setup import Setup
from engine.transport.source import EventSource, Hook

PAGE = Path(__file__).parents[1] / "docs" / "adding-a-transport.md"
CODE = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[0]
SPACE: dict[str, Any] = {}
SECONDS = 1_767_225_600
exec(compile(CODE, str(PAGE), "exec"), SPACE)  # noqa: S102 - our own page


def accepted(request: Request) -> Response:
    return Response(201, json.dumps({"id": f"p-{json.loads(request.body)['ours']}"}).encode())


def second_refused(request: Request) -> Response:
    return Response(404) if json.loads(request.body)["ours"].startswith("2.") else accepted(request)


ANSWERS = {
    Situation.ACCEPTED: accepted,
    Situation.PARTIAL: second_refused,
    Situation.BAD_MESSAGE: lambda request: Response(400),
    Situation.BAD_KEY: lambda request: Response(401),
    Situation.THROTTLED_FOR: lambda request: Response(429, headers={"Retry-After": "7"}),
    Situation.THROTTLED: lambda request: Response(429),
    Situation.SERVER_ERROR: lambda request: Response(500),
    Situation.OPTED_OUT: lambda request: Response(410),
    Situation.BAD_RECIPIENT: lambda request: Response(404),
    Situation.UNREADABLE: lambda request: Response(201, b"<html>"),
}


# Only those that wait have short time-outs, so that a busy machine does not make others.
WAITING = {Situation.SILENT_BEFORE, Situation.SILENT_AFTER, Situation.SLOW}


def pigeon(provider: HttpProvider) -> Any:
    options = {"base_url": provider.base_url, "key": "secret", "seconds": 0.3 if provider.situation in WAITING else 30}
    if provider.ca_file:
        options["ca_file"] = str(provider.ca_file)
    return SPACE["PigeonTransport"].configure(Setup("pigeon", options))


class Taken:
    """What the provider took, for the suite to count."""

    def __init__(self, provider: HttpProvider) -> None:
        self._provider = provider

    def accepted(self) -> Sequence[int]:
        answer = self._provider.answer
        took = [request for request in self._provider.requests if answer(request).status == 201]  # type: ignore[union-attr]
        return [int(json.loads(request.body)["ours"].partition(".")[0]) for request in took]


class PigeonRig:
    def message(self, delivery_id: int) -> SmsMessage:
        return sms(delivery_id)

    def stage(self, situation: Situation) -> AbstractAsyncContextManager[Stage]:
        return self._stage(situation)

    @asynccontextmanager
    async def _stage(self, situation: Situation) -> AsyncIterator[Stage]:
        async with staged(situation, ANSWERS) as provider:
            yield Stage(pigeon(provider), Taken(provider))


@pytest.mark.parametrize("situation", list(Situation), ids=str)
def test_the_example_says_what_became_of_each_message(situation: Situation) -> None:
    assert asyncio.run(face(PigeonRig(), situation))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_example_keeps_the_contract(check: Check) -> None:
    async def checked() -> None:
        async with staged(Situation.ACCEPTED, ANSWERS) as provider:
            await check(lambda: pigeon(provider))

    asyncio.run(checked())


class PigeonCalls(SourceRig):
    """Signs a body as Pigeon does: HMAC-SHA256 in hex."""

    proofs = ("x-pigeon-signature",)

    def source(self) -> EventSource:
        return self._expecting("secret")

    def another(self) -> EventSource:
        return self._expecting("another")

    def told(self, reference: str, number: int) -> Hook:
        return self.signed(
            json.dumps({"id": f"p{number}", "state": "delivered", "at": SECONDS, "ours": reference}).encode()
        )

    def unknown(self) -> Hook:
        return self.signed(json.dumps({"id": "p9", "state": "teleported", "at": SECONDS, "ours": "9.x"}).encode())

    def signed(self, body: bytes) -> Hook:
        headers = {"x-pigeon-signature": hmac.digest(b"secret", body, "sha256").hex()}
        came = datetime(2026, 1, 1, tzinfo=UTC)
        return Hook("events", "https://x.example/webhooks/pigeon/events", headers, body, came)

    def _expecting(self, key: str) -> EventSource:
        setup = Setup("pigeon", {"base_url": "http://localhost", "key": key})
        source: EventSource = SPACE["PigeonTransport"].configure(setup)
        return source


@pytest.mark.parametrize("check", sources.CHECKS, ids=lambda check: check.__name__)
def test_the_example_believes_only_what_is_signed_and_reads_whatever_comes(check: sources.Check) -> None:
    check(PigeonCalls())


def test_the_example_says_what_became_of_which_message() -> None:
    calls = PigeonCalls()
    (event,) = calls.source().parse(calls.told("7.abc", 1))
    assert isinstance(event, Event)
    assert (event.type, event.reference, event.receipt) == (EventType.DELIVERED, "7.abc", "p1")
    assert isinstance(calls.source().parse(calls.signed(b"[]"))[0], Unreadable)


def test_the_example_is_under_sixty_lines_of_code() -> None:
    lines = [line for line in CODE.splitlines() if line.strip() and not line.lstrip().startswith(("#", '"""'))]
    assert len(lines) < 60
