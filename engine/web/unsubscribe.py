"""`/u/TOKEN`: ends messages to one partner on one channel. GET only shows a page; POST, and nothing else, does it.

A mailbox provider posts `List-Unsubscribe=One-Click` and wants a plain 200: no redirect, cookie or login (RFC 8058,
section 3.2). A person presses the page's button. Both mean it, so a good link that is posted to is honoured whatever
the body says.
"""

import asyncio
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from engine.app import Engine
from engine.hear.unsubscribe import unsubscribe
from engine.render.links import Claims, Links, Purpose
from engine.store import couples
from engine.web.routes import HTML, act_at, in_path, show_at
from engine.web.screen import Screen
from engine.web.turn import Turn

ONE_CLICK, BY_HAND = "one-click", "page"
"""Where a suppression says that it came from."""

PATH = "/u/{token:anything}"
TOKEN = in_path("token", "^[A-Za-z0-9_-]{32}$")
DONE: dict[int | str, dict[str, Any]] = {
    200: {"description": "Done.", "content": {**HTML, "text/plain": {"schema": {"type": "string"}}}}
}


class Unsubscribe:
    """The routes. `turn` is whose turn it is to write: see webhooks."""

    def __init__(self, engine: Engine, turn: Turn, screen: Screen) -> None:
        self._engine = engine
        self._turn = turn
        self._screen = screen
        self._links = Links(engine.settings.public_url, engine.vault.subkey("links"))
        self.router = APIRouter()
        show_at(self.router, PATH, self.show, parameters=[TOKEN])
        act_at(self.router, PATH, self.act, parameters=[TOKEN], answers=(404,), responses=DONE, from_anywhere=True)

    async def show(self, request: Request) -> Response:
        """The page that asks; it changes nothing, since scanners of mail follow every link."""
        claims = self._claims(request)
        return await self._page("unsubscribe", claims) if claims else await self._unknown(request)

    async def act(self, request: Request) -> Response:
        """Send nothing more to this partner on this channel; again, and it is as it was."""
        form = await self._screen.form(request, from_anywhere=True)
        claims = self._claims(request)
        if claims is None:
            return await self._unknown(request)
        pressed = form.all("confirm") == ("yes",)
        now, how = self._engine.clock.now(), BY_HAND if pressed else ONE_CLICK
        await self._turn.insist(partial(unsubscribe, self._engine.database, claims, now, how), first=True)
        return await self._page("unsubscribed", claims) if pressed else PlainTextResponse("Unsubscribed.\n")

    def _claims(self, request: Request) -> Claims | None:
        return self._links.read(Purpose.UNSUBSCRIBE, request.path_params["token"])

    async def _page(self, name: str, claims: Claims) -> Response:
        """In the partner's language, if they are still with us."""
        locale = await asyncio.to_thread(self._locale, claims)
        return await self._screen.show(name, locale, channel=claims.channel)

    async def _unknown(self, request: Request) -> Response:
        return await self._screen.show("unknown", self._screen.locale(request), status=404)

    def _locale(self, claims: Claims) -> str | None:
        with self._engine.database.read() as connection:
            return couples.locale(connection, claims.partner_id)
