"""Opens what a mail server sends back: the fields of its report, and the headers of the message it returns.

Anyone can write to a bounce address, so work and memory are bounded whatever is in the mail: only its beginning is
parsed (a report comes before the returned message, whose own headers come first), and not when it is nested deeper or
cut into more parts than any mail server does. Nothing here raises.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser, HeaderParser
from email.policy import compat32

MOST_BYTES = 1_000_000
"""The longest mail that is looked at. Mail servers return headers, or a message of ours, which is far shorter."""
READ_BYTES = 256 * 1024
READ_LINES = 10_000
MOST_PARTS = 40
MOST_NESTED = 4
MOST_GROUPS = 100

_STATUS = ("message/delivery-status", "message/global-delivery-status")  # RFC 3464, RFC 6533
_FEEDBACK = ("message/feedback-report",)  # RFC 5965
_WHOLE = ("message/rfc822", "message/global")
_HEADERS = ("text/rfc822-headers", "message/global-headers", "message/rfc822-headers")

Fields = dict[str, str]
"""Header fields by lower-case name; the first of each. Folded lines are joined."""


@dataclass(frozen=True, slots=True)
class Report:
    """A delivery status notification (`groups`: one for each recipient) or a complaint (`feedback`).

    `mail` are the headers of the mail that brought it, `message` the fields about the message as a whole, `returned`
    the headers of our own message as far as it came back.
    """

    mail: Fields = field(repr=False)
    message: Fields = field(default_factory=dict, repr=False)
    groups: Sequence[Fields] = field(default=(), repr=False)
    feedback: Fields | None = field(default=None, repr=False)
    returned: Fields = field(default_factory=dict, repr=False)


def open_report(mail: bytes) -> Report | None:
    """The report in `mail`, also when it was forwarded as an attachment; None when there is none, or it is hostile."""
    if len(mail) > MOST_BYTES:
        return None
    beginning = mail[:READ_BYTES]
    if beginning.count(b"\n") > READ_LINES:
        beginning = b"\n".join(beginning.split(b"\n", READ_LINES)[:READ_LINES])
    lower = beginning.lower()
    if lower.count(b"multipart/") + lower.count(b"message/") > MOST_PARTS:
        return None
    try:
        found = _find(BytesParser(policy=compat32).parsebytes(beginning), MOST_NESTED)
        return None if found is None else _read(found)
    except Exception:  # the parser has a long history of raising on what nobody should send
        return None


def _find(mail: "Message[str, str]", depth: int) -> "Message[str, str] | None":
    """The multipart that has a report among its own parts.

    What a report returns is not searched: the bounce of a bounce is not about a message of ours.
    """
    if not mail.is_multipart():
        return None
    parts = _parts(mail)
    if any(part.get_content_type() in (*_STATUS, *_FEEDBACK) for part in parts):
        return mail
    if depth == 0:
        return None
    return next((found for part in parts if (found := _find(part, depth - 1)) is not None), None)


def _read(report: "Message[str, str]") -> Report:
    message: Fields = {}
    groups: list[Fields] = []
    feedback: Fields | None = None
    returned: Fields = {}
    for part in _parts(report):
        kind = part.get_content_type()
        if kind in _STATUS and not groups:
            message, *groups = list(_blocks(part)) or [{}]
        elif kind in _FEEDBACK:
            feedback = next(_blocks(part), {})
        elif kind in _WHOLE and not returned:
            returned = _fields(_parts(part)[0] if _parts(part) else _headers(part))
        elif kind in _HEADERS and not returned:
            returned = _fields(_headers(part))
    return Report(_fields(report), message, groups[:MOST_GROUPS], feedback, returned)


def _blocks(part: "Message[str, str]") -> Iterator[Fields]:
    """The groups of fields in a part, divided by blank lines; empty ones are left out."""
    inner = _parts(part)
    if not inner or part.get_content_type() == _STATUS[1]:  # of which the parser knows less than of the other
        inner = [
            HeaderParser(policy=compat32).parsestr(block) for block in _text(part).split("\n\n")[: MOST_GROUPS + 1]
        ]
    for block in inner[: MOST_GROUPS + 1]:
        if fields := _fields(block):
            yield fields


def _parts(mail: "Message[str, str]") -> "list[Message[str, str]]":
    payload = mail.get_payload()
    return [part for part in payload if isinstance(part, Message)] if isinstance(payload, list) else []


def _headers(part: "Message[str, str]") -> "Message[str, str]":
    return HeaderParser(policy=compat32).parsestr(_text(part))


def _text(part: "Message[str, str]") -> str:
    """The part's own text, decoded. Of `message/*` the parser makes a message, even of what is encoded (RFC 6533)."""
    if inner := _parts(part):
        encoding = part.get("content-transfer-encoding", "")
        part = HeaderParser(policy=compat32).parsestr(f"Content-Transfer-Encoding: {encoding}\n\n")
        part.set_payload(inner[0].as_string().lstrip("\n"))
    payload = part.get_payload(decode=True)
    text = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
    return text.replace("\r\n", "\n").lstrip("\n")


def _fields(mail: "Message[str, str]") -> Fields:
    fields: Fields = {}
    for name, value in mail.items():
        fields.setdefault(name.lower(), " ".join(str(value).split()))
    return fields
