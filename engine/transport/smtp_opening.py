"""Opens a session with a relay: connect, TLS, EHLO, sign in. What fails says which setting to mend.

TLS, once asked for, is required and verified, name and chain; a key never goes over a clear line that leaves the
machine. Opening sends nothing of any message, so whatever happens here is known not to have sent one.
"""

import asyncio
import base64
import os
import re
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from engine.errors import SettingsError
from engine.transport.base import ConnectionFailed, Misconfigured, Throttled
from engine.transport.smtp_connection import Lost, Session
from engine.transport.smtp_envelope import Offer, Sign
from engine.transport.smtp_reply import Reply, scrubbed

_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z](?:[a-z0-9-]*[a-z0-9])?", re.IGNORECASE)

_OUT_OF_DATE = (9, 10)  # not yet valid, expired: X509_V_ERR_* of OpenSSL


class Security(StrEnum):
    """How the line to the relay is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Relay:
    """What it takes to reach one relay and send through it."""

    host: str
    port: int
    security: Security
    context: ssl.SSLContext | None = None  # None with Security.NONE alone
    username: str = field(default="", repr=False)
    secret: Callable[[], str] | None = field(default=None, repr=False)  # asked anew each time: tokens run out
    auth: str = "auto"
    is_token: bool = False
    connect_seconds: float = 10.0  # for the connection, and again for the TLS handshake
    answer_seconds: float = 60.0  # for each answer
    messages_per_connection: int = 1000
    return_path: str = ""
    mailbox: str = ""  # where emails come from, tried when there is no return_path
    helo: str = ""
    sign: Sign | None = field(default=None, repr=False)


@dataclass
class NotOpen(Exception):
    """The session could not be opened: what every message comes to that was to go over it, and the mend."""

    outcome: ConnectionFailed | Throttled | Misconfigured
    fix: str = ""

    def __str__(self) -> str:
        return self.outcome.detail


async def open_session(relay: Relay, passed: Callable[[str], None] = lambda step: None) -> Session:
    """A session ready for messages; `passed` hears of each step that went well. NotOpen otherwise."""
    session: Session | None = None
    try:
        session = await _connect(relay)
        passed(f"Connected to {relay.host} port {relay.port}.")
        await _greet(session, relay)
        if relay.security is Security.STARTTLS:
            await _start_tls(session, relay)
            await _say_hello(session, relay)
        if relay.security is not Security.NONE:
            passed(f"TLS: the certificate is good and names {relay.host}.")
        if relay.secret is not None:
            mechanism = await _sign_in(session, relay, relay.secret)
            passed(f"Signed in with {mechanism}.")
    except BaseException as error:
        if session is not None:
            session.end("The session was not opened.")
        if isinstance(error, Lost):
            lost = ConnectionFailed(f"{relay.host} port {relay.port}: {error}")
            raise NotOpen(lost, "Check `host`, `port` and `security`.") from None
        raise
    return session


async def _connect(relay: Relay) -> Session:
    loop = asyncio.get_running_loop()

    def session() -> Session:
        return Session(
            answer_seconds=relay.answer_seconds,
            most=relay.messages_per_connection,
            return_path=relay.return_path,
            sign=relay.sign,
        )

    try:
        async with asyncio.timeout(relay.connect_seconds):
            if relay.security is Security.TLS:
                made = await loop.create_connection(
                    session, relay.host, relay.port, ssl=relay.context, server_hostname=relay.host
                )
            else:
                made = await loop.create_connection(session, relay.host, relay.port)
    except ssl.SSLError as error:
        raise _tls_failed(relay, error) from None
    except TimeoutError:
        raise _unreachable(relay, f"no connection in {relay.connect_seconds:g} s") from None
    except socket.gaierror:
        raise _unreachable(relay, "the name is not known") from None
    except OSError as error:
        # Its own text holds addresses, of every one that was tried.
        raise _unreachable(relay, os.strerror(error.errno).lower() if error.errno else "nobody answers") from None
    except UnicodeError:
        raise NotOpen(Misconfigured(f"`host` {relay.host!r} is no host name."), "Mend `host`.") from None
    return made[1]


async def _greet(session: Session, relay: Relay) -> None:
    try:
        greeting = await session.ask(None)
    except Lost as error:
        # Silence is how a port for implicit TLS meets a client that waits to be greeted in clear text.
        mend = "" if relay.security is Security.TLS else ' If the port is for TLS from the start: `security = "tls"`.'
        lost = ConnectionFailed(f"{relay.host} port {relay.port}: {error}")
        raise NotOpen(lost, f"Check `host`, `port` and `security`.{mend}") from None
    if not greeting.good:
        said = f"{relay.host} greets with {greeting.said}: {scrubbed(greeting.text)}".rstrip(": ")
        # RFC 5321 section 3.1: 554 means that it takes no mail from here at all.
        outcome = Misconfigured(said) if greeting.code == 554 else ConnectionFailed(said)
        raise NotOpen(outcome, "Ask the relay's operator whether it takes mail from this machine.")
    await _say_hello(session, relay)


async def _say_hello(session: Session, relay: Relay) -> None:
    answer = await session.ask(f"EHLO {relay.helo or our_name(session)}".encode("ascii"))
    if not answer.good:
        raise _refused(answer, "The relay refuses our EHLO", "Set `helo` to this machine's full host name.")
    session.offer = Offer.read(answer.text)


async def _start_tls(session: Session, relay: Relay) -> None:
    if not session.offer.starttls:
        raise NotOpen(
            Misconfigured(f"{relay.host} does not offer STARTTLS on port {relay.port}, and clear text is not safe."),
            'Set `security = "tls"` with the port for it (465), or `security = "none"` on a line of your own.',
        )
    answer = await session.ask(b"STARTTLS")
    if not answer.good:
        raise _refused(answer, "The relay refuses STARTTLS", 'Set `security = "tls"` with the port for it (465).')
    session.nothing_more_said()
    assert relay.context is not None  # noqa: S101 - made with every security but none
    try:
        async with asyncio.timeout(relay.connect_seconds):
            stream = await asyncio.get_running_loop().start_tls(
                session.stream, session, relay.context, server_hostname=relay.host
            )
    except ssl.SSLError as error:
        raise _tls_failed(relay, error) from None
    except (OSError, TimeoutError):
        raise _unreachable(relay, "the connection was lost in the TLS handshake") from None
    if stream is None:
        raise Lost("The relay closed the connection in the TLS handshake.")
    session.secured(stream)


async def _sign_in(session: Session, relay: Relay, secret: Callable[[], str]) -> str:
    """Sign in with the first mechanism that is wanted and offered, and say which it was."""
    wanted = {"plain": ["PLAIN"], "login": ["LOGIN"], "xoauth2": ["XOAUTH2"]}.get(
        relay.auth, ["XOAUTH2"] if relay.is_token else ["PLAIN", "LOGIN"]
    )
    mechanism = next((each for each in wanted if each in session.offer.mechanisms), None)
    if mechanism is None:
        offered = ", ".join(sorted(session.offer.mechanisms)) or "none"
        raise NotOpen(
            Misconfigured(f"{relay.host} does not offer to sign in with {' or '.join(wanted)} (offered: {offered})."),
            "Set `auth` to one that is offered, or use the port and `security` where it is.",
        )
    try:
        key = secret()
    except SettingsError as error:
        raise NotOpen(Misconfigured(str(error)), error.fix) from None
    first, then = _credentials(mechanism, relay.username, key)
    answer = await session.ask(b"AUTH " + mechanism.encode() + first)
    for line in then:
        if answer.code == 334:  # XOAUTH2's challenge holds the error; an empty line asks for the 535
            answer = await session.ask(line)
    if not answer.good:
        named = "token" if relay.is_token else "password"
        raise _refused(answer, "The relay refuses our sign-in", f"Check `username` and the `{named}`.")
    session.signed_in = True
    return mechanism


def _credentials(mechanism: str, username: str, key: str) -> tuple[bytes, list[bytes]]:
    """What goes beside AUTH, and the lines after it.

    RFC 4616 (PLAIN), draft-murchison-sasl-login (LOGIN), https://developers.google.com/gmail/imap/xoauth2-protocol.
    """
    if mechanism == "PLAIN":
        return b" " + _base64(f"\0{username}\0{key}"), []
    if mechanism == "LOGIN":
        return b"", [_base64(username), _base64(key)]
    return b" " + _base64(f"user={username}\x01auth=Bearer {key}\x01\x01"), [b""]


def our_name(session: Session) -> str:
    """This machine's name if it is a full one, else its address as RFC 5321 section 4.1.3 writes it.

    No resolver is asked: on a machine without one that takes many seconds, and relays do not mind.
    """
    name = socket.gethostname()
    if _DOMAIN.fullmatch(name):
        return name
    address = str(session.stream.get_extra_info("sockname")[0]).partition("%")[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def is_domain(name: str) -> bool:
    """Whether it is a full host name, or an address in brackets, that EHLO may say."""
    return bool(_DOMAIN.fullmatch(name) or re.fullmatch(r"\[[0-9a-fA-F.:IPv]+\]", name))


def _base64(text: str) -> bytes:
    return base64.b64encode(text.encode())


def _refused(answer: Reply, what: str, fix: str) -> NotOpen:
    detail = f"{what}: {answer.said} {scrubbed(answer.text)}".rstrip()
    return NotOpen(Throttled(detail=detail) if answer.code < 500 else Misconfigured(detail), fix)


def _tls_failed(relay: Relay, error: ssl.SSLError) -> NotOpen:
    if isinstance(error, ssl.SSLCertVerificationError):
        why = f"The certificate of {relay.host} is not good: {error.verify_message.rstrip('.')}."
        mend = "Set `host` to the name in the certificate, or `ca_file` for a private CA."
        if error.verify_code in _OUT_OF_DATE:
            mend = "Have the relay's operator renew it, if this machine's clock is right."
        return NotOpen(Misconfigured(why), mend)
    why = (
        f"{relay.host} port {relay.port} does not speak TLS as `security` asks ({error.reason or 'handshake failed'})."
    )
    return NotOpen(Misconfigured(why), 'Use `security = "starttls"` (port 587) or "tls" (port 465).')


def _unreachable(relay: Relay, why: str) -> NotOpen:
    return NotOpen(ConnectionFailed(f"Cannot reach {relay.host} port {relay.port}: {why}."), "Check `host` and `port`.")
