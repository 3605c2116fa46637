"""`/p/TOKEN/data`: what is kept of a partner, for themselves to see; POST `/p/TOKEN/export` gives it as a file."""

import json
from datetime import date, datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from engine.app import Engine
from engine.errors import NotFound
from engine.hear.passes import Opened
from engine.model.notice import NOTICES
from engine.render.links import Purpose
from engine.store import own_data
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
            text = json.dumps(self._data(connection, found), ensure_ascii=False, indent=2, default=_plain)
            headers = {"Content-Disposition": 'attachment; filename="my-data.json"'}
            return Response(text, media_type="application/json", headers=headers)

        return await self._passes.look(request, Purpose.PREFERENCES, work, left=True)

    def _data(self, connection: Transaction, found: Opened) -> dict[str, Any]:
        """It, with campaigns and activities called as the reader knows them."""
        locale, vault = found.holder.locale, self._engine.vault
        data = own_data.of_partner(connection, vault, found.holder.partner_id)
        for entry in (*data["campaigns"], *data["messages"], *data["feedback"]):
            campaign = self._campaign(connection, entry.pop("digest"))
            if campaign is None or campaign.id == NOTICES:
                continue
            entry["campaign_title"] = campaign.title_in(locale)
            activity = campaign.activities.get(entry.get("activity") or "")
            if activity is not None:
                entry["title"] = activity.text(locale).title
        return data

    def _campaign(self, connection: Transaction, digest: str) -> Any:
        try:
            return self._engine.definitions.get(connection, digest).campaign
        except NotFound:
            return None


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not for JSON")
