"""`GET /a/TOKEN`, `/n/TOKEN` and `/pulse/TOKEN`: the pages of one message; each link shows the nearest that it has."""

from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response

from engine.app import Engine
from engine.hear.passes import Opened
from engine.hear.pulses import HIGHEST, LOWEST
from engine.render.links import Purpose
from engine.store.database import Transaction
from engine.web.activity import ActivityPages
from engine.web.answer import AnswerPages
from engine.web.message import Page, asked
from engine.web.passes import LOOKED, TOKEN, Made, Passes
from engine.web.pulse import PulsePages
from engine.web.routes import show_at
from engine.web.screen import Screen

CHOSEN = {"name": "n", "in": "query", "schema": {"type": "integer", "minimum": LOWEST, "maximum": HIGHEST}}


class MessagePages:
    """The routes that show something, and under them those that do something."""

    def __init__(self, engine: Engine, screen: Screen, passes: Passes) -> None:
        self._engine = engine
        self._passes = passes
        self._answer = AnswerPages(engine, screen, passes)
        self._activity = ActivityPages(engine, screen, passes)
        self._pulse = PulsePages(engine, screen, passes)
        self.router = APIRouter()
        for page in Page:
            parameters: list[dict[str, Any]] = [TOKEN, CHOSEN] if page is Page.PULSE else [TOKEN]
            show = partial(self.show, page)
            show_at(self.router, f"/{page}/{{token}}", show, parameters=parameters, answers=LOOKED)
        for each in (self._answer, self._activity, self._pulse):
            self.router.include_router(each.router)

    async def show(self, wanted: Page, request: Request) -> Response:
        """The page; whatever is in the address beside the pass only chooses."""
        chosen, told = (request.query_params.get(name, "") for name in ("n", "done"))

        def work(connection: Transaction, opened: Opened) -> Made:
            it, now = asked(connection, self._engine, opened), self._engine.clock.now()
            if it is None:
                return None
            match it.page(wanted):
                case Page.ANSWER:
                    return self._answer.view(connection, it, now, told=told)
                case Page.PULSE:
                    number = int(chosen) if chosen in map(str, range(LOWEST, HIGHEST + 1)) else None
                    return self._pulse.view(connection, it, told=told, chosen=number)
            return self._activity.view(connection, it, now, told=told)

        return await self._passes.look(request, Purpose.MESSAGE, work)
