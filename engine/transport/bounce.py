"""Reads what mail servers send back about a message: bounces, delays, complaints. Never raises, whatever it is given.

    RFC 3464   delivery status notifications     Action and Status say what became of each recipient
    RFC 3463   enhanced status codes             class.subject.detail; class 5 is for good, 4 for now
    RFC 5965   complaints (ARF)                  Feedback-Type

A bounce is not signed: whoever asks must check that its reference is ours before anything is done about it.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import getaddresses, parsedate_to_datetime
from hashlib import blake2b

from engine.model.campaign import Channel
from engine.model.event import Event, EventType, Heard, Unreadable
from engine.model.suppression import SuppressReason
from engine.transport.bounce_report import Fields, Report, open_report

ACTIONS: Mapping[str, EventType] = {  # RFC 3464, section 2.3.3
    "failed": EventType.BOUNCED,
    "delayed": EventType.DEFERRED,
    "delivered": EventType.DELIVERED,
    "relayed": EventType.DELIVERED,  # to a server that does not report
    "expanded": EventType.DELIVERED,  # to the members of a list
}
SUPPRESS: Mapping[str, SuppressReason] = {  # by the enhanced status code of what failed; every other code may pass
    "5.1.1": SuppressReason.INVALID,  # no such mailbox
    "5.1.2": SuppressReason.INVALID,  # no such domain
    "5.1.3": SuppressReason.INVALID,  # not an address
    "5.1.6": SuppressReason.INVALID,  # the mailbox has moved, nobody knows where
    "5.1.10": SuppressReason.INVALID,  # the domain takes no mail at all (RFC 7505), or Exchange has no such recipient
    "5.2.1": SuppressReason.HARD_BOUNCE,  # the mailbox is disabled
}
COMPLAINTS: Mapping[str, tuple[EventType, SuppressReason]] = {  # RFC 5965, section 3.5
    "abuse": (EventType.COMPLAINED, SuppressReason.COMPLAINT),
    "opt-out": (EventType.UNSUBSCRIBED, SuppressReason.UNSUBSCRIBED),
}
NOT_A_BOUNCE = "not a bounce"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.])([45]\d\d)(?![\d.])")
_REFERENCE = re.compile(r"\d+\.[0-9A-Za-z_-]+")  # the form of Message.reference
_ADDRESS = re.compile(r"[0-9A-Za-z!#$%&'*+/=?^_`{|}~.-]+@[0-9A-Za-z.-]+")  # as enroll takes them
_LONGEST_ADDRESS = 254  # RFC 5321, section 4.5.3.1.3, less the angle brackets


def read_bounce(source: str, message: bytes, received_at: datetime | None = None) -> list[Heard]:
    """What a mail to the return path says: an event for each recipient that it reports on.

    `Unreadable("not a bounce")`, alone, for everything else: auto-replies, ordinary mail, over a million bytes. An
    event's address is the one that we wrote to, where the report lets it be known, rather than where it was forwarded
    to. Its instant is the report's own, never after `received_at` and never before 1970; `received_at` if it has none.
    """
    report = open_report(message)
    if report is None:
        return [Unreadable(NOT_A_BOUNCE)]
    heard = list(_complaint(source, report, received_at) if report.feedback else _notices(source, report, received_at))
    return heard or [Unreadable(NOT_A_BOUNCE)]


def _notices(source: str, report: Report, received_at: datetime | None) -> Iterator[Heard]:
    reference = _reference(report)
    for group in report.groups:
        action = group.get("action", "").partition(" ")[0].lower()
        if not action and "final-recipient" not in group:
            continue
        status = _status(group)
        kind = ACTIONS.get(action, EventType.UNKNOWN)
        address = _address(group.get("original-recipient"), report.returned.get("to"), group.get("final-recipient"))
        reply = _REPLY.search(group.get("diagnostic-code", ""))
        yield Event(
            source=source,
            key=_key(reference, report, address, action, status),
            type=kind,
            at=_instant(received_at, group.get("last-attempt-date"), report.mail.get("date"), report.message),
            channel=Channel.EMAIL,
            reference=reference,
            address=address,
            suppress=SUPPRESS.get(status) if kind is EventType.BOUNCED else None,
            code=status,
            detail=f"The mail server answered {reply[1]}." if reply else "",
        )


def _complaint(source: str, report: Report, received_at: datetime | None) -> Iterator[Heard]:
    fields = report.feedback or {}
    word = fields.get("feedback-type", "").lower()
    kind, suppress = COMPLAINTS.get(word, (EventType.UNKNOWN, None))
    reference = _reference(report)
    address = _address(fields.get("original-rcpt-to"), report.returned.get("to"))
    code = word if re.fullmatch(r"[a-z-]{1,20}", word) else ""
    yield Event(
        source=source,
        key=_key(reference, report, address, "feedback", code),
        type=kind,
        at=_instant(received_at, report.mail.get("date"), fields.get("received-date"), fields),
        channel=Channel.EMAIL,
        reference=reference,
        address=address,
        suppress=suppress,
        code=code,
    )


def _status(group: Fields) -> str:
    """The enhanced code; the server's own words in Diagnostic-Code where Status says no more than "failed".

    Exim, for one, writes Status: 5.0.0 whatever the other server said.
    """
    own = _STATUS.search(group.get("status", ""))
    status = own[1] if own else ""
    if not status or status.endswith(".0.0"):
        told = _STATUS.search(group.get("diagnostic-code", ""))
        if told and told[1][0] == (status or told[1])[0]:
            return told[1]
    return status


def _reference(report: Report) -> str | None:
    """The left part of our Message-ID, or the envelope id that the smtp transport gave (RFC 3461, section 4.4)."""
    returned = report.returned.get("message-id", "").strip("<>").partition("@")[0]
    candidates = (returned, report.message.get("original-envelope-id", ""))
    return next((each for each in candidates if len(each) <= 100 and _REFERENCE.fullmatch(each)), None)


def _address(*fields: str | None) -> str | None:
    """The first field with exactly one plain address in it, which is that address with its domain in lower case.

    RFC 3464 writes `rfc822;ana@example.com`, a header `Ana <ana@example.com>`.
    """
    for value in fields:
        if not value or len(value) > 1_000:
            continue
        kind, semicolon, rest = value.partition(";")
        if semicolon and kind.strip().lower() in ("rfc822", "utf-8"):
            found = [rest.strip().removeprefix("<").removesuffix(">")]
        else:
            found = _addresses(value)
        if len(found) == 1 and len(found[0]) <= _LONGEST_ADDRESS and _ADDRESS.fullmatch(found[0]):
            local, _, domain = found[0].rpartition("@")
            return f"{local}@{domain.lower()}"
    return None


def _addresses(header: str) -> list[str]:
    try:
        return [address for _, address in getaddresses([header])]
    except (RecursionError, ValueError, IndexError):  # the parser calls itself for every comment in a comment
        return []


def _key(reference: str | None, report: Report, address: str | None, action: str, status: str) -> str:
    """The same for every copy of a report; a second warning about the same delay is the same event."""
    about = reference or report.returned.get("message-id") or report.mail.get("message-id", "")
    return blake2b("\x1f".join((about, address or "", action, status)).encode(), digest_size=16).hexdigest()


def _instant(received_at: datetime | None, *written: str | Fields | None) -> datetime:
    """The first date that can be read; a mapping stands for its Arrival-Date."""
    for value in written:
        text = value.get("arrival-date") if isinstance(value, dict) else value
        if not text:
            continue
        try:
            found = parsedate_to_datetime(text)
            moment = found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
        if moment >= EPOCH:
            return moment if received_at is None else min(moment, received_at)
    return received_at or EPOCH
