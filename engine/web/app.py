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
GET HEAD  /healthz /readyz      whether this process is alive, and can work (health); /health says more
          /operator             the dashboard, where the settings say who may use it (operator/)
GET HEAD  /metrics              figures for Prometheus, where there is a `metrics.token`, to whoever shows it (metrics)
"""

from fastapi import FastAPI

from engine import __version__
from engine.app import Engine
from engine.web.calendar import CalendarFeed
from engine.web.confirm import Confirm
from engine.web.crowd import Crowd
from engine.web.decline import Decline
from engine.web.desk import Desk
from engine.web.fresh import Fresh
from engine.web.guard import Guard, headers_for
from engine.web.health import Health
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
    screen, shed = Screen(engine), engine.measures.shed
    app.add_middleware(Crowd, shed=shed, header=engine.settings.web.client_header, sorry=screen.sorry)
    app.add_middleware(Guard, sorry=screen.sorry, shed=shed, headers=headers_for(engine.settings.public_url))
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
    app.include_router(Health(engine).router)
    if engine.settings.operator.any():
        from engine.web.operator.dashboard import dashboard

        app.include_router(dashboard(engine, turn))
    if engine.settings.metrics.token is not None:
        from engine.web.metrics import Metrics

        app.include_router(Metrics(engine).router)
    return app


def create_metrics_app(engine: Engine) -> FastAPI:
    """What is served on the metrics' own port: them, and whether the process is well."""
    from engine.web.metrics import Metrics

    app = FastAPI(title="Rekindle metrics", openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.add_middleware(Guard)
    app.include_router(Health(engine).router)
    app.include_router(Metrics(engine).router)
    return app
