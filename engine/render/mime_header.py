"""Header fields as bytes: encoded words for what is not ASCII (RFC 2047), folding, and no way to smuggle in a line."""

import re
import unicodedata
from binascii import b2a_base64
from collections.abc import Iterator
from email.utils import parseaddr
from functools import lru_cache

from engine.render.spec_errors import RenderError

# One address and nothing else: no list, group, comment, quoting or space. Letters beyond ASCII go out as UTF-8, which
# a transport may send only to a server with SMTPUTF8 (RFC 6532); import lets none in.
_ADDRESS = re.compile(r"[^\s<>()\[\]:;@\\,\"\x00-\x20\x7f]+@[^\s<>()\[\]:;@\\,\"\x00-\x20\x7f]+")
_PLAIN = re.compile(r"[!-~]+(?: [!-~]+)*")
_BARE = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?: [\w!#$%&'*+/=?^`{|}~-]+)*")  # needs no quotes as a display name
_REFUSED = frozenset({"Cc", "Cs", "Zl", "Zp"})
_FOLD_AT = 76
_WORD_OCTETS = 39  # makes an encoded word of 64 characters: with "Subject: ", within the 76 of RFC 2047 section 2
_MAILBOXES = frozenset({"From", "Sender", "Reply-To"})


@lru_cache(maxsize=1024)
def field(name: str, value: str) -> bytes:
    """As `encoded`, remembered: for what many messages share."""
    return encoded(name, value)


def encoded(name: str, value: str) -> bytes:
    """The body of the header `name`, folded; mailboxes get their display name encoded, not their address.

    RenderError when the value holds a line break, another control character or half a surrogate pair.
    """
    refuse_breaks(name, value)
    if name in _MAILBOXES:
        return _mailbox(name, value)
    if _PLAIN.fullmatch(value) and "=?" not in value:
        if len(name) + len(value) + 2 <= _FOLD_AT or name.startswith("List-"):
            return value.encode("ascii")
        if max(map(len, value.split(" "))) < _FOLD_AT - len(name) - 2:
            return _folded(name, value)
    return _words(value)


def recipient(address: str) -> bytes:
    """A To field of exactly one address; RenderError for anything else."""
    if not _ADDRESS.fullmatch(address):
        raise RenderError("the recipient's address is not one plain address", "Correct it, or import it again.")
    return address.encode()


def refuse_breaks(name: str, value: str) -> None:
    """RenderError, without the value, when it could end the header or hide what it says."""
    if not value.isprintable() and any(unicodedata.category(char) in _REFUSED for char in value):
        raise RenderError(f"the {name} header would hold a line break or a control character", "Remove it.")


def mailbox(display: str, address: str) -> str:
    """`Name <local@domain>` for people and programs to read, quoted where RFC 5322 asks; not yet encoded."""
    if not display:
        return address
    if not _BARE.fullmatch(display):
        quoted = display.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" <{address}>'
    return f"{display} <{address}>"


def _mailbox(name: str, value: str) -> bytes:
    display, address = parseaddr(value)
    if not _ADDRESS.fullmatch(address):
        raise RenderError(f"the {name} header is not one mailbox", "Write it as Name <local@domain>.")
    if not display:
        return address.encode()
    if display.isascii() and "=?" not in display:
        whole = mailbox(display, address)
        # Folded before the address only: a display name long past a line is the operator's own to shorten.
        return (whole if len(name) + len(whole) + 2 <= _FOLD_AT else "\r\n <".join(whole.rsplit(" <", 1))).encode()
    return _words(display) + b"\r\n <" + address.encode() + b">"


def _folded(name: str, value: str) -> bytes:
    lines, room = [""], _FOLD_AT - len(name) - 2
    for word in value.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > room:
            lines.append("")
            room = _FOLD_AT - 1
        lines[-1] += f" {word}" if lines[-1] else word
    return "\r\n ".join(lines).encode("ascii")


def _words(value: str) -> bytes:
    """Encoded words, one a line; a reader joins them without the line ends between (RFC 2047 section 6.2)."""
    return b"\r\n ".join(b"=?utf-8?b?" + b2a_base64(part, newline=False) + b"?=" for part in _portions(value))


def _portions(value: str) -> Iterator[bytes]:
    """`value` in UTF-8, cut between characters."""
    portion = b""
    for char in value:
        octets = char.encode()
        if len(portion) + len(octets) > _WORD_OCTETS:
            yield portion
            portion = b""
        portion += octets
    yield portion
