"""Reads SMTP replies and says what each means for a message: the tables first.

Codes are RFC 5321 section 4.2, enhanced codes RFC 3463 and its registry (RFC 5248, RFC 4954 for authentication).
A 4yz is known not to have been accepted, at any stage, the final dot included; so is a 5yz.
"""

import re
from enum import StrEnum
from typing import NamedTuple

from engine.model.suppression import SuppressReason
from engine.transport.base import MessageRejected, Misconfigured, Outcome, RecipientRejected, Throttled


class Stage(StrEnum):
    """Which command a reply answers; the value is how people know it."""

    TALK = "the opening"
    RSET = "RSET"
    MAIL = "MAIL FROM"
    RCPT = "RCPT TO"
    DATA = "DATA"
    BODY = "the message"


SUPPRESS = {
    "5.1.1": SuppressReason.INVALID,  # no such mailbox
    "5.1.2": SuppressReason.INVALID,  # no such domain
    "5.1.3": SuppressReason.INVALID,  # no such syntax
    "5.1.6": SuppressReason.INVALID,  # moved, nobody knows where
    "5.1.10": SuppressReason.INVALID,  # its domain takes no mail (RFC 7505)
    "5.2.1": SuppressReason.HARD_BOUNCE,  # disabled
}
MAILBOX_FULL = frozenset({"5.2.2"})
TOO_BIG = frozenset({"5.2.3", "5.3.4"})
SENDER_REFUSED = frozenset({"5.1.7", "5.1.8", "5.7.27", "5.7.60"})  # 5.7.60 is Exchange's "send as denied"
KEY_REFUSED = frozenset({"5.7.8", "5.7.9", "5.7.11", "5.7.14"})
NO_KEY_YET = frozenset({"5.7.0"})  # of a message itself, Gmail says it of a forbidden attachment
KEY_REFUSED_CODES = frozenset({530, 534, 535, 538})
TOO_BIG_CODES = frozenset({523, 552})

# Words that decide only where codes leave it open. Postfix refuses a sender when it hears the recipient, with 5.7.1.
_LEFT = re.compile(r"\bunsubscribed\b|\bopted[ -]?out\b", re.IGNORECASE)
_SENDER = re.compile(r"\bsender address rejected\b|\bnot owned by user\b|\bsend as\b", re.IGNORECASE)
_RELAYING = re.compile(r"\brelay(?:ing)?\b", re.IGNORECASE)

_ENHANCED = re.compile(rb"([245]\.\d{1,3}\.\d{1,3})(?=\s|$)")
_QUEUED = re.compile(
    rb"queued as <?([\w.-]++)(?!@)"  # Postfix
    rb"|\bid=<?([\w.-]++)(?!@)"  # Exim
    rb"|(?<=250 )(?:2\.\d\.\d )?ok:? +<?([\w.-]{8,})>?\s*$",  # Amazon SES and others
    re.IGNORECASE,
)
_PRIVATE = re.compile(r"\S*[@＠]\S*|<[^>]*>|\+[\d\s().-]{4,}\d|\d[\d\s().-]{5,}\d")
_LAST_LINE = {b"%d " % code: code for code in range(200, 600)}  # no command of ours is answered with 1yz
_MOST_HELD = 65_536
_TEXT_LENGTH = 160


class NotSmtp(Exception):
    """What came is no SMTP reply."""


class Reply(NamedTuple):
    """One whole reply; the lines of `text` are joined by line feeds."""

    code: int
    text: bytes

    @classmethod
    def of(cls, heard: "Heard") -> "Reply":
        """What a reader has cut out, taken apart."""
        code, whole = heard
        return cls(code, b"\n".join([line[4:].rstrip(b"\r") for line in whole.split(b"\n")]))

    @property
    def good(self) -> bool:
        """2yz: done."""
        return 200 <= self.code < 300

    @property
    def enhanced(self) -> str:
        """The enhanced status code, or nothing."""
        found = _ENHANCED.match(self.text)
        return found[1].decode() if found else ""

    @property
    def said(self) -> str:
        """Code and enhanced code, for people."""
        return f"{self.code} {self.enhanced}".rstrip()


Heard = tuple[int, bytes]
"""A reply's code and its lines as they came, for those who need the code alone; four for every message."""


class ReplyReader:
    """Cuts what arrives into replies, however it is split; holds at most 64 KB of one that is not whole."""

    def __init__(self) -> None:
        self._rest = b""
        self._lines: list[bytes] = []  # of a reply of several lines, as far as it has come
        self._held = 0

    @property
    def empty(self) -> bool:
        """Whether nothing has come beyond the replies that were read."""
        return not self._rest and not self._lines

    def feed(self, data: bytes) -> list[Heard]:
        """The replies that are whole now. NotSmtp when anything else is among them."""
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > _MOST_HELD:
            raise NotSmtp
        if self._lines:
            return self._slowly(lines)
        try:
            return [(_LAST_LINE[line[:4]], line) for line in lines]
        except KeyError:
            return self._slowly(lines)

    def _slowly(self, lines: list[bytes]) -> list[Heard]:
        """The same where a reply of several lines, one without text, or none at all is among them."""
        replies: list[Heard] = []
        for line in lines:
            mark = line[3:4].strip() or b" "
            code = _LAST_LINE.get(line[:3] + b" ", 0)
            # RFC 5321 section 4.2.1: the code is the same on every line.
            if not code or mark not in b" -" or (self._lines and self._lines[0][:3] != line[:3]):
                raise NotSmtp
            self._lines.append(line)
            self._held += len(line)
            if self._held > _MOST_HELD:
                raise NotSmtp
            if mark == b" ":
                replies.append((code, b"\n".join(self._lines)))
                self._lines, self._held = [], 0
        return replies


def refusal(stage: Stage, reply: Reply, *, signed_in: bool, to: str) -> Outcome:
    """What a 4yz or 5yz at `stage` means for the message to `to`, which was not accepted."""
    detail = f"{reply.said} to {stage}: {scrubbed(reply.text, to)}".rstrip(": ")
    if reply.code < 500:
        return Throttled(detail=detail)
    return _ours_to_mend(stage, reply, detail, signed_in) or _the_recipients(stage, reply, detail)


def _ours_to_mend(stage: Stage, reply: Reply, detail: str, signed_in: bool) -> Outcome | None:
    """Misconfigured, or a message too big for the relay: what a 5yz means whoever the recipient is."""
    code, enhanced, words = reply.code, reply.enhanced, reply.text.decode("utf-8", "replace")
    early = stage in {Stage.MAIL, Stage.RCPT}
    if code in KEY_REFUSED_CODES or enhanced in KEY_REFUSED or (enhanced in NO_KEY_YET and early):
        return Misconfigured(f"The relay wants other credentials (username, password, token): {detail}")
    if enhanced in TOO_BIG or (code in TOO_BIG_CODES and stage is not Stage.RCPT and enhanced not in MAILBOX_FULL):
        return MessageRejected(reply.said, detail)
    # MAIL knows of nobody but the sender.
    if stage is Stage.MAIL or enhanced in SENDER_REFUSED or _SENDER.search(words):
        return Misconfigured(f"The relay refuses the sender (return_path, or the campaign's own): {detail}")
    if stage is Stage.RCPT and not signed_in and _RELAYING.search(words):
        return Misconfigured(f"The relay does not know us; set username and a password or token: {detail}")
    return None


def _the_recipients(stage: Stage, reply: Reply, detail: str) -> Outcome:
    """What a 5yz says of the recipient; of the message, when it comes after that was seen and names nobody."""
    enhanced = reply.enhanced
    if enhanced in SUPPRESS:
        return RecipientRejected(reply.said, SUPPRESS[enhanced], detail)
    if enhanced not in MAILBOX_FULL and stage is not Stage.RCPT:
        return MessageRejected(reply.said, detail)
    left = _LEFT.search(reply.text.decode("utf-8", "replace"))
    return RecipientRejected(reply.said, SuppressReason.UNSUBSCRIBED if left else None, detail)


def queue_id(heard: Heard) -> str:
    """The server's own id for what it has just accepted, as far as its answer has one that can be told apart."""
    found = _QUEUED.search(heard[1], 4)
    return (found[1] or found[2] or found[3]).decode() if found else ""


def scrubbed(text: bytes, to: str = "") -> str:
    """A server's own words, printable and short, without what looks like an address or a number, or is part of `to`."""
    said = " ".join(_ENHANCED.sub(b"", text).decode("utf-8", "replace").split())
    said = _PRIVATE.sub("…", "".join(char for char in said if char.isprintable()))
    local = to.rpartition("@")[0]
    if local:
        said = re.sub(rf"(?<!\w){re.escape(local)}(?!\w)", "…", said, flags=re.IGNORECASE)
    return said if len(said) <= _TEXT_LENGTH else said[:_TEXT_LENGTH] + "…"
