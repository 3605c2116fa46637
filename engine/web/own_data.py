"""`/p/TOKEN/data`: what is kept of a partner, for themselves to see; POST `/p/TOKEN/export` gives it as a file."""

from typing import Any

from fastapi import APIRouter, Request, Response

from engine.app import Engine
from engine.hear.own_file import as_json
from engine.hear.passes import Opened
from engine.render.links import Purpose
from engine.store.database import Transaction
from engine.web.passes import LOOKED, TOKEN, Made, Passes, View
from engine.web.routes import act_at, show_at
from engine.web.screen import Screen

FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file.", "content": {"application/json": {"schema": {"type": "object"}}}}
}


class OwnData:
    """The routes."""

    def __init__(self, engine: Engine, screen: Screen, passes: Passes) -> None:
        self._engine = engine
        self._screen = screen
        self._passes = passes
        self.router = APIRouter()
        show_at(self.router, "/p/{token:anything}/data", self.show, parameters=[TOKEN], answers=LOOKED)
        act_at(
            self.router,
            "/p/{token:anything}/export",
            self.export,
            parameters=[TOKEN],
            answers=(404, 410),
            responses=FILE,
        )

    async def show(self, request: Request) -> Response:
        """The page; also for who has left."""

        def work(connection: Transaction, found: Opened) -> Made:
            return View("data", {"data": self._data(connection, found)})

        return await self._passes.look(request, Purpose.PREFERENCES, work, left=True)

    async def export(self, request: Request) -> Response:
        """The same, to be read by machines: JSON, with instants in UTC."""
        await self._screen.form(request)

        def work(connection: Transaction, found: Opened) -> Made:
            text = as_json(self._data(connection, found))
            headers = {"Content-Disposition": 'attachment; filename="my-data.json"'}
            return Response(text, media_type="application/json", headers=headers)

        return await self._passes.look(request, Purpose.PREFERENCES, work, left=True)

    def _data(self, connection: Transaction, found: Opened) -> dict[str, Any]:
        """It, with campaigns and activities called as the reader knows them."""
        return self._engine.own_data(connection, found.holder.partner_id, found.holder.locale)
