"""`/d/TOKEN`: never write to this address again. GET shows a page with one button; POST, and nothing else, does it.

It is in every message to an address that is nobody's with us, or not yet. A mailbox provider posts as RFC 8058 says,
`List-Unsubscribe=One-Click`, and wants a plain 200; whatever is posted to a good link is meant.
"""

import asyncio
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from engine.app import Engine
from engine.hear.passes import opened
from engine.render.links import Purpose
from engine.store import notices
from engine.store.notices import AskedOf
from engine.web.confirm import PASS
from engine.web.desk import Desk
from engine.web.routes import HTML, act_at, show_at
from engine.web.screen import Screen
from engine.web.turn import Turn

PATH = "/d/{token:anything}"
SOURCE = "decline link"
"""Where a suppression says that it came from."""
DONE: dict[int | str, dict[str, Any]] = {
    200: {"description": "Done.", "content": {**HTML, "text/plain": {"schema": {"type": "string"}}}}
}


class Decline:
    """The routes."""

    def __init__(self, engine: Engine, turn: Turn, screen: Screen, desk: Desk) -> None:
        self._engine = engine
        self._turn = turn
        self._screen = screen
        self._desk = desk
        self.router = APIRouter()
        show_at(self.router, PATH, self.show, parameters=[PASS])
        act_at(self.router, PATH, self.act, parameters=[PASS], answers=(404,), responses=DONE, from_anywhere=True)

    async def show(self, request: Request) -> Response:
        """The page that asks."""
        found = await self._found(request)
        if found is None:
            return await self._unknown(request)
        return await self._screen.show("decline", found[1].locale, channel=found[1].to.channel)

    async def act(self, request: Request) -> Response:
        """Never write there again; again, and it is as it was."""
        form = await self._screen.form(request, from_anywhere=True)
        found = await self._found(request)
        if found is None:
            return await self._unknown(request)
        now = self._engine.clock.now()
        await self._turn.insist(partial(self._engine.reception.decline_notice, found[0], SOURCE, now))
        if form.line("confirm") != "yes":
            return PlainTextResponse("Done.\n")
        return await self._screen.show("declined", found[1].locale)

    async def _found(self, request: Request) -> tuple[int, AskedOf] | None:
        return await asyncio.to_thread(self._find, request.path_params["token"])

    def _find(self, token: str) -> tuple[int, AskedOf] | None:
        """The notice, by its delivery. However old the link is, it is heard."""
        with self._engine.database.read() as connection:
            found = opened(connection, self._engine.links, Purpose.DECLINE, token, self._engine.clock.now())
            notice = None if found is None else notices.asked_of(connection, found.id)
        return None if found is None or notice is None else (found.id, notice)

    async def _unknown(self, request: Request) -> Response:
        return await self._screen.show("unknown", self._desk.locale(request), status=404)
