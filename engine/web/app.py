"""`create_app(engine)`: everything that the world may call, and nothing else.

POST      /webhooks/NAME/KIND   providers (webhooks)
GET HEAD  /u/TOKEN              the page that ends messages (unsubscribe)
POST      /u/TOKEN              ends them
GET HEAD  /join                 the campaigns to sign up for (join)
          /join/CAMPAIGN        sign up; the form is posted there, as on every page below
          /c/TOKEN              an address is confirmed (confirm)
          /i/TOKEN              whoever is invited decides (invitation); POST /i/TOKEN/decline says no
          /d/TOKEN              never write to this address again (decline)
GET HEAD  /p/TOKEN              a partner's own page (preferences), /p/TOKEN/data what is kept of them (own_data)
POST      /p/TOKEN/SECTION      changes one thing; /leave, /over and /erase end it (leaving), /export is a file
GET HEAD  /a /n /pulse/TOKEN    a message's pages: to answer, to read, to rate the week (messages)
POST      /a/TOKEN[/…]          keeps an answer, a draft, or forgets them (answer)
POST      /n/TOKEN/…            says what became of an activity (activity)
POST      /pulse/TOKEN[/…]      rates the week (pulse)
GET HEAD  /n/TOKEN/event.ics    a file for one's own calendar
GET HEAD  /calendar/TOKEN.ics   one's own calendar feed (calendar)
POST      /fresh/PURPOSE/TOKEN  sends a fresh link for one that is too old (fresh)
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
from engine.web.calendar import CalendarFeed
from engine.web.confirm import Confirm
from engine.web.decline import Decline
from engine.web.desk import Desk
from engine.web.fresh import Fresh
from engine.web.guard import Guard
from engine.web.invitation import Invited
from engine.web.join import Join
from engine.web.leaving import Leaving
from engine.web.messages import MessagePages
from engine.web.own_data import OwnData
from engine.web.passes import Passes
from engine.web.preferences import Preferences
from engine.web.screen import Screen
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
    screen = Screen(engine)
    app.add_middleware(Guard, sorry=screen.sorry)
    screen.catch(app)
    turn = Turn()
    app.include_router(Webhooks(engine, turn).router)
    app.include_router(Unsubscribe(engine, turn, screen).router)
    desk = Desk(engine, screen)
    for pages in (Join, Confirm, Invited, Decline):
        app.include_router(pages(engine, turn, screen, desk).router)
    passes = Passes(engine, turn, screen)
    preferences = Preferences(engine, screen, desk, passes)
    app.include_router(Leaving(engine, screen, passes, preferences).router)
    app.include_router(OwnData(engine, screen, passes).router)
    app.include_router(preferences.router)  # last: its paths take whatever is left
    app.include_router(Fresh(engine, screen, passes).router)
    app.include_router(MessagePages(engine, screen, passes).router)
    app.include_router(CalendarFeed(engine, passes).router)

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
