"""`create_app(engine)`: everything that the world may call, and nothing else.

POST      /webhooks/NAME/KIND   providers (webhooks)
GET HEAD  /u/TOKEN              the page that ends messages (unsubscribe)
POST      /u/TOKEN              ends them
GET HEAD  /health               whether this process can hear
"""

import asyncio
from typing import Any

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse

from engine import __version__
from engine.app import Engine
from engine.errors import RekindleError
from engine.store.version import is_current
from engine.web.guard import Guard
from engine.web.turn import Turn
from engine.web.unsubscribe import Unsubscribe
from engine.web.webhooks import Webhooks

HEALTH: dict[int | str, dict[str, Any]] = {
    200: {"description": "It can hear."},
    503: {"description": "The database does not answer."},
}


def create_app(engine: Engine, *, docs: bool = False) -> FastAPI:
    """The web app of an engine; `docs` also serves /openapi.json. SettingsError when a transport is set up wrongly."""
    app = FastAPI(
        title="Rekindle",
        version=__version__,
        openapi_url="/openapi.json" if docs else None,
        docs_url=None,  # it would load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,  # a redirect would be built from the Host header
    )
    app.add_middleware(Guard)
    turn = Turn()
    app.include_router(Webhooks(engine, turn).router)
    app.include_router(Unsubscribe(engine, turn).router)

    async def health() -> Response:
        """Whether the database answers, and how many calls were refused since the start, by transport and why."""
        try:
            good = await asyncio.to_thread(is_current, engine.database)
        except (RekindleError, OSError):
            good = False
        word = "ok" if good else "failing"
        return JSONResponse({"status": word, "database": word, "refused": _refused(engine)}, 200 if good else 503)

    app.add_api_route("/health", health, methods=["GET"], response_class=JSONResponse, responses=HEALTH)
    app.add_api_route("/health", health, methods=["HEAD"], include_in_schema=False)
    return app


def _refused(engine: Engine) -> dict[str, int]:
    return {f"{name} {why}": number for (name, why), number in sorted(engine.hearing.refused.items())}
