"""An operator at the dashboard, for tests: signs in, looks, presses buttons; a town with something on each page."""

import asyncio
import re
from typing import Any

import httpx
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from world import VAULT, Answering, World, at, person, talk

from engine.deliver.halting import What
from engine.hear.danger import alarm
from engine.model.campaign import Channel
from engine.model.danger import Danger
from engine.model.event import Inbound
from engine.model.hold import HoldKind
from engine.model.reply import ReadAs
from engine.operating import Operator
from engine.store import replies, suppressions
from engine.transport.base import Message, Outcome, OutcomeUnknown
from engine.web.app import create_app

PASSWORD = "correct horse battery staple"
HASH = Argon2id(salt=b"0" * 16, length=32, iterations=1, lanes=1, memory_cost=8).derive_phc_encoded(PASSWORD.encode())
SETTINGS = {"operator": {"password_hash": HASH}}
WORDS = "He said he would kill me tonight."
STRAY = "What is this about?"


class AtDesk:
    """Somebody in a browser of their own, at the web app of a world."""

    def __init__(self, world: World, peer: str = "127.0.0.1", **headers: str) -> None:
        self.world = world
        self.app = create_app(world.engine)
        self.cookies: dict[str, str] = {}
        self.headers = headers
        self._peer = peer

    def ask(self, method: str, path: str, **given: Any) -> httpx.Response:
        """One call under /operator; cookies are kept as a browser would."""

        async def run() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, client=(self._peer, 50_000))
            async with httpx.AsyncClient(transport=transport, base_url="http://inside.example:9999") as client:
                headers = {"Accept": "text/html", **self.headers, **given.pop("headers", {})}
                if self.cookies:
                    headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
                return await client.request(method, f"/operator{path}", headers=headers, **given)

        answer = asyncio.run(run())
        for line in answer.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value.strip('"')
        return answer

    def get(self, path: str = "") -> httpx.Response:
        return self.ask("GET", path)

    def post(self, path: str, token: str | None = None, **fields: str) -> httpx.Response:
        """A form, with the token of the page that it is on unless told otherwise."""
        return self.ask("POST", path, data={"token": self.token() if token is None else token, **fields})

    def token(self) -> str:
        found = re.search(r'name="token" value="([0-9a-f]+)"', self.get("/audit").text)
        return found[1] if found else ""

    def sign_in(self, password: str = PASSWORD) -> httpx.Response:
        return self.ask("POST", "/sign-in", data={"password": password})


def signed_in(world: World) -> AtDesk:
    desk = AtDesk(world)
    assert desk.sign_in().status_code == 303
    return desk


def answer(message: Message, attempt: int) -> Outcome | None:
    """What becomes of Ben's message cannot be known."""
    return OutcomeUnknown("no answer") if "ben" in getattr(message, "to", "") else None


def town(**given: Any) -> World:
    """A world that is `filled`."""
    return filled(World(talk(), **{"transport": Answering(answer), "settings": SETTINGS, **given}))


def filled(world: World) -> World:
    """Two couples: one message sent, one in doubt, one skipped; an alert, a stray reply, a suppression, a pause."""
    world.join("moss", person("Ana"), person("Ben"))
    world.join("fern", person("Cleo"))
    world.enroll()
    world.alter("Cleo", paused_until=at("2026-04-01T00:00"))
    world.go_to("2026-03-03T09:00")
    world.engine.watch.look()
    now = world.clock.now()
    danger = Inbound("text", "k1", now, Channel.SMS, "+12025550143", WORDS)
    stray = Inbound("text", "k2", now, Channel.SMS, "+12025550144", STRAY)
    with world.database.begin() as connection:
        reply = replies.keep(connection, VAULT, danger, 1, None, ReadAs.DANGER)
        alarm(connection, world.engine.means, 1, Danger.HARM_BY_PARTNER, "text", now, reply_id=reply)
        replies.keep(connection, VAULT, stray, 3, None, ReadAs.KEPT)
        suppressions.add(connection, VAULT, Channel.EMAIL, "gone@example.com", "hard_bounce", "answering", now)
    Operator(world.engine, "a test").pause(What(HoldKind.TRANSPORT, "answering"))
    return world
