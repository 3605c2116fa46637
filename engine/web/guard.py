"""What holds for every answer: headers that keep a page to itself, and no error that tells more than its class."""

import logging
from base64 import b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Referrer-Policy": "no-referrer",  # the token in a page's address is nobody else's business
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
}


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
    """Puts HEADERS on every answer, and answers 500 for a bug of ours: a provider then tries again.

    What a call holds is in the exception's words and in a traceback's source lines: only its class is logged.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

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
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, guarded)
        except ClientDisconnect:
            return  # nobody is left to answer
        except Exception as error:
            log.error("A web request failed with %s.", type(error).__name__)
            if not started:
                await JSONResponse({"detail": "Our mistake; try again later."}, 500)(scope, receive, guarded)
