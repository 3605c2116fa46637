"""How much is let in at once: beyond it a call is told so at once (503, Retry-After), and nobody is kept waiting.

Calls of providers and orders to stop have many places of their own, pages for people have few: people press again, a
provider may not. Whether the process is well can always be asked. One caller has a part of the places at most, and so
many pages in a while (429, Retry-After); callers are told apart where the connection, or `web.client_header`, says who
they are: behind a proxy that does not say it everybody is one, and only the whole is bounded.
"""

from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address, ip_network
from math import ceil

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from engine.clock import stopwatch
from engine.measures import Shed
from engine.web.caller import caller_of

RETRY_SECONDS = 5
"""When to come again: what is under way is done by then, or given up soon after."""


class Kind(StrEnum):
    """What is asked for, by what it is worth when there is too much of it."""

    CALL = "call"  # a provider's, and whoever wants no more messages
    PAGE = "page"  # for people, and the dashboard
    WATCH = "watch"  # whether we are well: never refused


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much of a kind is under way at once, of everybody and of one caller; how many a caller has in a while."""

    places: int
    of_one: int
    burst: int | None = None
    per_second: float = 0


BOUNDS = {
    Kind.CALL: Bounds(places=300, of_one=200),  # together below the connections that the server keeps
    Kind.PAGE: Bounds(places=60, of_one=20, burst=120, per_second=4),  # a page, its form, a draft every few seconds
}
MOST_CALLERS = 10_000
"""So many callers are remembered; whoever has not been seen for longest is forgotten, and begins anew."""

Sorry = Callable[[Request, int, int], Awaitable[Response]]
"""Makes the answer of a status, with the seconds after which to come again."""


class Crowd:
    """Lets in what there is room for. Goes around the app, inside of what sees to an answer's headers."""

    def __init__(
        self,
        app: ASGIApp,
        shed: Shed,
        header: str | None = None,
        sorry: Sorry | None = None,
        bounds: dict[Kind, Bounds] | None = None,
    ) -> None:
        self._app = app
        self._shed = shed
        self._header = header
        self._sorry = sorry or too_much
        self._bounds = bounds or BOUNDS
        self._inside: Counter[Kind] = Counter()
        self._of_one: Counter[tuple[Kind, str]] = Counter()
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # pages left to a caller, and since when

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = kind_of(scope)
        if kind is Kind.WATCH:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        caller = self._caller(request)
        refused = self._refusal(kind, caller)
        if refused is not None:
            why, status, seconds = refused
            self._shed.add(kind, why)
            answer = await self._sorry(request, status, seconds)
            answer.headers["Connection"] = "close"  # what is still to come of a body is not waited for
            await answer(scope, receive, send)
            return
        self._inside[kind] += 1
        if caller:
            self._of_one[kind, caller] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._inside[kind] -= 1
            if caller:
                self._of_one[kind, caller] -= 1
                if not self._of_one[kind, caller]:
                    del self._of_one[kind, caller]

    def _refusal(self, kind: Kind, caller: str) -> tuple[str, int, int] | None:
        """Why there is no room, the status to say it with, and when there may be."""
        bounds = self._bounds[kind]
        if self._inside[kind] >= bounds.places:
            return "busy", 503, RETRY_SECONDS
        if not caller:
            return None
        if self._of_one[kind, caller] >= bounds.of_one:
            return "caller", 429, RETRY_SECONDS
        wait = self._wait(caller, bounds)
        return None if wait is None else ("rate", 429, wait)

    def _wait(self, caller: str, bounds: Bounds) -> int | None:
        """Take one of what is left to a caller; else the seconds until there is one again."""
        if bounds.burst is None:
            return None
        now = stopwatch()
        left, since = self._left.pop(caller, (float(bounds.burst), now))
        left = min(bounds.burst, left + (now - since) * bounds.per_second)
        enough = left >= 1
        self._left[caller] = (left - 1 if enough else left), now
        if len(self._left) > MOST_CALLERS:
            self._left.popitem(last=False)
        return None if enough else max(1, ceil((1 - left) / bounds.per_second))

    def _caller(self, request: Request) -> str:
        """Who calls; "" where it may be everybody."""
        caller = caller_of(request, self._header)
        if self._header and request.headers.get(self._header):
            return caller
        try:
            near = not ip_address(caller).is_global
        except ValueError:  # a network of IPv6 addresses, or no address at all
            near = not (":" in caller and ip_network(caller).is_global)
        return "" if near else caller


def kind_of(scope: Scope) -> Kind:
    """What is asked for; whatever is no request is let through."""
    path: str = scope.get("path", "")
    if scope["type"] != "http" or path in ("/healthz", "/readyz", "/health", "/metrics"):
        return Kind.WATCH
    stops = scope["method"] == "POST" and path.startswith("/u/")
    return Kind.CALL if stops or path.startswith("/webhooks/") else Kind.PAGE


async def too_much(_request: Request, status: int, seconds: int) -> Response:
    """Said to whoever reads no pages."""
    said = "Too many calls at the moment; try again later."
    return JSONResponse({"detail": said}, status, {"Retry-After": str(seconds)})
