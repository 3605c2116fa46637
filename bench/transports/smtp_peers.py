"""Other ways of sending the same emails to an SMTP server, each with a ledger: what ours is held against.

NaiveSmtp     smtplib, a row at a time, over one connection or over a new one for each message
Lockstep      as many connections as ours, and our ledger, but each command waits for its answer, and RSET comes before
              each message as in common connection pools: five round trips
Aiosmtplib    the library of that name over as many connections, and our ledger
"""

import asyncio
import smtplib
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from datetime import datetime
from email.utils import parseaddr
from typing import TYPE_CHECKING, Generic, TypeVar

from bench.naive import NaiveSender
from bench.town import Town
from bench.transports.provider import HOST
from engine.model.campaign import Channel
from engine.transport.base import Accepted, EmailMessage, Message, Outcome, OutcomeUnknown

if TYPE_CHECKING:
    import aiosmtplib

Session = TypeVar("Session")
NOT_SENT = OutcomeUnknown("Not sent.")


class NaiveSmtp(NaiveSender):
    """One row, one message, one UPDATE and COMMIT."""

    def __init__(self, place: Town, port: int, *, reuse: bool) -> None:
        super().__init__(place)
        self._now = place.clock.now()
        self._port = port
        self._session = smtplib.SMTP(HOST, port) if reuse else None

    def send(self, limit: int, now: datetime | None = None) -> int:
        return super().send(limit, now or self._now)

    def hand_over(self, row: sqlite3.Row, now: datetime) -> str:
        message = self.message(row, now)
        session = nullcontext(self._session) if self._session is not None else smtplib.SMTP(HOST, self._port)
        with session as open_session:
            open_session.send_message(message)
        return str(message["Message-ID"])

    def close(self) -> None:
        if self._session is not None:
            self._session.quit()
        super().close()


class Sessions(ABC, Generic[Session]):
    """A transport over some open sessions that share a batch between them, each sending one message after another."""

    channels = frozenset({Channel.EMAIL})

    def __init__(self, name: str, port: int, connections: int) -> None:
        self.name = name
        self._port = port
        self._connections = connections
        self._sessions: list[Session] = []

    async def send(self, batch: Sequence[Message]) -> Sequence[Outcome]:
        if not self._sessions:
            self._sessions = list(await asyncio.gather(*(self.open() for _ in range(self._connections))))
        outcomes: list[Outcome] = [NOT_SENT] * len(batch)
        waiting = enumerate(batch)
        await asyncio.gather(*(self._share(session, waiting, outcomes) for session in self._sessions))
        return outcomes

    async def _share(self, session: Session, waiting: Iterator[tuple[int, Message]], outcomes: list[Outcome]) -> None:
        for place, message in waiting:
            assert isinstance(message, EmailMessage)
            outcomes[place] = Accepted(await self.send_one(session, message))

    async def aclose(self) -> None:
        for session in self._sessions:
            await self.quit(session)
        self._sessions.clear()

    @abstractmethod
    async def open(self) -> Session: ...

    @abstractmethod
    async def send_one(self, session: Session, message: EmailMessage) -> str: ...

    @abstractmethod
    async def quit(self, session: Session) -> None: ...


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Lockstep(Sessions[Streams]):
    """A plain client: RSET, MAIL, RCPT, DATA, message; five waits."""

    async def open(self) -> Streams:
        session = await asyncio.open_connection(HOST, self._port, limit=2**20)
        await self._answer(session[0])
        await self._say(session, b"EHLO bench\r\n")
        return session

    async def send_one(self, session: Streams, message: EmailMessage) -> str:
        body = message.mime().replace(b"\r\n.", b"\r\n..")
        await self._say(session, b"RSET\r\n")
        await self._say(session, b"MAIL FROM:<" + parseaddr(message.sender)[1].encode() + b">\r\n")
        await self._say(session, b"RCPT TO:<" + message.to.encode() + b">\r\n")
        await self._say(session, b"DATA\r\n")
        answer = await self._say(session, body + b".\r\n")
        return f"{message.delivery_id} {answer.decode()}"

    async def quit(self, session: Streams) -> None:
        await self._say(session, b"QUIT\r\n")
        session[1].close()

    async def _say(self, session: Streams, what: bytes) -> bytes:
        session[1].write(what)
        return await self._answer(session[0])

    async def _answer(self, reader: asyncio.StreamReader) -> bytes:
        while (line := await reader.readline())[3:4] == b"-":
            pass
        assert line[:1] in b"23", line
        return line.rstrip()


class Aiosmtplib(Sessions["aiosmtplib.SMTP"]):
    """The library as its own pages use it, with the bytes that ours would send."""

    async def open(self) -> "aiosmtplib.SMTP":
        import aiosmtplib

        session = aiosmtplib.SMTP(hostname=HOST, port=self._port, start_tls=False)
        await session.connect()
        return session

    async def send_one(self, session: "aiosmtplib.SMTP", message: EmailMessage) -> str:
        _, answer = await session.sendmail(parseaddr(message.sender)[1], [message.to], message.mime())
        return f"{message.delivery_id} {answer}"

    async def quit(self, session: "aiosmtplib.SMTP") -> None:
        await session.quit()
