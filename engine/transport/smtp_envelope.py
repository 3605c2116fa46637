"""One message as one relay takes it: its envelope commands and its content, or why it cannot be said to this relay.

Nothing that could end a command line early gets into one. What a relay does not offer is not used: 8-bit content is
written in seven bits for it (RFC 6152), a recipient beyond ASCII is refused (RFC 6531).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parseaddr
from functools import lru_cache
from typing import NamedTuple

from engine.transport.base import (
    EmailMessage,
    Message,
    MessageRejected,
    Misconfigured,
    Outcome,
    RecipientRejected,
)

# Unquoted local part, no controls (C1 too), no space of any kind, nothing that ends or nests a path (RFC 5321 4.1.2).
_PATH = re.compile(
    r"[^\s<>()\[\]:;@\\,\"\x00-\x20\x7f-\xa0\ud800-\udfff]{1,64}@[^\s<>()\\,;@\"\x00-\x20\x7f-\xa0\ud800-\udfff]{1,255}"
)
_ENVID = re.compile(r"[!-*,-<>-~]{1,100}")  # RFC 3461 section 4.4, what needs no xtext
_LINE_END = re.compile(rb"\r\n|\r|\n")
_DOT_BEGINS = re.compile(rb"\n\.")

Sign = Callable[[bytes], bytes]
"""Content in, the same with its signature in front out."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a relay said that it can do, in answer to EHLO. `size` is its limit in octets, 0 when it names none."""

    pipelining: bool = False  # RFC 2920
    chunking: bool = False  # RFC 3030
    eight_bit: bool = False  # RFC 6152
    smtputf8: bool = False  # RFC 6531
    dsn: bool = False  # RFC 3461
    starttls: bool = False  # RFC 3207
    size: int | None = None  # RFC 1870
    mechanisms: frozenset[str] = frozenset()  # RFC 4954

    @classmethod
    def read(cls, answer: bytes) -> "Offer":
        """From the text of an EHLO reply, whose first line is a greeting."""
        words: dict[str, list[str]] = {}
        for line in answer.decode("ascii", "replace").upper().replace("AUTH=", "AUTH ").split("\n")[1:]:
            keyword, *values = line.split() or [""]
            words.setdefault(keyword, []).extend(values)
        size = words.get("SIZE")
        return cls(
            pipelining="PIPELINING" in words,
            chunking="CHUNKING" in words,
            eight_bit="8BITMIME" in words,
            smtputf8="SMTPUTF8" in words,
            dsn="DSN" in words,
            starttls="STARTTLS" in words,
            size=None if size is None else int(size[0][:18]) if size and size[0].isdecimal() else 0,
            mechanisms=frozenset(words.get("AUTH", ())),
        )

    def __str__(self) -> str:
        named = {
            "PIPELINING": self.pipelining, "CHUNKING": self.chunking, "8BITMIME": self.eight_bit,
            "SMTPUTF8": self.smtputf8, "DSN": self.dsn, "SIZE": self.size is not None,
        }  # fmt: skip
        return ", ".join(name for name, has in named.items() if has) or "none"


class Ready(NamedTuple):
    """A message as it goes over the wire; both commands and the content end with CRLF."""

    mail: bytes
    rcpt: bytes
    content: bytes


def prepare(message: Message, offer: Offer, return_path: str, sign: Sign | None = None) -> Ready | Outcome:
    """`message` for a relay with this `offer`; an outcome when it must not or cannot be sent there. Never raises."""
    if not isinstance(message, EmailMessage):
        return MessageRejected("channel", "An SMTP relay carries email only.")
    try:
        return _prepared(message, offer, return_path or mailbox(message.sender), sign)
    except Exception as error:  # one message that cannot be written must not take its batch along
        return MessageRejected("unwritable", f"The message cannot be written ({type(error).__name__}).")


def _prepared(message: EmailMessage, offer: Offer, sender: str, sign: Sign | None) -> Ready | Outcome:
    to = message.to
    if not is_path(to):
        return MessageRejected("address", "The recipient's address is not one plain address.")
    if not sender:
        return Misconfigured("The sender is not one plain address: mend return_path, or the campaign's sender.")
    international = not (to.isascii() and sender.isascii())
    if international and not (offer.smtputf8 and offer.eight_bit):
        if not sender.isascii():
            return Misconfigured("The sender's address is not ASCII and the relay does not offer SMTPUTF8.")
        return RecipientRejected("smtputf8", None, "The address is not ASCII and the relay does not offer SMTPUTF8.")
    content = whole_lines(message.mime())
    eight_bit = not content.isascii()
    if eight_bit and not offer.eight_bit:
        content, eight_bit = seven_bits(content), False
    if sign is not None:
        content = sign(content)
    mail = b"MAIL FROM:<" + sender.encode() + b">"
    if offer.size is not None:
        if 0 < offer.size < len(content):
            return MessageRejected("size", f"The message has {len(content)} octets, the relay takes {offer.size}.")
        mail += b" SIZE=%d" % len(content)
    if eight_bit:
        mail += b" BODY=8BITMIME"
    if international:
        mail += b" SMTPUTF8"
    rcpt = b"RCPT TO:<" + to.encode() + b">"
    if offer.dsn:
        mail += b" RET=HDRS"
        if _ENVID.fullmatch(message.reference):
            mail += b" ENVID=" + message.reference.encode()
        rcpt += b" NOTIFY=FAILURE,DELAY"
    return Ready(mail + b"\r\n", rcpt + b"\r\n", content)


@lru_cache(maxsize=256)
def mailbox(sender: str) -> str:
    """The address of `Name <local@domain>`; nothing when it cannot stand in MAIL."""
    address = parseaddr(sender)[1]
    return address if is_path(address) else ""


def is_path(address: str) -> bool:
    """Whether an address can stand between the angle brackets of MAIL and RCPT."""
    return _PATH.fullmatch(address) is not None


def whole_lines(content: bytes) -> bytes:
    """The same with every line end CRLF, the last one too.

    A bare CR or LF is none in SMTP (RFC 5321 section 2.3.8), but some relays take it for one, and then what follows
    for the end of the message and commands of its own.
    """
    if content.replace(b"\r", b"").replace(b"\n", b"\r\n") != content:  # the quickest way to ask
        content = _LINE_END.sub(b"\r\n", content)
    return content if content.endswith(b"\r\n") else content + b"\r\n"


def stuffed(content: bytes) -> bytes:
    """Whole lines for DATA: a dot that begins a line is doubled (RFC 5321 section 4.5.2)."""
    if _DOT_BEGINS.search(content):  # looking this way takes a tenth of the time that `replace` takes to find nothing
        content = content.replace(b"\r\n.", b"\r\n..")
    return b"." + content if content.startswith(b".") else content


def seven_bits(content: bytes) -> bytes:
    """The same message, its 8-bit parts in quoted-printable or base64. Slow, for relays of before 1994."""
    from email import message_from_bytes, policy

    parsed = message_from_bytes(content, policy=policy.SMTP.clone(cte_type="7bit", refold_source="none"))
    if parsed["MIME-Version"] is None:
        parsed["MIME-Version"] = "1.0"
    for part in parsed.walk():
        if not part.is_multipart() and part.get_content_charset() is None:
            part.set_param("charset", "utf-8")
        elif part.is_multipart() and part["Content-Transfer-Encoding"] is not None:
            part.replace_header("Content-Transfer-Encoding", "7bit")
    return parsed.as_bytes()
