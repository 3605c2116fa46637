"""What all sinks share: which messages have come, answers that take their time, and the process they live in.

A sink is the cheapest provider that can tell whether each message came exactly once. Its process prints its port, then
reads orders from standard input, a line each: `count` prints what has come as one line of JSON, `forget` begins anew.
It ends when its standard input does.
"""

import asyncio
import json
import sys
from collections import deque
from collections.abc import Callable
from ssl import SSLContext
from time import process_time


class Seen:
    """Which messages have come. A message is known by an id that its sender has put into it."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.messages = 0
        self.different: set[bytes] = set()
        self._worked = process_time()

    def add(self, identity: bytes) -> None:
        """One message has come, whole."""
        self.messages += 1
        self.different.add(identity)

    def counted(self) -> str:
        """What has come since `forget`, and the sink's own processor seconds: a sink must not be what is measured."""
        processor = process_time() - self._worked
        return json.dumps({"messages": self.messages, "different": len(self.different), "processor": processor})


class Answers:
    """Writes answers in the order in which they are given, each `latency` seconds later: one round trip of the wire."""

    def __init__(self, transport: asyncio.Transport, latency: float) -> None:
        self._transport = transport
        self._latency = latency
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[float, bytes, bool]] = deque()

    def give(self, answer: bytes, last: bool = False) -> None:
        """Write `answer`, and close the connection after it if it is the `last`."""
        if not self._latency:
            self._write(answer, last)
            return
        self._waiting.append((self._loop.time() + self._latency, answer, last))
        if len(self._waiting) == 1:
            self._loop.call_at(self._waiting[0][0], self._due)

    def _due(self) -> None:
        now = self._loop.time()
        while self._waiting and self._waiting[0][0] <= now + 0.0001:  # timers fire this early, by the clock's grain
            _, answer, last = self._waiting.popleft()
            self._write(answer, last)
        if self._waiting:
            self._loop.call_at(self._waiting[0][0], self._due)

    def _write(self, answer: bytes, last: bool) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)
            if last:
                self._transport.close()


async def serve(make: Callable[[], asyncio.Protocol], seen: Seen, tls: SSLContext | None = None) -> None:
    """Serve on a free loopback port and obey standard input until it ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(make, "127.0.0.1", 0, ssl=tls, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while order := await orders.readline():
        if order == b"count\n":
            print(seen.counted(), flush=True)
        elif order == b"forget\n":
            seen.forget()
            print("{}", flush=True)
    server.close()
