"""`POST /fresh/PURPOSE/TOKEN`: sends a fresh link in the place of one that is too old.

It goes to the partner's own address, which the page does not know. The answer is the same whether or not anything was
sent: to who has stopped us nothing is, nor twice on one day.
"""

from fastapi import APIRouter, Request, Response

from engine.app import Engine
from engine.hear.passes import RENEWED, Opened, renew
from engine.store.database import Transaction
from engine.web.passes import TOKEN, Passes, View
from engine.web.routes import act_at
from engine.web.screen import Screen

PURPOSE = {"name": "purpose", "in": "path", "required": True, "schema": {"enum": sorted(RENEWED)}}


class Fresh:
    """The route."""

    def __init__(self, engine: Engine, screen: Screen, passes: Passes) -> None:
        self._engine = engine
        self._screen = screen
        self._passes = passes
        self.router = APIRouter()
        act_at(
            self.router, "/fresh/{purpose}/{token:anything}", self.send, parameters=[PURPOSE, TOKEN], answers=(200, 404)
        )

    async def send(self, request: Request) -> Response:
        """Send it, if there is anybody to send it to."""
        await self._screen.form(request)
        purpose = next((each for each in RENEWED if each.value == request.path_params["purpose"]), None)
        if purpose is None:
            return await self._passes.unknown(request)
        return await self._passes.act(request, purpose, self._renew, old=True)

    def _renew(self, connection: Transaction, old: Opened) -> View:
        renew(connection, self._engine.means, old, self._engine.clock.now())
        return View("fresh")
