"""One connection, with an end to everything that a client may be slow at; uvicorn itself waits for ever for a head.

A request's head comes whole within HEAD_SECONDS, an answer is taken within TAKE_SECONDS; how long a body may take is
body.py's to say. Of connections there are so many and no more: whoever comes next is told when to come again.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from engine.web.guard import HEADERS

MOST_CONNECTIONS = 800
"""Below the 1,024 files that a process may usually open."""
TOLD_BEYOND = 100
"""So many more are told that there are too many; what comes beyond is closed."""
HEAD_SECONDS = 15.0
TAKE_SECONDS = 30.0
SAID = "There is too much to do at the moment. Wait for half a minute, and try again. Nothing has changed.\n"
FULL = "\r\n".join(
    (
        "HTTP/1.1 503 Service Unavailable",
        "Retry-After: 5",
        "Connection: close",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Length: {len(SAID)}",
        *(f"{name}: {value}" for name, value in HEADERS.items()),
        "",
        SAID,
    )
).encode("ascii")


class Connection(H11Protocol):
    """Closes itself when its client is too slow."""

    most = MOST_CONNECTIONS
    head_seconds = HEAD_SECONDS
    take_seconds = TAKE_SECONDS

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._head: asyncio.TimerHandle | None = None
        self._take: asyncio.TimerHandle | None = None
        self._full = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._full = len(self.connections) > self.most
        if len(self.connections) > self.most + TOLD_BEYOND:
            transport.abort()
            return
        self._head = self.loop.call_later(self.head_seconds, transport.abort)

    def data_received(self, data: bytes) -> None:
        if self._full:
            self.transport.write(FULL)
            self.transport.close()
            return
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._let_go("_head")  # a request is under way, and its body has a time of its own
        elif self._head is None:  # the next one's head has begun, or a body is still to come that nobody reads
            self._head = self.loop.call_later(self.head_seconds, self.transport.abort)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._let_go("_take")
        self._take = self.loop.call_later(self.take_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._let_go("_take")

    def connection_lost(self, exc: Exception | None) -> None:
        self._let_go("_head")
        self._let_go("_take")
        super().connection_lost(exc)

    def _let_go(self, name: str) -> None:
        timer: asyncio.TimerHandle | None = getattr(self, name)
        if timer is not None:
            timer.cancel()
            setattr(self, name, None)
