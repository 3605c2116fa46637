"""What every page that a pass opens begins with: whose it is, and what whoever comes with a bad one is shown.

404   we did not sign it, it is for something else, or it is revoked: nobody learns that there is anybody
410   it is too old: the page offers a fresh link (fresh.py), and knows its reader's language
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request, Response

from engine.app import Engine
from engine.hear.passes import RENEWED, Opened, opened
from engine.render.links import Purpose
from engine.store.database import Transaction
from engine.web.routes import in_path
from engine.web.screen import Screen
from engine.web.turn import Turn

TOKEN = in_path("token", "^[A-Za-z0-9_-]{36}$")
LOOKED = (200, 404, 410)
"""What a page may be answered with that only shows something, for routes.show_at."""
ACTED = (200, 404, 410, 422)
"""The same of one that does something and shows what came of it, for routes.act_at."""
DONE = (303, 404, 410)
"""The same of one that does something and goes back to the page (Passes.back)."""


@dataclass(frozen=True, slots=True)
class View:
    """A page to be shown: `web/PAGE.html` and what it sees, beside `token`, `holder` and `root` (of paths of ours)."""

    page: str
    variables: Mapping[str, object] = field(default_factory=dict)
    status: int = 200


Made = View | Response | None
"""What a route comes to: a page, an answer of another kind, or nothing that could be shown (404)."""
Work = Callable[[Transaction, Opened], Made]
"""What a route does for whoever holds a good pass, in one look or one transaction; it may be begun anew."""


class Passes:
    """Opens passes for routes, and answers; one for the whole app."""

    def __init__(self, engine: Engine, turn: Turn, screen: Screen) -> None:
        self._engine = engine
        self._turn = turn
        self._screen = screen
        self._root = urlsplit(engine.settings.public_url).path.rstrip("/")

    async def look(self, request: Request, purpose: Purpose, work: Work, *, left: bool = False) -> Response:
        """Answer with what `work` finds. It only reads: scanners of mail follow every link.

        With `left` somebody who has left may look as well, by a link that was signed since.
        """

        def looked() -> tuple[Opened | None, Made]:
            with self._engine.database.read() as connection:
                return self._done(connection, purpose, token, work, left=left)

        token: str = request.path_params["token"]
        return await self._answer(request, token, *await asyncio.to_thread(looked))

    async def act(
        self, request: Request, purpose: Purpose, work: Work, *, old: bool = False, left: bool = False
    ) -> Response:
        """Answer with what `work` comes to, in one transaction; whoever calls has read the form.

        With `old` it is done for a pass that is too old as well; with `left` for somebody who has left, as in `look`.
        """

        def acted() -> tuple[Opened | None, Made]:
            with self._engine.database.begin() as connection:
                return self._done(connection, purpose, token, work, old=old, left=left)

        token: str = request.path_params["token"]
        return await self._answer(request, token, *await self._turn.insist(acted))

    def back(self, page: str, token: str, done: str) -> Response:
        """To a page of this pass once something is done, so that no reload does it again; `done` is for it to tell."""
        return Response(status_code=303, headers={"Location": f"{self._root}/{page}/{token}?done={done}"})

    async def unknown(self, request: Request) -> Response:
        """The page for whoever comes with nothing that we know."""
        return await self._screen.show("unknown", self._screen.locale(request), status=404)

    def _done(
        self,
        connection: Transaction,
        purpose: Purpose,
        token: str,
        work: Work,
        *,
        old: bool = False,
        left: bool = False,
    ) -> tuple[Opened | None, Made]:
        found = opened(connection, self._engine.links, purpose, token, self._engine.clock.now(), left=left)
        if found is None:
            return None, None
        if found.expired and not old:
            return found, View("old", {"purpose": purpose.value, "renewed": purpose in RENEWED}, 410)
        return found, work(connection, found)

    async def _answer(self, request: Request, token: str, found: Opened | None, made: Made) -> Response:
        if found is None:
            return await self.unknown(request)
        if isinstance(made, Response):
            return made
        view = made or View("unknown", status=404)
        seen: dict[str, Any] = {"token": token, "holder": found.holder, "root": self._root, **view.variables}
        return await self._screen.show(view.page, found.holder.locale, status=view.status, **seen)
