"""Twilio's webhooks: a delivery's status, and texts that people send. Nothing unsigned is read, every field is checked.

The parameters are those of twilio.com/docs/messaging/guides/track-outbound-message-status and
twilio.com/docs/messaging/guides/webhook-request; Twilio adds to them without notice, so that none is refused.
"""

import json
import re
from collections.abc import Mapping
from urllib.parse import parse_qs, parse_qsl, urlsplit
from xml.sax.saxutils import escape

from engine.model.campaign import Channel
from engine.model.event import Command, Event, EventType, Heard, Inbound, Unreadable
from engine.transport.source import Answer, Forged, Hook, NotOurs
from engine.transport.twilio_codes import MEANINGS, said
from engine.transport.twilio_options import NUMBER, WHATSAPP

TYPES: Mapping[str, EventType] = {
    "accepted": EventType.QUEUED,
    "scheduled": EventType.QUEUED,
    "queued": EventType.QUEUED,
    "sending": EventType.QUEUED,
    "sent": EventType.SENT,
    "delivered": EventType.DELIVERED,
    "read": EventType.OPENED,  # WhatsApp's read receipts
    "undelivered": EventType.BOUNCED,
    "failed": EventType.FAILED,
    "canceled": EventType.FAILED,
}
"""`MessageStatus` in our words; what is not here is UNKNOWN."""

_KINDS = ("status", "inbound")
_ORDERS = {"STOP": Command.STOP, "START": Command.START, "HELP": Command.HELP}
_ALGORITHMS = ("HMAC_SHA1", "HMAC_SHA256")
_FORMER = (
    (re.compile(r"\+521(\d{10})", re.ASCII), r"+52\1"),
    (re.compile(r"\+55(\d\d)([6-9]\d{7})", re.ASCII), r"+55\g<1>9\2"),
)
"""WhatsApp still gives mobiles of Mexico, and many of Brazil, by the number they had before their countries' plans
changed (support.gupshup.io/hc/en-us/articles/4407840924953): a STOP must reach the number that we write to.
"""
_LOST = (EventType.BOUNCED, EventType.FAILED)
_FIELDS_LIMIT = 1_000  # Twilio sends about twenty
_REFERENCE_LIMIT = 200
_KEY_LIMIT = 200  # a SID has 34 characters, the longest status 10
_CODE = re.compile(r"[1-9][0-9]{0,9}", re.ASCII)
_COUNT = re.compile(r"[0-9]{1,3}", re.ASCII)
MOST_MEDIA = 10


class _Form(dict[str, list[str]]):
    """Parameters that may come twice, in the shape from which the validator takes every value of each."""

    def getlist(self, name: str) -> list[str]:
        return self[name]


def verify(hook: Hook, token: str) -> None:
    """Forged unless Twilio signed exactly this URL and body with `token`; NotOurs for a kind that Twilio does not call.

    A form is signed with its parameters. A body of another type is signed by its SHA-256, which then stands in the
    URL as `bodySHA256` and is held against the raw bytes (twilio.com/docs/usage/security). `hook.url` is built from the
    settings, so that the validator's trying it with and without its port tries nobody else's host.
    """
    # Imported here, for it loads the whole package.
    from twilio.request_validator import RequestValidator, get_signature_algorithm

    if hook.kind not in _KINDS:
        raise NotOurs(f"Twilio has no webhook {hook.kind!r}.")
    signature = hook.headers.get("x-twilio-signature", "")
    if not signature or not token:
        raise Forged("It is not signed." if token else "There is no auth_token to hold its signature against.")
    algorithm = get_signature_algorithm(hook.headers.get("x-twilio-webhooks-signature-settings"))
    if algorithm not in _ALGORITHMS:
        raise Forged("It is signed in a way that is not known.")
    try:
        # The validator holds the hash against a string only: given an empty form it would leave the body unread.
        signed = hook.body.decode() if _signed_by_hash(hook) else _form(hook.body)
        good = RequestValidator(token).validate(hook.url, signed, signature, algorithm)
    except (ValueError, TypeError, KeyError):  # a UnicodeError is a ValueError
        good = False
    if not good:
        raise Forged("Its signature is not Twilio's for this URL and body.")


def parse(hook: Hook, source: str) -> tuple[Heard, ...]:
    """The one thing that a verified call says."""
    try:
        given = _fields(hook)
    except (ValueError, RecursionError):
        return (Unreadable("Twilio's call is neither a form nor an object of texts."),)
    return (_status(hook, given, source) if hook.kind == "status" else _inbound(hook, given, source),)


def answer(text: str | None) -> Answer:
    """TwiML that sends `text` back, or says nothing (twilio.com/docs/messaging/twiml)."""
    message = "" if text is None else f"<Message>{escape(''.join(filter(_in_xml, text)))}</Message>"
    body = f'<?xml version="1.0" encoding="UTF-8"?><Response>{message}</Response>'
    return Answer("application/xml", body.encode())


def _form(body: bytes) -> _Form:
    """Every value of each parameter, as signed: blank ones too. ValueError for bytes that are not UTF-8."""
    form = _Form()
    pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_FIELDS_LIMIT)
    for name, value in pairs:
        form.setdefault(name, []).append(value)
    return form


def _signed_by_hash(hook: Hook) -> bool:
    return "bodySHA256" in parse_qs(urlsplit(hook.url).query)


def _fields(hook: Hook) -> dict[str, str]:
    """The parameters by name, the first of each. ValueError when there are none to be read."""
    if not _signed_by_hash(hook):
        return {name: values[0] for name, values in _form(hook.body).items()}
    given = json.loads(hook.body)
    if not isinstance(given, dict):
        raise ValueError
    # JSON may hold half an emoji, which nothing can store; the rest of a text is still somebody's words.
    return {name: str(value).encode(errors="replace").decode() for name, value in given.items() if value is not None}


def _status(hook: Hook, given: Mapping[str, str], source: str) -> Heard:
    receipt = given.get("MessageSid") or given.get("SmsSid")
    status = given.get("MessageStatus") or given.get("SmsStatus")
    if not receipt or not status:
        return Unreadable("A status call without MessageSid or MessageStatus.")
    code = given.get("ErrorCode", "").strip()
    code = code if _CODE.fullmatch(code) else ""
    key = ":".join(filter(None, (receipt, status, code)))
    if len(key) > _KEY_LIMIT:
        return Unreadable("A status call with an endless MessageSid or MessageStatus.")
    meaning = MEANINGS.get(int(code)) if code else None
    kind = TYPES.get(status, EventType.UNKNOWN)
    reference = parse_qs(urlsplit(hook.url).query).get("delivery", [""])[0]
    return Event(
        source=source,
        key=key,
        type=kind,
        # Not `RawDlrDoneDate`: it is the carrier's wall clock in no stated zone (Twilio's changelog of 2023-02-14).
        at=hook.received_at,
        channel=_channel(given),
        reference=reference if 0 < len(reference) <= _REFERENCE_LIMIT else None,
        receipt=receipt,
        address=_address(given.get("To", "")),
        suppress=meaning.suppress if meaning and kind in _LOST else None,
        code=code,
        detail=said(code, meaning) if code else "",
    )


def _inbound(hook: Hook, given: Mapping[str, str], source: str) -> Heard:
    key = given.get("MessageSid") or given.get("SmsSid")
    sender = _address(given.get("From", ""))
    if not key or len(key) > _KEY_LIMIT or "Body" not in given:
        return Unreadable("An inbound call without a MessageSid or Body.")
    if sender is None:
        return Unreadable("An inbound text from what is no phone number, such as a short code.")
    return Inbound(
        source=source,
        key=key,
        at=hook.received_at,
        channel=_channel(given),
        sender=sender,
        text=given["Body"],
        # Sent when Twilio's Advanced Opt-Out took the word and has answered it.
        handled=_ORDERS.get(given.get("OptOutType", "").upper()),
        in_reply_to=given.get("OriginalRepliedMessageSid") or None,
        media=_media(given.get("NumMedia", "")),
    )


def _media(text: str) -> int:
    """How many pictures and the like came with a text: at most ten, says Twilio. Whatever they are, they stay there."""
    return min(int(text), MOST_MEDIA) if _COUNT.fullmatch(text) else 0


def _channel(given: Mapping[str, str]) -> Channel:
    prefixed = any(given.get(name, "").startswith(WHATSAPP) for name in ("From", "To"))
    return Channel.WHATSAPP if prefixed or given.get("ChannelPrefix") == "whatsapp" else Channel.SMS


def _address(text: str) -> str | None:
    number = text.removeprefix(WHATSAPP).strip()
    if text.startswith(WHATSAPP):
        for former, present in _FORMER:
            number = former.sub(present, number) if former.fullmatch(number) else number
    return number if NUMBER.fullmatch(number) else None


def _in_xml(character: str) -> bool:
    """Whether XML 1.0 can hold it at all, section 2.2."""
    return (
        character in "\t\n\r"
        or " " <= character <= "\ud7ff"
        or "\ue000" <= character <= "\ufffd"
        or character > "\uffff"
    )
