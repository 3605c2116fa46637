"""SendGrid's webhook `events`: signed batches of what became of emails. Every field is checked before it is believed.

    processed  QUEUED         bounce (type bounce)  BOUNCED, suppress HARD_BOUNCE
    deferred   DEFERRED       bounce (any other)    BOUNCED: blocked or expired, this message only
    delivered  DELIVERED      dropped               FAILED, suppress by its reason
    open       OPENED         spamreport            COMPLAINED, suppress COMPLAINT
    click      CLICKED        unsubscribe,
    any other  UNKNOWN          group_unsubscribe   UNSUBSCRIBED, suppress UNSUBSCRIBED

Sources: twilio.com/docs/sendgrid/for-developers/tracking-events/event (events and their fields) and
…/getting-started-event-webhook-security-features (the signature). A bounce that came back late has neither our
argument nor, often, SendGrid's id (github.com/sendgrid/docs/issues/5177).
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from engine.model.campaign import Channel
from engine.model.event import Event, EventType, Heard, Unreadable
from engine.model.suppression import SuppressReason
from engine.transport.sendgrid_request import REFERENCE
from engine.transport.source import Forged, Hook, NotOurs

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

KIND = "events"
MOST_ENTRIES = 10_000

TYPES: Mapping[str, EventType] = {
    "processed": EventType.QUEUED,
    "deferred": EventType.DEFERRED,
    "delivered": EventType.DELIVERED,
    "bounce": EventType.BOUNCED,
    "dropped": EventType.FAILED,
    "spamreport": EventType.COMPLAINED,
    "unsubscribe": EventType.UNSUBSCRIBED,
    "group_unsubscribe": EventType.UNSUBSCRIBED,
    "open": EventType.OPENED,
    "click": EventType.CLICKED,
}

DROPPED: Mapping[str, SuppressReason] = {
    "bounced address": SuppressReason.HARD_BOUNCE,
    "unsubscribed address": SuppressReason.UNSUBSCRIBED,
    "spam reporting address": SuppressReason.COMPLAINT,
    "invalid": SuppressReason.INVALID,
}
"""Reasons for a drop that are about the address; SendGrid has others (spam content, quota, a bad header)."""

CLASSES = frozenset(
    {
        "invalid address",
        "technical",
        "content",
        "reputation",
        "frequency or volume too high",
        "mailbox unavailable",
        "unclassified",
    }
)
"""SendGrid's `bounce_classification`: its own words, safe to keep. A `reason` is not: it quotes addresses."""

_PEM = re.compile(r"-----[A-Z ]+-----|\s")  # the package puts the armour back
_TIMESTAMP = re.compile(r"[0-9]{10}")
_STATUS = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}")
_REPLY = re.compile(r"([245][0-9]{2})(?:[ -]([245]\.[0-9]{1,3}\.[0-9]{1,3}))?\b")
_ADDRESS = re.compile(r"([^\s@<>\x00-\x1f\x7f\ud800-\udfff]+)@([^\s@<>\x00-\x1f\x7f\ud800-\udfff]+)")
_NAME = re.compile(r"[!-~]{1,200}")  # of a message: ours or SendGrid's


def verification_key(given: str) -> "EllipticCurvePublicKey":
    """The public key as SendGrid shows it, or as PEM; ValueError when it is no key for ECDSA on P-256."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from sendgrid.helpers.eventwebhook import EventWebhook

    try:
        key = EventWebhook(_PEM.sub("", given)).public_key
    except Exception as error:  # the package lets through whatever its own libraries raise
        raise ValueError("not a public key") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("not a key on P-256")
    return key


def verify(hook: Hook, key: "EllipticCurvePublicKey | None") -> None:
    """Forged unless SendGrid signed exactly these bytes; NotOurs for any other kind than `events`."""
    from sendgrid.helpers.eventwebhook import EventWebhook

    if hook.kind != KIND:
        raise NotOurs(f"SendGrid has no webhook {hook.kind!r}.")
    if key is None:
        raise Forged("There is no webhook_key to hold its signature against.")
    signature = hook.headers.get("x-twilio-email-event-webhook-signature", "")
    timestamp = hook.headers.get("x-twilio-email-event-webhook-timestamp", "")
    if not signature or not _TIMESTAMP.fullmatch(timestamp):
        raise Forged("It is not signed.")
    try:
        good = EventWebhook().verify_signature(hook.body.decode(), signature, timestamp, key)
    except Exception:  # bad base64, bytes that are no text: whatever it is, it is not SendGrid's
        good = False
    if not good:
        raise Forged("Its signature is not SendGrid's for these bytes.")


def parse(hook: Hook, source: str) -> Sequence[Heard]:
    """The events of a verified batch, in its order; of more than MOST_ENTRIES, the first so many."""
    try:
        entries = json.loads(hook.body)
    except (ValueError, RecursionError):
        entries = None
    if not isinstance(entries, list):
        return [Unreadable("SendGrid's call is not a list of events.")]
    heard = [_event(entry, source) for entry in entries[:MOST_ENTRIES]]
    if len(entries) > MOST_ENTRIES:
        heard.append(Unreadable(f"{len(entries) - MOST_ENTRIES} events beyond the first {MOST_ENTRIES}."))
    return heard


def _event(entry: object, source: str) -> Heard:
    if not isinstance(entry, dict) or not _text(entry, "event"):
        return Unreadable("An entry of SendGrid's batch is not an event.")
    at = _instant(entry.get("timestamp"))
    if at is None:
        return Unreadable("An event of SendGrid's batch has no time.")
    name = _text(entry, "event")
    return Event(
        source=source,
        key=_key(entry),
        type=TYPES.get(name, EventType.UNKNOWN),
        at=at,
        channel=Channel.EMAIL,
        reference=_name(_text(entry, REFERENCE)),
        receipt=_name(_text(entry, "sg_message_id").partition(".")[0]),
        address=_address(_text(entry, "email")),
        suppress=_suppress(name, entry),
        code=_code(entry),
        detail=_detail(name, entry),
    )


def _key(entry: Mapping[str, object]) -> str:
    """The event's natural identity: `sg_event_id` may be another one when SendGrid tells it again."""
    names = ("sg_message_id", "event", "timestamp", "email", "type", "attempt", "url", REFERENCE)
    return sha256(json.dumps([_text(entry, name) for name in names]).encode()).hexdigest()


def _text(entry: Mapping[str, object], name: str) -> str:
    """A field as text; empty when it is absent or something else than a text or a number."""
    value = entry.get(name)
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _instant(value: object) -> datetime | None:
    """SendGrid's seconds since 1970."""
    if isinstance(value, str) and _TIMESTAMP.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 10**10:
        return None
    return datetime.fromtimestamp(value, UTC)


def _address(given: str) -> str | None:
    found = _ADDRESS.fullmatch(given)
    return f"{found[1]}@{found[2].lower()}" if found else None


def _name(given: str) -> str | None:
    return given if _NAME.fullmatch(given) else None


def _suppress(name: str, entry: Mapping[str, object]) -> SuppressReason | None:
    match name:
        case "bounce":
            return SuppressReason.HARD_BOUNCE if _text(entry, "type") == "bounce" else None
        case "dropped":
            return DROPPED.get(_text(entry, "reason").strip().lower())
        case "spamreport":
            return SuppressReason.COMPLAINT
        case "unsubscribe" | "group_unsubscribe":
            return SuppressReason.UNSUBSCRIBED
    return None


def _code(entry: Mapping[str, object]) -> str:
    """The enhanced status code (RFC 3463) if there is one, else the reply code at the head of what the server said."""
    status = _text(entry, "status")
    if _STATUS.fullmatch(status):
        return status
    said = _REPLY.match(_text(entry, "reason") or _text(entry, "response"))
    return (said[2] or said[1]) if said else ""


def _detail(name: str, entry: Mapping[str, object]) -> str:
    match name:
        case "bounce":
            kind = _text(entry, "type")
            told = {"bounce": "Sent back", "blocked": "Refused for now", "expired": "Given up after three days"}
            sorted_as = _text(entry, "bounce_classification").lower()
            return told.get(kind, "Sent back") + (f": {sorted_as}." if sorted_as in CLASSES else ".")
        case "dropped":
            reason = DROPPED.get(_text(entry, "reason").strip().lower())
            return "SendGrid did not try it" + (f": its own list says {reason}." if reason else ".")
    return ""
