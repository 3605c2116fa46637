"""What holds for every answer: headers that keep a page to itself, and no error that tells more than its class."""

import logging
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterable, Mapping
from hashlib import sha256

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.model.action import Action, note

log = logging.getLogger(__name__)

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Referrer-Policy": "no-referrer",  # the token in a page's address is nobody else's business
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
}


MISTAKE = "Our mistake; try again later."


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
    """Puts HEADERS on every answer, and answers 500 for a bug of ours (`sorry` has the words): a provider tries again.

    What a call holds is in the exception's words and in a traceback's source lines: only its class is logged.
    """

    def __init__(self, app: ASGIApp, sorry: Callable[[Request], Awaitable[Response]] | None = None) -> None:
        self._app = app
        self._sorry = sorry or _sorry

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
            said = f"A web request failed with {type(error).__name__}."
            note(log, Action.WEB_FAILED, said, logging.ERROR, error=type(error).__name__)
            if not started:
                answer = await self._sorry(Request(scope))
                await answer(scope, receive, guarded)


async def _sorry(_request: Request) -> Response:
    return JSONResponse({"detail": MISTAKE}, 500)
