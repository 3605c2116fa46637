"""An email as bytes, from a skeleton made once for all messages of a step.

The standard library takes about 1.6 ms to build one; this takes about ten microseconds, and parses back equal to it
(a property test holds them together). What is constant is encoded once; a message adds its slots and its two bodies.

RFC 5322 (headers, line ends), RFC 2045 (8bit up to 998 octets a line, else quoted-printable), RFC 2046 (boundary),
RFC 2047 (see mime_header).
"""

from binascii import b2a_qp
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from hashlib import blake2b

from engine.render.mime_header import field, recipient, refuse_breaks
from engine.transport.base import EmailMessage

LONGEST_LINE = 998
"""Octets, without CRLF: RFC 5322 section 2.1.1."""


class Skeleton:
    """What all emails of one step share. `identity` names the step, so that its boundary is the same every time."""

    def __init__(self, identity: str, sender: str, headers: Sequence[tuple[str, str]]) -> None:
        self._boundary = _boundary(identity.encode())
        self._sender = sender
        self._opening = b"From: " + field("From", sender) + b"\r\nTo: "
        self._constant = {pair: _line(*pair) for pair in headers}

    def assemble(self, message: EmailMessage) -> bytes:
        """The message with CRLF line ends. RenderError when a header slot holds a line break or a control character."""
        text, text_coding = _body(message.text)
        html, html_coding = _body(message.html)
        boundary = self._boundary
        while boundary in text or boundary in html:
            boundary = _boundary(boundary + message.message_id.encode())
        opening = (
            self._opening if message.sender == self._sender else b"From: " + field("From", message.sender) + b"\r\nTo: "
        )
        refuse_breaks("Message-ID", message.message_id)
        constant = self._constant
        return b"".join(
            (
                opening,
                recipient(message.to),
                b"\r\nSubject: ",
                field("Subject", message.subject),
                b"\r\nDate: ",
                _date(message.date),
                b"\r\nMessage-ID: ",
                message.message_id.encode(),
                b"\r\n",
                *[constant.get(pair) or _line(*pair) for pair in message.headers],
                b"MIME-Version: 1.0\r\nContent-Transfer-Encoding: ",
                b"8bit" if b"8bit" in (text_coding, html_coding) else b"7bit",
                b'\r\nContent-Type: multipart/alternative; boundary="',
                boundary,
                b'"\r\n\r\n--',
                boundary,
                b'\r\nContent-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: ',
                text_coding,
                b"\r\n\r\n",
                text,
                b"\r\n--",
                boundary,
                b'\r\nContent-Type: text/html; charset="utf-8"\r\nContent-Transfer-Encoding: ',
                html_coding,
                b"\r\n\r\n",
                html,
                b"\r\n--",
                boundary,
                b"--\r\n",
            )
        )


def _boundary(seed: bytes) -> bytes:
    # "=_" cannot be in quoted-printable text (RFC 2045 section 6.7); other text is searched for the whole.
    return b"=_" + blake2b(seed, digest_size=16, person=b"boundary").hexdigest().encode()


def _line(name: str, value: str) -> bytes:
    return name.encode("ascii") + b": " + field(name, value) + b"\r\n"


@lru_cache(maxsize=64)  # a batch has one date
def _date(when: datetime) -> bytes:
    if when.tzinfo is None:
        raise ValueError("a message's date needs a UTC offset")
    return format_datetime(when).encode("ascii")


def _body(text: str) -> tuple[bytes, bytes]:
    """A part's content with CRLF line ends, and the transfer encoding that carries it unharmed."""
    raw = text.encode()
    if b"\r" in raw:
        raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if not raw.endswith(b"\n"):
        raw += b"\n"
    if b"\0" in raw or _has_long_line(raw):
        return b"\r\n".join([_quoted(line) for line in raw.split(b"\n")]), b"quoted-printable"
    return raw.replace(b"\n", b"\r\n"), b"7bit" if raw.isascii() else b"8bit"


def _has_long_line(raw: bytes) -> bool:
    """Whether a line of `raw`, which ends with a line end, is over LONGEST_LINE; leaps from line end to line end."""
    start, size = 0, len(raw)
    while size - start > LONGEST_LINE + 1:
        start = raw.rfind(b"\n", start, start + LONGEST_LINE + 1) + 1
        if not start:
            return True
    return False


def _quoted(line: bytes) -> bytes:
    """One line in quoted-printable, soft-broken at 76 characters."""
    return b2a_qp(line, quotetabs=False, istext=True).replace(b"=\n", b"=\r\n")
