"""The SMTP transport in front of a scripted relay, for the suite of situations.

SERVER_ERROR is a relay that takes the message and hangs up without an answer: in SMTP an error that is said is known
not to have accepted. Only the situations that wait have short time-outs, so that a busy machine does not make others.
"""

import socket
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from smtp_server import CHUNKED, Act, Answer, Server, serving

from engine.testing import certificate
from engine.testing.situations import Situation, Stage
from engine.testing.transports import email
from engine.transport.base import EmailMessage, Message
from engine.transport.setup import Setup
from engine.transport.smtp import SmtpTransport

SCRIPTS: Mapping[Situation, Mapping[str | tuple[str, int], Answer]] = {
    Situation.ACCEPTED: {},
    Situation.PARTIAL: {("RCPT", 2): b"550 5.7.1 Not here"},
    Situation.BAD_MESSAGE: {"CONTENT": b"554 5.7.1 Looks like spam"},
    Situation.BAD_KEY: {"AUTH": b"535 5.7.8 Authentication credentials invalid"},
    Situation.THROTTLED_FOR: {"MAIL": b"421 4.7.0 Too many messages, come back later"},
    Situation.THROTTLED: {"RCPT": b"451 4.7.1 Greylisted"},
    Situation.SERVER_ERROR: {"CONTENT": Act.CLOSE},
    Situation.OPTED_OUT: {"RCPT": b"550 5.7.1 This recipient has unsubscribed"},
    Situation.BAD_RECIPIENT: {"RCPT": b"550 5.1.1 User unknown"},
    Situation.UNREADABLE: {"CONTENT": b"<html>250 2.0.0 Ok</html>"},
    Situation.REFUSED: {},
    Situation.SILENT_BEFORE: {"GREET": Act.SILENT},
    Situation.SILENT_AFTER: {"CONTENT": Act.SILENT},
    Situation.RESET: {"CONTENT": Act.RESET},
    Situation.SLOW: {"CONTENT": Act.SLOW},
    Situation.WRONG_NAME: {},
}
WAITING = {Situation.SILENT_BEFORE, Situation.SILENT_AFTER, Situation.SLOW}


class SmtpRig:
    """Stages with a relay that offers what `offer` names."""

    def __init__(self, offer: Sequence[str] = CHUNKED) -> None:
        self._offer = offer

    def message(self, delivery_id: int) -> Message:
        return email(delivery_id)

    def stage(self, situation: Situation) -> AbstractAsyncContextManager[Stage] | None:
        return self._stage(situation)

    @asynccontextmanager
    async def _stage(self, situation: Situation) -> AsyncIterator[Stage]:
        with tempfile.TemporaryDirectory() as folder:
            options: dict[str, object] = {"answer_seconds": 0.3 if situation in WAITING else 30}
            server = Server((*self._offer, "AUTH PLAIN"), SCRIPTS[situation])
            if situation is Situation.WRONG_NAME:
                server.tls, authority = certificate.serving(Path(folder), "other.example")
                server.implicit = True
                options |= {"ca_file": str(authority), "security": "tls"}
            if situation is Situation.BAD_KEY:
                options |= {"username": "us", "password": "swordfish"}
            async with serving(server):
                transport = smtp(server, **options)
                if situation is Situation.REFUSED:
                    transport = smtp(Server(port=free_port()), **options)
                yield Stage(transport, server)


def smtp(server: Server, **options: object) -> SmtpTransport:
    """The transport, set up for a server on loopback, in clear text unless said otherwise."""
    usual: dict[str, object] = {"host": "127.0.0.1", "port": server.port, "security": "none", "answer_seconds": 30}
    return SmtpTransport.configure(Setup("smtp", usual | options))


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def mails(*numbers: int, **fields: str) -> list[EmailMessage]:
    """Emails with these delivery ids."""
    return [email(number, **fields) for number in numbers]


RIG = SmtpRig()
