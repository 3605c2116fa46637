"""Whether this process is well, for whoever watches it: a balancer, a supervisor, a person.

GET HEAD  /healthz   200: the process answers. It asks nothing of the database, so a busy one restarts nobody.
GET HEAD  /readyz    200: the database answers, is of this version, and the process has not been told to end; else 503
GET HEAD  /health    as /readyz but for the last; also how many calls were refused since the start, and why, and whether
                     there was more than there is room for ("load": "shedding", in the last minute) and how often (shed)

A process that sheds is ready all the same: were it taken out, the others would be given its share as well.
"""

import asyncio
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from engine.app import Engine
from engine.errors import RekindleError
from engine.store.version import is_current

ALIVE: dict[int | str, dict[str, Any]] = {200: {"description": "It answers."}}
READY: dict[int | str, dict[str, Any]] = {
    200: {"description": "It can hear."},
    503: {"description": "The database does not answer."},
}


class Health:
    """The routes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.router = APIRouter()
        for path, answer, responses in (
            ("/healthz", self.alive, ALIVE),
            ("/readyz", self.ready, READY),
            ("/health", self.health, READY),
        ):
            self.router.add_api_route(path, answer, methods=["GET"], response_class=JSONResponse, responses=responses)
            self.router.add_api_route(path, answer, methods=["HEAD"], include_in_schema=False)

    async def alive(self) -> Response:
        """The process answers."""
        return JSONResponse({"status": "ok"})

    async def ready(self) -> Response:
        """Whether it can work, and is to."""
        word = "stopping" if self._engine.stopping else "ok" if await self._can_work() else "failing"
        return JSONResponse({"status": word}, 200 if word == "ok" else 503)

    async def health(self) -> Response:
        """Whether the database answers, and how many calls were refused since the start, by transport and why."""
        good = await self._can_work()
        word = "ok" if good else "failing"
        refused = {f"{name} {why}": number for (name, why), number in sorted(self._engine.hearing.refused.items())}
        load = "shedding" if self._engine.measures.shed.lately() else "ok"
        shed = {f"{kind} {why}": number for (kind, why), number in sorted(self._engine.measures.shed.counted.items())}
        said = {"status": word, "database": word, "load": load, "refused": refused, "shed": shed}
        return JSONResponse(said, 200 if good else 503)

    async def _can_work(self) -> bool:
        try:
            return await asyncio.to_thread(is_current, self._engine.database)
        except (RekindleError, OSError):
            return False
