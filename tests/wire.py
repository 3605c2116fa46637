"""A transport that hears: a small provider of our own, whose calls are signed JSON; and a client for the web app."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any

import httpx
from fastapi import FastAPI

from engine.model.campaign import Channel
from engine.model.event import Event, EventType, Heard, Inbound
from engine.model.suppression import SuppressReason
from engine.transport.memory import MemoryTransport
from engine.transport.source import Answer, Forged, Hook, NotOurs

SECRET = b"wire"
PUBLIC = "https://rekindle.example"


class Wire(MemoryTransport):
    """Keeps what it is given, and hears `events` and `inbound`; a body of `bug` is one of ours."""

    def __init__(self, name: str = "wire") -> None:
        super().__init__(name=name)
        self.seen: list[Hook] = []

    def verify(self, hook: Hook) -> None:
        self.seen.append(hook)
        if hook.kind not in ("events", "inbound"):
            raise NotOurs
        if not hmac.compare_digest(hook.headers.get("x-signature", ""), sign(hook.url, hook.body)):
            raise Forged

    def parse(self, hook: Hook) -> Sequence[Heard]:
        if hook.body == b"bug":
            raise ZeroDivisionError("told by canary@example.com")
        return [self._one(each) for each in json.loads(hook.body)]

    def _one(self, told: dict[str, Any]) -> Heard:
        moment = datetime.fromisoformat(told["at"])
        if "text" in told:
            return Inbound(self.name, told["key"], moment, Channel.SMS, told["sender"], told["text"])
        suppress = SuppressReason(told["suppress"]) if "suppress" in told else None
        return Event(
            source=self.name,
            key=told["key"],
            type=EventType(told["type"]),
            at=moment,
            channel=Channel(told.get("channel", "email")),
            reference=told.get("reference"),
            address=told.get("address"),
            suppress=suppress,
        )

    def answer(self, text: str | None) -> Answer:
        return Answer("text/plain", (text or "").encode())


def sign(url: str, body: bytes) -> str:
    """What a call to `url` is signed with."""
    return hmac.digest(SECRET, url.encode() + body, hashlib.sha256).hex()


def told(*entries: dict[str, Any]) -> bytes:
    """A body that says these things."""
    return json.dumps([{"at": "2026-03-03T10:00:00+00:00", **entry} for entry in entries]).encode()


def signed(path: str, body: bytes) -> dict[str, str]:
    """The headers of a good call to a path of the public site."""
    return {"X-Signature": sign(PUBLIC + path, body)}


def calling(app: FastAPI, talk: Callable[[httpx.AsyncClient], Coroutine[Any, Any, Any]]) -> Any:
    """What `talk(client)` comes to, with a client of the app that follows no redirect."""

    async def run() -> Any:
        transport = httpx.ASGITransport(app, raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url="http://inside.example:9999") as client:
            return await talk(client)

    return asyncio.run(run())


def call(app: FastAPI, method: str, path: str, **given: Any) -> httpx.Response:
    """One call."""
    answer: httpx.Response = calling(app, lambda client: client.request(method, path, **given))
    return answer
