"""A provider that speaks HTTP on this machine's loopback and gets into any situation: for rigs and for tests.

    async with staged(Situation.BAD_KEY, {Situation.BAD_KEY: lambda request: Response(401)}) as provider:
        transport = MyTransport(base_url=provider.base_url, ca_file=provider.ca_file)

What befalls a connection (refused, silent, reset, slow, another's certificate) it does by itself; what is said in an
answer is for `answers` to say, by situation.
"""

import asyncio
import contextlib
import socket
import ssl
import struct
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from inspect import isawaitable
from pathlib import Path

from engine.testing.certificate import HERE, serving
from engine.testing.situations import Situation

SOMEBODY_ELSE = "somebody-else.example"
STEP = 0.02  # seconds between two bytes of a slow answer
PADDING = "." * 1_000  # a header that makes a slow answer take twenty seconds
LARGEST = 64 * 1024 * 1024  # bytes of a request that are read


@dataclass(frozen=True, slots=True)
class Request:
    """What came: `path` with its query as written, `headers` with lower-case names."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """What goes back."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


Answerer = Callable[[Request], Response | Awaitable[Response]]

ONLY_WIRE = frozenset(
    {
        Situation.REFUSED,
        Situation.SILENT_BEFORE,
        Situation.SILENT_AFTER,
        Situation.RESET,
        Situation.SLOW,
        Situation.WRONG_NAME,
    }
)
"""Situations that are about the connection: no answer is asked for."""


@dataclass
class HttpProvider:
    """A server in one situation. `requests` are those that came whole, in order; `most_at_once` how many overlapped."""

    situation: Situation
    answer: Answerer
    base_url: str = ""
    ca_file: Path | None = None
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    most_at_once: int = 0
    _under_way: int = 0
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until it closes or the situation ends it."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - asyncio runs this in a task
        self._tasks.add(task)
        self.connections += 1
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._converse(reader, writer)
        writer.transport.abort()
        self._tasks.discard(task)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.situation is Situation.SILENT_BEFORE:
            await asyncio.Event().wait()
        while True:
            request = await _request(reader)
            self.requests.append(request)
            self._under_way += 1
            self.most_at_once = max(self.most_at_once, self._under_way)
            try:
                await self._reply(request, writer)
            finally:
                self._under_way -= 1

    async def _reply(self, request: Request, writer: asyncio.StreamWriter) -> None:
        match self.situation:
            case Situation.SILENT_AFTER:
                await asyncio.Event().wait()
            case Situation.RESET:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf of")
                await writer.drain()
                _reset(writer)
                raise ConnectionResetError
            case Situation.SLOW:
                for byte in _written(Response(200, b"", {"X-Padding": PADDING})):
                    writer.write(bytes([byte]))
                    await writer.drain()
                    await asyncio.sleep(STEP)
            case _:
                response = self.answer(request)
                writer.write(_written(await response if isawaitable(response) else response))
                await writer.drain()

    async def hang_up(self) -> None:
        """Close every connection at once, as a provider does with idle ones."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def staged(
    situation: Situation, answers: Mapping[Situation, Answerer], *, tls: bool = False
) -> AsyncIterator[HttpProvider]:
    """A provider in `situation`. KeyError when `answers` has nothing for it and the wire alone does not make it.

    It speaks plain HTTP unless `tls`, or the situation, needs otherwise; then `ca_file` is the authority to trust.
    """
    answer = answers.get(situation, _nothing) if situation in ONLY_WIRE else answers[situation]
    provider = HttpProvider(situation, answer)
    with tempfile.TemporaryDirectory() as folder:
        context: ssl.SSLContext | None = None
        if tls or situation in {Situation.SILENT_BEFORE, Situation.WRONG_NAME}:
            name = SOMEBODY_ELSE if situation is Situation.WRONG_NAME else HERE
            context, provider.ca_file = serving(Path(folder), name)
        with socket.create_server((HERE, 0)) as listener:
            scheme = "http" if context is None else "https"
            provider.base_url = f"{scheme}://{HERE}:{listener.getsockname()[1]}"
            if situation is Situation.REFUSED:
                listener.close()
                yield provider
                return
            if situation is Situation.SILENT_BEFORE:  # it accepts and never says a word of TLS
                context = None
            server = await asyncio.start_server(provider.connected, sock=listener, ssl=context)
            try:
                yield provider
            finally:
                server.close()
                await provider.hang_up()
                await asyncio.sleep(0)  # the transports' own last word


def _nothing(request: Request) -> Response:
    return Response(200)


async def _request(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    start, *lines = head.rstrip("\r\n").split("\r\n")
    method, path, _ = start.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    size = int(headers.get("content-length", "0"))
    if size > LARGEST:
        raise ConnectionAbortedError
    return Request(method, path, headers, await reader.readexactly(size))


def _written(response: Response) -> bytes:
    headers = {"Content-Length": str(len(response.body)), **response.headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {response.status} .\r\n{lines}\r\n".encode("latin-1") + response.body


def _reset(writer: asyncio.StreamWriter) -> None:
    """Have the connection end in a reset rather than an orderly close: SO_LINGER of zero seconds."""
    held: socket.socket = writer.get_extra_info("socket")
    held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
