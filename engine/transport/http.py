"""A pooled keep-alive HTTP client for one provider. It answers with what was said or what went wrong; it never raises.

What went wrong is known by how far the request had come: before its first byte it is a ConnectionFailed, safe to try
again; after that it is an OutcomeUnknown, never to be sent again blindly.
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from engine.transport import lease
from engine.transport.base import ConnectionFailed, Misconfigured, OutcomeUnknown

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession
    from aiohttp.payload import Payload

MOST_ANSWER = 1_000_000
"""Bytes of an answer's body that are read; none that we ask for comes near."""

IDLE_SECONDS = 15.0
"""How long an unused connection is kept: well below any provider's own limit, so that none is closed in our face."""

PIECE = 256 * 1024  # bytes of a body handed to the socket at a time, so that a large one does not hold up the loop

NO_ADDRESS = "The option base_url is not an http or https address."

NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider said, whatever its status; a redirect is an answer too. Header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


Said = Answer | ConnectionFailed | Misconfigured | OutcomeUnknown


def retry_after(answer: Answer) -> timedelta | None:
    """How long to wait, from now, by the Retry-After header (RFC 9110, 10.2.3); None when it is absent or senseless.

    A date is taken relative to the answer's own Date, so that nobody's clock but the provider's counts.
    """
    said = answer.headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit():
        return timedelta(seconds=int(said)) if len(said) < 10 else None
    until, now = _http_date(said), date_of(answer)
    return max(until - now, timedelta(0)) if until and now else None


def date_of(answer: Answer) -> datetime | None:
    """When it was given, by the provider's clock (RFC 9110, 6.6.1); aware, UTC."""
    return _http_date(answer.headers.get("date", ""))


def _http_date(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text)
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


class HttpClient:
    """Speaks to `base_url` (http or https) over at most `connections` at a time, each kept alive between requests.

    A new connection may take `connect_seconds`; from then on an answer must begin within `answer_seconds`, and be whole
    soon after. Waiting for a free connection is not counted. `ca_file` holds the only authorities to be trusted. No
    proxy, cookie or redirect is followed. Every event loop gets connections of its own; they close with it.
    """

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str] = NONE,
        connections: int = 16,
        connect_seconds: float = 10.0,
        answer_seconds: float = 30.0,
        ca_file: Path | None = None,
    ) -> None:
        self._base = base_url.rstrip("/")
        self._headers = dict(headers)
        self._connections = connections
        self._connect_seconds = connect_seconds
        self._answer_seconds = answer_seconds
        self._ca_file = ca_file
        self._tls: ssl.SSLContext | None = None
        self._pool: _Pool | None = None

    async def post(self, path: str, body: bytes, content_type: str) -> Said:
        """POST `body` once: it is never repeated, whatever happens. `lease.OVERTAKEN` where it is not ours any more."""
        progress = _Progress(begun=False)
        return await self._ask("POST", path, _tracked_payload()(body, content_type, progress), progress)

    async def get(self, path: str, params: Mapping[str, str] = NONE) -> Said:
        """GET `path` with `params` as its query."""
        return await self._ask("GET", f"{path}?{urlencode(params)}" if params else path, None, _Progress(begun=True))

    async def delete(self, path: str) -> Said:
        """DELETE `path`, which may be done again: what is gone stays gone."""
        return await self._ask("DELETE", path, None, _Progress(begun=True))

    async def aclose(self) -> None:
        """Close every connection; the next request would open new ones."""
        pool, self._pool = self._pool, None
        if pool is not None and pool.loop is asyncio.get_running_loop():
            await pool.aclose()

    async def _ask(self, method: str, path: str, payload: "Payload | None", progress: "_Progress") -> Said:
        from yarl import URL

        try:
            url = URL(self._base + path, encoded=True)
        except ValueError:
            return Misconfigured(NO_ADDRESS)
        try:
            pool = await self._open()
        except (OSError, ValueError):
            return Misconfigured("The file of trusted authorities (ca_file) cannot be read.")
        try:
            async with pool.free, pool.session.request(method, url, data=payload, allow_redirects=False) as response:
                body = await _read(response)
                return Answer(response.status, _lower(response.headers.items()), body)
        except Exception as error:
            return _what_went_wrong(error, progress.begun)

    async def _open(self) -> "_Pool":
        loop = asyncio.get_running_loop()
        if self._pool is None or self._pool.loop is not loop:
            secure = self._ca_file is not None or self._base.startswith("https:")
            if self._tls is None and secure:  # whom to trust takes a while to read
                self._tls = ssl.create_default_context(cafile=self._ca_file)
            sessions = self._sessions()
            self._pool = _Pool(loop, await anext(sessions), asyncio.Semaphore(self._connections), sessions.aclose)
        return self._pool

    async def _sessions(self) -> "AsyncGenerator[ClientSession, None]":
        """The one session of a loop. As a generator it is also closed by the loop's own shutdown, if by nobody else."""
        from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

        async with ClientSession(
            connector=TCPConnector(limit=self._connections, keepalive_timeout=IDLE_SECONDS, ssl=self._tls or True),
            cookie_jar=DummyCookieJar(),
            headers={"User-Agent": "rekindle", "Accept-Encoding": "identity", **self._headers},
            timeout=ClientTimeout(
                total=self._connect_seconds + self._answer_seconds,
                connect=self._connect_seconds,
                sock_read=self._answer_seconds,
            ),
        ) as session:
            yield session


@dataclass(frozen=True, slots=True)
class _Pool:
    loop: asyncio.AbstractEventLoop
    session: "ClientSession"
    free: asyncio.Semaphore  # a request waits here, where no time-out runs, rather than in aiohttp's own queue
    aclose: Callable[[], Awaitable[None]]


class _Overtaken(Exception):
    """Others may have sent it by now."""


class _TooLarge(Exception):
    """An answer that goes on and on."""


def _lower(headers: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Names in lower case; a name that comes twice has its values in one, as RFC 9110, 5.3 has it."""
    made: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        made[key] = f"{made[key]}, {value}" if key in made else value
    return made


async def _read(response: "ClientResponse") -> bytes:
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > MOST_ANSWER:
            raise _TooLarge
    return bytes(body)


@dataclass(slots=True)
class _Progress:
    begun: bool  # whether the request's first byte was given to a live connection


@cache
def _tracked_payload() -> "Callable[[bytes, str, _Progress], Payload]":
    """A request body that notes when its first byte, and with it the request's, is written, if it still may be.

    aiohttp is imported when the first is made. It goes out in pieces, for a large one would hold up the loop.
    """
    from aiohttp.abc import AbstractStreamWriter
    from aiohttp.payload import Payload

    class Tracked(Payload):
        def __init__(self, body: bytes, content_type: str, progress: _Progress) -> None:
            super().__init__(body, content_type=content_type)
            self._size = len(body)
            self._progress = progress
            self._still_ours = lease.question()

        def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
            return str(self._value, encoding, errors)

        async def write(self, writer: AbstractStreamWriter) -> None:
            await self.write_with_length(writer, None)

        async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
            if not self._still_ours():
                raise _Overtaken
            transport = writer.transport
            if transport is not None and not transport.is_closing():  # else the writer raises: nothing leaves
                self._progress.begun = True
            body = memoryview(self._value)
            for start in range(0, len(body) or 1, PIECE):
                await writer.write(body[start : start + PIECE])

    return Tracked


def _what_went_wrong(error: Exception, begun: bool) -> ConnectionFailed | Misconfigured | OutcomeUnknown:
    """The outcome of a request that was not answered; its words are ours, for an error's may name hosts and more."""
    import aiohttp

    if isinstance(error, _Overtaken):
        return lease.OVERTAKEN
    wrong: tuple[tuple[type[Exception], str], ...] = (
        (aiohttp.ClientConnectorCertificateError, "The provider's TLS certificate does not suit base_url."),
        (aiohttp.InvalidURL, NO_ADDRESS),
        (aiohttp.NonHttpUrlClientError, NO_ADDRESS),
    )
    unconnected = (
        (aiohttp.ClientConnectorDNSError, "The provider's host name was not resolved."),
        (aiohttp.ConnectionTimeoutError, "No connection in time."),
        (aiohttp.ClientSSLError, "The TLS handshake failed."),
        (aiohttp.ClientConnectorError, "The connection failed."),
    )
    for kind, detail in wrong:
        if isinstance(error, kind):
            return Misconfigured(detail)
    for kind, detail in unconnected:
        if isinstance(error, kind):
            return ConnectionFailed(detail)
    if begun:
        slow, large = isinstance(error, TimeoutError), isinstance(error, _TooLarge)
        broken = "The connection broke before the answer was whole."
        return OutcomeUnknown("No answer in time." if slow else "The answer was too long." if large else broken)
    if isinstance(error, ValueError):  # aiohttp refuses line breaks and the like in a header
        return Misconfigured("The key or another option holds a character that no request may carry.")
    return ConnectionFailed("The connection broke before anything was written.")
