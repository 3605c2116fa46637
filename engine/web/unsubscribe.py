"""`/u/TOKEN`: ends messages to one partner on one channel. GET only shows a page; POST, and nothing else, does it.

A mailbox provider posts `List-Unsubscribe=One-Click` and wants a plain 200: no redirect, cookie or login (RFC 8058,
section 3.2). A person presses the page's button. Both mean it, so a good link that is posted to is honoured whatever
the body says.
"""

import asyncio
import re
from functools import partial
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse
from starlette.convertors import PathConvertor, register_url_convertor

from engine.app import Engine
from engine.hear.unsubscribe import unsubscribe
from engine.parts import sender_of, template_folders
from engine.render.links import Claims, Links, Purpose
from engine.render.pages import Pages
from engine.store import couples
from engine.web.body import read_body
from engine.web.guard import policy
from engine.web.turn import Turn

LONGEST = 16_000
ONE_CLICK, BY_HAND = "one-click", "page"
"""Where a suppression says that it came from."""

TOKEN = {"type": "string", "pattern": "^[A-Za-z0-9_-]{32}$"}
PARAMETERS: list[dict[str, Any]] = [{"name": "token", "in": "path", "required": True, "schema": TOKEN}]
HTML: dict[str, Any] = {"text/html": {"schema": {"type": "string"}}}
SHOWN: dict[int | str, dict[str, Any]] = {
    200: {"description": "The page.", "content": HTML},
    404: {"description": "The link is not ours, or is broken: a page that says what to do.", "content": HTML},
}
DONE: dict[int | str, dict[str, Any]] = {
    200: {"description": "Done.", "content": {**HTML, "text/plain": {"schema": {"type": "string"}}}},
    404: SHOWN[404],
    408: {"description": "The body did not end in time."},
    413: {"description": "The body is too long."},
}
FORM = {"application/x-www-form-urlencoded": {"schema": {"type": "object"}}}


class _Anything(PathConvertor):
    """What a path may hold; `path` itself leaves line ends out, and whoever brings one is to see the page as well."""

    regex = r"[\s\S]*"


register_url_convertor("anything", _Anything())
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


class Unsubscribe:
    """The routes. `turn` is whose turn it is to write: see webhooks."""

    def __init__(self, engine: Engine, turn: Turn) -> None:
        self._engine = engine
        self._turn = turn
        self._links = Links(engine.settings.public_url, engine.vault.subkey("links"))
        self._pages = Pages(template_folders(engine.settings), sender_of(engine.settings))
        self.router = APIRouter()
        about: dict[str, Any] = {"parameters": PARAMETERS}
        form: dict[str, Any] = {**about, "requestBody": {"content": FORM}}
        add = self.router.add_api_route
        add(
            "/u/{token:anything}",
            self.show,
            methods=["GET"],
            response_class=Response,
            responses=SHOWN,
            openapi_extra=about,
        )
        add("/u/{token:anything}", self.show, methods=["HEAD"], include_in_schema=False)
        add(
            "/u/{token:anything}",
            self.act,
            methods=["POST"],
            response_class=Response,
            responses=DONE,
            openapi_extra=form,
        )

    async def show(self, request: Request) -> Response:
        """The page that asks; it changes nothing, since scanners of mail follow every link."""
        claims = self._links.read(Purpose.UNSUBSCRIBE, request.path_params["token"])
        return await self._page("unsubscribe.html", claims) if claims else await self._unknown()

    async def act(self, request: Request) -> Response:
        """Send nothing more to this partner on this channel; again, and it is as it was."""
        body = await read_body(request, LONGEST)
        claims = self._links.read(Purpose.UNSUBSCRIBE, request.path_params["token"])
        if claims is None:
            return await self._unknown()
        pressed = parse_qs(body.decode("latin-1")).get("confirm") == ["yes"]
        now, how = self._engine.clock.now(), BY_HAND if pressed else ONE_CLICK
        await self._turn.insist(partial(unsubscribe, self._engine.database, claims, now, how))
        return await self._page("unsubscribed.html", claims) if pressed else PlainTextResponse("Unsubscribed.\n")

    async def _page(self, name: str, claims: Claims) -> Response:
        return await asyncio.to_thread(self._write, name, claims, 200)

    async def _unknown(self) -> Response:
        return await asyncio.to_thread(self._write, "unknown.html", None, 404)

    def _write(self, name: str, claims: Claims | None, status: int) -> Response:
        """In the partner's language, if they are still with us."""
        locale = None
        if claims is not None:
            with self._engine.database.read() as connection:
                locale = couples.locale(connection, claims.partner_id)
        html = self._pages.write(name, locale or "en", channel=claims.channel if claims else None)
        style = _STYLE.search(html)
        return HTMLResponse(html, status, {"Content-Security-Policy": policy(style[1] if style else "")})
