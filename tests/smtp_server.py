"""A strict SMTP server on loopback that follows a script: what it offers, what it answers to which command, and when.

It keeps what it accepted octet for octet, and notes what a client must not do: speak before an answer when PIPELINING
is not offered, send 8-bit octets undeclared, put DATA anywhere but last in a group.
"""

import asyncio
import re
import socket
import ssl
import struct
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum, auto

CHUNKED = ("PIPELINING", "CHUNKING", "8BITMIME", "SMTPUTF8", "DSN", "SIZE 10240000", "ENHANCEDSTATUSCODES")
PIPELINED = tuple(word for word in CHUNKED if word != "CHUNKING")
LOCKSTEP = ("8BITMIME", "SIZE")
MANNERS = {"chunked": CHUNKED, "pipelined": PIPELINED, "lockstep": LOCKSTEP}


class Act(Enum):
    """What a server may do instead of answering."""

    SILENT = auto()
    CLOSE = auto()
    RESET = auto()
    SLOW = auto()


Answer = bytes | Act
OK = {
    "GREET": b"220 relay.example ESMTP",
    "RSET": b"250 2.0.0 Ok",
    "MAIL": b"250 2.1.0 Ok",
    "RCPT": b"250 2.1.5 Ok",
    "DATA": b"354 End data with <CR><LF>.<CR><LF>",
    "STARTTLS": b"220 2.0.0 Ready",
    "AUTH": b"235 2.7.0 Authenticated",
    "QUIT": b"221 2.0.0 Bye",
    "NOOP": b"250 2.0.0 Ok",
}


VERBS = {"EHLO", "STARTTLS", "AUTH", "RSET", "MAIL", "RCPT", "DATA", "BDAT"}


@dataclass
class Mail:
    """One message that was accepted."""

    sender: str
    recipients: list[str]
    content: bytes
    mail_parameters: str
    rcpt_parameters: str
    connection: int

    @property
    def delivery_id(self) -> int:
        found = re.search(rb"Message-ID: <(\d+)[.@]", self.content)
        assert found is not None
        return int(found[1])


@dataclass
class Server:
    """Answers by `script`: a verb (CONTENT for the end of a message), or a verb and how often it has come, by 1."""

    offer: Sequence[str] = CHUNKED
    script: Mapping[str | tuple[str, int], Answer] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    implicit: bool = False
    keep: bool = True
    lax: bool = False  # takes a recipient whose sender it refused
    port: int = 0
    mails: list[Mail] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    wrongs: list[str] = field(default_factory=list)
    connections: int = 0
    ended: asyncio.Event = field(default_factory=asyncio.Event)  # a connection has
    counts: Counter[str] = field(default_factory=Counter)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    def accepted(self) -> Sequence[int]:
        return [mail.delivery_id for mail in self.mails]

    def scripted(self, verb: str) -> Answer | None:
        self.counts[verb] += 1
        return self.script.get((verb, self.counts[verb]), self.script.get(verb))


class Hung(Exception):
    """The connection is over."""


class Conversation:
    """One connection to a server."""

    def __init__(self, server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server, self.reader, self.writer = server, reader, writer
        server.connections += 1
        self.number = server.connections
        self.offer = server.offer
        self.sender: str | None = None
        self.recipients: list[str] = []
        self.parameters = ["", ""]

    async def serve(self) -> None:
        await self.say("GREET")
        while True:
            line = await self.reader.readuntil(b"\n")
            if not line.endswith(b"\r\n"):
                self.server.wrongs.append("a line without CRLF")
            text = line.decode().rstrip("\r\n")
            verb = text.split(" ")[0].split(":")[0].upper()
            self.server.log.append(text)
            if not verb.startswith("BDAT"):
                self.no_more_than_offered(verb)
            if verb == "QUIT":
                await self.say("QUIT")
                return
            obey = getattr(self, verb.lower(), None) if verb in VERBS else None
            await (obey(text) if obey is not None else self.answer(b"500 5.5.2 What?"))

    async def ehlo(self, _: str) -> None:
        lines = ["relay.example greets you", *self.offer]
        answer = "\r\n".join(f"250{'-' if line is not lines[-1] else ' '}{line}" for line in lines)
        await self.say("EHLO", answer.encode())

    async def starttls(self, _: str) -> None:
        await self.say("STARTTLS")
        assert self.server.tls is not None
        await self.writer.start_tls(self.server.tls)
        self.offer = [word for word in self.offer if word != "STARTTLS"]

    async def rset(self, _: str) -> None:
        self.forget()
        await self.say("RSET")

    def no_more_than_offered(self, verb: str) -> None:
        ahead = bytes(self.reader._buffer)  # type: ignore[attr-defined]
        if ahead and ("PIPELINING" not in self.offer or verb in {"DATA", "EHLO", "STARTTLS", "AUTH", "QUIT"}):
            self.server.wrongs.append(f"more after {verb}")

    async def auth(self, text: str) -> None:
        if text.upper() == "AUTH LOGIN":
            for challenge in (b"334 VXNlcm5hbWU6", b"334 UGFzc3dvcmQ6"):
                await self.answer(challenge)
                self.server.log.append((await self.reader.readuntil(b"\r\n")).decode().strip())
        elif "XOAUTH2" in text and "AUTH" in self.server.script:
            await self.answer(b"334 eyJzdGF0dXMiOiI0MDEifQ==")
            self.server.log.append((await self.reader.readuntil(b"\r\n")).decode().strip())
        await self.say("AUTH")

    async def mail(self, text: str) -> None:
        if self.sender is not None:
            return await self.answer(b"503 5.5.1 Nested MAIL command")
        path, _, self.parameters[0] = text.partition("<")[2].partition("> ")
        if await self.say("MAIL"):
            self.sender = path.rstrip(">")
        return None

    async def rcpt(self, text: str) -> None:
        if self.sender is None and not self.server.lax:
            return await self.answer(b"503 5.5.1 Need MAIL command")
        path, _, self.parameters[1] = text.partition("<")[2].partition("> ")
        if await self.say("RCPT"):
            self.recipients.append(path.rstrip(">"))
        return None

    async def data(self, _: str) -> None:
        eager = self.server.script.get("DATA") == b"354 eager"  # it wants the content even if there is nobody for it
        if not self.recipients and not eager:
            return await self.answer(b"554 5.5.1 No valid recipients")
        if not await self.say("DATA"):
            return None
        content = b""
        while (line := await self.reader.readuntil(b"\r\n")) != b".\r\n":
            content += line.removeprefix(b".")
        if not self.recipients:
            self.forget()
            return await self.answer(b"554 5.5.1 No valid recipients")
        return await self.content(content)

    async def bdat(self, text: str) -> None:
        if "CHUNKING" not in self.offer:
            self.server.wrongs.append("BDAT that was not offered")
        _, size, last = text.split(" ")
        content = await self.reader.readexactly(int(size))
        assert last == "LAST"
        if not self.recipients:
            return await self.answer(b"503 5.5.1 No valid recipients")
        return await self.content(content)

    async def content(self, content: bytes) -> None:
        if not content.isascii() and "BODY=8BITMIME" not in self.parameters[0]:
            self.server.wrongs.append("8-bit octets that were not declared")
        mail = Mail(self.sender or "", self.recipients, content, self.parameters[0], self.parameters[1], self.number)
        self.forget()
        queued = len(self.server.mails) + 1
        if await self.say("CONTENT", b"250 2.0.0 Ok: queued as Q%06d" % queued) and self.server.keep:
            self.server.mails.append(mail)

    def forget(self) -> None:
        self.sender, self.recipients = None, []

    async def say(self, verb: str, usual: bytes = b"") -> bool:
        """Answer as the script says, or as usual; whether the answer is that of a server that goes on."""
        answer = self.server.scripted(verb)
        if answer is None:
            answer = usual or OK[verb]
        if isinstance(answer, bytes):
            await self.answer(answer)
            return answer[:1] in b"23"
        if answer is Act.SILENT:
            await self.reader.read()  # until the client has had enough
        elif answer is Act.SLOW:
            for octet in b"250 2.0.0 Ok: queued as SLOW" + b"." * 40 + b"\r\n":
                self.writer.write(bytes([octet]))
                await asyncio.sleep(0.02)
        elif answer is Act.RESET:
            self.writer.write(b"250 2.")
            await asyncio.sleep(0)
            sock = self.writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.writer.transport.abort()
        raise Hung

    async def answer(self, line: bytes) -> None:
        self.writer.write(line + b"\r\n")
        await self.writer.drain()
        if line.startswith(b"421 4.7.0 Closing"):
            raise Hung


@asynccontextmanager
async def serving(server: Server) -> AsyncIterator[Server]:
    """The server, listening on a port of its own, until the context ends."""
    conversations: set[asyncio.Task[None]] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        conversations.add(task)
        server.writers.append(writer)
        try:
            await Conversation(server, reader, writer).serve()
        except (Hung, asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError, ssl.SSLError):
            pass
        finally:
            conversations.discard(task)
            server.ended.set()
            writer.close()

    listening = await asyncio.start_server(
        converse, "127.0.0.1", server.port, ssl=server.tls if server.implicit else None, limit=2**24
    )
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for task in list(conversations):
            task.cancel()
        await asyncio.gather(*conversations, return_exceptions=True)
        await listening.wait_closed()
        await asyncio.sleep(0)
