"""The least that any client could do: write bytes that were made before, and read what comes back.

No database, no rendering, no outcomes. It speaks as ours does on the same wire, over as many connections:

    PIPELINING    a message's body goes out together with the next message's MAIL, RCPT and DATA: one round trip each
    CHUNKING      MAIL, RCPT and the whole message in one write, WINDOW of them under way at a time
"""

import asyncio
from collections.abc import Sequence
from email.utils import parseaddr
from typing import cast

from bench.transports.provider import HOST
from engine.transport.base import EmailMessage

WINDOW = 8

Group = tuple[bytes, int]
"""What is written at once, and how many lines answer it."""


class Bare:
    """A way of sending the same emails again and again."""

    def __init__(self, port: int, connections: int, emails: Sequence[EmailMessage], *, chunking: bool) -> None:
        self._port = port
        self._connections = connections
        self._window = WINDOW if chunking else 1
        written = _chunked if chunking else _pipelined
        shares = [emails[number::connections] for number in range(connections)]
        self._shares = [written(share) for share in shares if share]
        self._messages = len(emails)
        self._runner = asyncio.Runner()
        self._sessions: list[BareSession] = []

    def send(self, messages: int) -> int:
        assert messages == self._messages, "the bytes were made for another number of messages"
        return self._runner.run(self._send())

    async def _send(self) -> int:
        while len(self._sessions) < self._connections:
            self._sessions.append(await _open(self._port))
        await asyncio.gather(
            *(session.write(share, self._window) for session, share in zip(self._sessions, self._shares, strict=True))
        )
        return self._messages

    def close(self) -> None:
        self._runner.run(_close(self._sessions))
        self._runner.close()


class BareSession(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def write(self, groups: Sequence[Group], window: int) -> "asyncio.Future[None]":
        """Write `groups`, `window` of them ahead of their answers; done when all are answered."""
        self._groups, self._answered, self._lines = groups, 0, 0
        self._next = min(window, len(groups))
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport.write(b"".join([written for written, _ in groups[:window]]))
        return self._done

    def data_received(self, data: bytes) -> None:
        self._lines += data.count(b"\n")
        groups, before = self._groups, self._next
        while self._answered < len(groups) and self._lines >= groups[self._answered][1]:
            self._lines -= groups[self._answered][1]
            self._answered += 1
            self._next += self._next < len(groups)
        if self._next > before:
            self.transport.write(b"".join([written for written, _ in groups[before : self._next]]))
        if self._answered == len(groups):
            self._done.set_result(None)


async def _open(port: int) -> BareSession:
    _, session = await asyncio.get_running_loop().create_connection(BareSession, HOST, port)
    await session.write([(b"HELO bench\r\n", 2)], 1)  # the greeting, and the answer
    return session


async def _close(sessions: Sequence[BareSession]) -> None:
    for session in sessions:
        session.transport.close()
    await asyncio.sleep(0)


def _pipelined(emails: Sequence[EmailMessage]) -> list[Group]:
    bodies = [each.mime().replace(b"\r\n.", b"\r\n..") + b".\r\n" for each in emails]
    envelopes = [_envelope(each) + b"DATA\r\n" for each in emails]
    groups = [(body + envelope, 4) for body, envelope in zip(bodies[:-1], envelopes[1:], strict=True)]
    return [(envelopes[0], 3), *groups, (bodies[-1], 1)]


def _chunked(emails: Sequence[EmailMessage]) -> list[Group]:
    return [(_envelope(each) + b"BDAT %d LAST\r\n" % len(mime) + mime, 3) for each in emails for mime in [each.mime()]]


def _envelope(email: EmailMessage) -> bytes:
    return b"MAIL FROM:<%b>\r\nRCPT TO:<%b>\r\n" % (parseaddr(email.sender)[1].encode(), email.to.encode())
