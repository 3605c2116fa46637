"""What holds for every answer: headers that keep a page to itself, and no error that tells more than its class."""

import logging
from base64 import b64encode
from collections.abc import Iterable, Mapping
from contextlib import suppress
from hashlib import sha256
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.errors import StoreError, Unreadable
from engine.measures import Shed
from engine.model.action import Action, note
from engine.web.crowd import Sorry, kind_of

log = logging.getLogger(__name__)

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Referrer-Policy": "no-referrer",  # the token in a page's address is nobody else's business
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
}
STRICT = {"Strict-Transport-Security": "max-age=31536000"}
"""For a year, browsers ask this host by https alone (RFC 6797); other hosts of the domain are not ours to speak for."""


MISTAKE = "Our mistake; try again later."
AWAY = "The database cannot be used at the moment; try again later."
AWAY_SECONDS = 30
"""When to come again once the database could not be used: it was asked for about as long."""


def headers_for(public_url: str) -> Mapping[str, str]:
    """What every answer of the site at `public_url` carries: STRICT too where it is https, and not this machine."""
    where = urlsplit(public_url)
    host = where.hostname or ""
    local = host == "localhost" or host.endswith(".localhost")
    with suppress(ValueError):  # a name
        local = local or ip_address(host).is_loopback
    return HEADERS if local or where.scheme != "https" else {**HEADERS, **STRICT}


def policy(styles: Iterable[str] = (), scripts: Iterable[str] = ()) -> str:
    """The Content-Security-Policy of a page that has exactly these style sheets and scripts, and forms to this site.

    A script that fetches may fetch from this site. Nothing else is loaded or run, whatever gets into the page.
    """
    scripts = tuple(scripts)
    rules = {
        "default-src": ["'none'"],
        "style-src": [_source(style) for style in styles],
        "script-src": [_source(script) for script in scripts],
        "connect-src": ["'self'"] if any("fetch(" in script for script in scripts) else [],
        "img-src": ["data:"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in rules.items() if sources)


def _source(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode('ascii')}'"


class Guard:
    """Puts `headers` on every answer, and answers for what nobody caught (`sorry` has the words): 503 with Retry-After
    while the database is busy, full or gone, 500 for a bug of ours. A provider tries again.

    What a call holds is in the exception's words and in a traceback's source lines: only its class is logged. That the
    database cannot be used is logged the first, second, fourth … time: callers must not fill a disk.
    """

    def __init__(
        self,
        app: ASGIApp,
        sorry: Sorry | None = None,
        shed: Shed | None = None,
        headers: Mapping[str, str] = HEADERS,
    ) -> None:
        self._app = app
        self._sorry = sorry or _sorry
        self._shed = shed or Shed()
        self._headers = headers
        self._away = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, guarded)
        except ClientDisconnect:
            return  # nobody is left to answer
        except Exception as error:
            if isinstance(error, StoreError) and not isinstance(error, Unreadable):
                self._shed.add(kind_of(scope), "database")
                self._say_away(error)
                if not started:
                    answer = await self._sorry(Request(scope), 503, AWAY_SECONDS)
                    await answer(scope, receive, guarded)
                return
            said = f"A web request failed with {type(error).__name__}."
            note(log, Action.WEB_FAILED, said, logging.ERROR, error=type(error).__name__)
            if not started:
                answer = await self._sorry(Request(scope), 500, 0)
                await answer(scope, receive, guarded)

    def _say_away(self, error: StoreError) -> None:
        """What is wrong is the database's word, which holds nothing of the call."""
        self._away += 1
        if self._away & (self._away - 1) == 0:
            facts = {"error": type(error).__name__, "number": self._away}
            note(log, Action.STORE_AWAY, f"{error} {error.fix}".strip(), logging.ERROR, **facts)


async def _sorry(_request: Request, status: int, seconds: int) -> Response:
    if status == 500:
        return JSONResponse({"detail": MISTAKE}, status)
    return JSONResponse({"detail": AWAY}, status, {"Retry-After": str(seconds)})
