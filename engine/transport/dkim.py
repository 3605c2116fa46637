"""Signs emails with DKIM (RFC 6376; RFC 8463 for Ed25519), relaxed/relaxed, the key read once.

What mailbox providers ask of bulk mail is covered: List-Unsubscribe and List-Unsubscribe-Post too (RFC 8058 section 4).
Headers that a forger would add a second of are signed once more than they occur, so that an added one breaks the
signature (RFC 6376 section 8.15).
"""

import base64
import hashlib
import re
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

SIGNED = (
    b"from", b"reply-to", b"to", b"subject", b"date", b"message-id", b"mime-version", b"content-type",
    b"content-transfer-encoding", b"list-id", b"list-unsubscribe", b"list-unsubscribe-post", b"auto-submitted",
)  # fmt: skip
ONCE_MORE = [b"from", b"reply-to", b"to", b"subject", b"date", b"message-id", b"mime-version", b"content-type"]

_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:((?:[^\r]|\r(?!\n)|\r\n[ \t])*)\r\n")
_SPACES = re.compile(rb"[ \t]+")
_SPACES_AT_END = re.compile(rb"[ \t]+\r\n")
_BASE64_LINE = 72
_NAMES_A_LINE = 3


class Signer:
    """Signs for one domain and selector. ValueError when `pem` holds no RSA or Ed25519 key that signs."""

    def __init__(self, domain: str, selector: str, pem: bytes) -> None:
        algorithm, self._signed = _signing(pem)
        self._head = f"v=1; a={algorithm}; c=relaxed/relaxed; d={domain}; s={selector};\r\n h=".encode("ascii")

    def sign(self, message: bytes) -> bytes:
        """`message` (CRLF line ends) with its DKIM-Signature in front."""
        head, _, body = message.partition(b"\r\n\r\n")
        fields: dict[bytes, list[bytes]] = {}
        for name, value in _FIELD.findall(head + b"\r\n"):
            fields.setdefault(name.lower(), []).append(value)
        names = [name for name in SIGNED for _ in fields.get(name, ())]
        listed = [*names, *ONCE_MORE]
        lines = [b":".join(listed[start : start + _NAMES_A_LINE]) for start in range(0, len(listed), _NAMES_A_LINE)]
        hashed = base64.b64encode(hashlib.sha256(relaxed_body(body)).digest())
        value = self._head + b":\r\n ".join(lines) + b";\r\n bh=" + hashed + b";\r\n b="
        # Of a header that occurs twice the last is signed first (RFC 6376 section 5.4.2).
        signed = [name + b":" + _relaxed(fields[name].pop()) + b"\r\n" for name in names]
        signature = self._signed(b"".join(signed) + b"dkim-signature:" + _relaxed(value))
        return b"".join((b"DKIM-Signature: ", value, _folded(base64.b64encode(signature)), b"\r\n", message))


def relaxed_body(body: bytes) -> bytes:
    """The body as RFC 6376 section 3.4.4 has it: no space at line ends, one where there were several, no empty end."""
    if b"  " in body or b"\t" in body:
        body = _SPACES.sub(b" ", body)
    if b" \r\n" in body:
        body = body.replace(b" \r\n", b"\r\n")
    if body.endswith(b"\r\n\r\n") or not body.endswith(b"\r\n"):
        end = len(body)
        while body.endswith(b"\r\n", 0, end):
            end -= 2
        body = body[:end].rstrip(b" ") + b"\r\n"
    return b"" if body == b"\r\n" else body


def _relaxed(value: bytes) -> bytes:
    return _SPACES.sub(b" ", value.replace(b"\r\n", b"")).strip(b" ")


def _folded(signature: bytes) -> bytes:
    lines = range(0, len(signature), _BASE64_LINE)
    return b"\r\n ".join(signature[start : start + _BASE64_LINE] for start in lines)


def _signing(pem: bytes) -> tuple[str, Callable[[bytes], bytes]]:
    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError as error:  # it wants a pass phrase
        raise ValueError("the key is locked with a pass phrase") from error
    if isinstance(key, Ed25519PrivateKey):  # RFC 8463: it signs the hash, not the text
        return "ed25519-sha256", lambda data: key.sign(hashlib.sha256(data).digest())
    if isinstance(key, RSAPrivateKey) and key.key_size >= 1024:  # RFC 8301 section 3.2
        padding, digest = PKCS1v15(), SHA256()
        return "rsa-sha256", lambda data: key.sign(data, padding, digest)
    raise ValueError("neither RSA of 1024 bits or more, nor Ed25519")
