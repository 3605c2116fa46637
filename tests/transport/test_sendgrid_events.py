"""SendGrid's events: only what it signed is read, and each of its words has one of ours."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from engine.model.campaign import Channel
from engine.model.event import Event, EventType, Unreadable
from engine.model.suppression import SuppressReason
from engine.transport.sendgrid import SendGridTransport
from engine.transport.sendgrid_events import MOST_ENTRIES, parse, verification_key
from engine.transport.setup import Setup
from engine.transport.source import EventSource, Forged, Hook, NotOurs

PRIVATE = ec.derive_private_key(7, ec.SECP256R1())
TIMESTAMP = "1772528400"
AT = datetime(2026, 3, 3, 9, tzinfo=UTC)
BODY = b'[{"event":"delivered","timestamp":1772528400,"email":"ana@example.com"}]\r\n'
"""As SendGrid sends it: the line end belongs to what is signed."""


def shown(key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey) -> str:
    """A public key as SendGrid's settings show it."""
    return base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def signature(body: bytes = BODY, timestamp: str = TIMESTAMP, key: ec.EllipticCurvePrivateKey = PRIVATE) -> str:
    return base64.b64encode(key.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))).decode()


def hook(
    body: bytes = BODY, *, signed: str | None = None, timestamp: str | None = TIMESTAMP, kind: str = "events"
) -> Hook:
    headers = {
        "x-twilio-email-event-webhook-signature": signature(body) if signed is None else signed,
        "x-twilio-email-event-webhook-timestamp": timestamp,
    }
    given = {name: value for name, value in headers.items() if value is not None}
    return Hook(kind, f"https://rekindle.example/webhooks/sendgrid/{kind}", given, body, AT)


def source(key: str | None = shown(PRIVATE.public_key())) -> SendGridTransport:
    options = {"api_key": "SG.x"} | ({"webhook_key": key} if key else {})
    return SendGridTransport.configure(Setup("sendgrid", options))


def test_the_transport_is_an_event_source() -> None:
    assert isinstance(source(), EventSource)


@pytest.mark.parametrize(
    "body", [BODY, b"[]", '[{"email":"zoë@example.com"}]'.encode(), b"[" + b" " * 100_000 + b"]"], ids=len
)
def test_what_sendgrid_signed_is_taken(body: bytes) -> None:
    source().verify(hook(body))


def test_a_key_in_pem_is_taken_too() -> None:
    pem = PRIVATE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    source(pem).verify(hook())


FORGERIES: dict[str, Callable[[], Hook]] = {
    "no signature": lambda: hook(signed=""),
    "no timestamp": lambda: hook(timestamp=None),
    "another body": lambda: hook(BODY.replace(b"ana", b"bob"), signed=signature()),
    "without its line end": lambda: hook(BODY.rstrip(), signed=signature()),
    "with another line end": lambda: hook(BODY.replace(b"\r\n", b"\n"), signed=signature()),
    "a space more": lambda: hook(BODY + b" ", signed=signature()),
    "another timestamp": lambda: hook(signed=signature(), timestamp="1772528401"),
    "a timestamp that eats into the body": lambda: hook(
        b"23", signed=signature(b"123", TIMESTAMP), timestamp="17725284001"
    ),
    "a short timestamp": lambda: hook(signed=signature(timestamp="177252840"), timestamp="177252840"),
    "a timestamp that is no number": lambda: hook(signed=signature(timestamp="17725284ab"), timestamp="17725284ab"),
    "a timestamp in other digits": lambda: hook(signed=signature(timestamp="١٧٧٢٥٢٨٤٠٠"), timestamp="١٧٧٢٥٢٨٤٠٠"),
    "a timestamp with a line end": lambda: hook(signed=signature(timestamp="1772528400\n"), timestamp="1772528400\n"),
    "another's key": lambda: hook(signed=signature(key=ec.derive_private_key(8, ec.SECP256R1()))),
    "bad base64": lambda: hook(signed="abc"),
    "base64 of something else": lambda: hook(signed=base64.b64encode(b"x" * 70).decode()),
    "a signature beyond ASCII": lambda: hook(signed="ü" * 96),
    "bytes that are no text": lambda: hook(b"[\xff]"),
    "half a surrogate pair": lambda: hook(b"[\xed\xa0\x80]"),
}


@pytest.mark.parametrize("forged", FORGERIES.values(), ids=FORGERIES)
def test_what_sendgrid_did_not_sign_like_this_is_forged(forged: Callable[[], Hook]) -> None:
    with pytest.raises(Forged) as refusal:
        source().verify(forged())
    assert "@" not in str(refusal.value)


@pytest.mark.parametrize(
    "key",
    [
        None,
        "nonsense",
        "AAAA",
        shown(ec.derive_private_key(7, ec.SECP384R1()).public_key()),
        shown(rsa.generate_private_key(65537, 1024).public_key()),  # noqa: S505
    ],
    ids=["none", "nonsense", "short", "another curve", "RSA"],
)
def test_without_a_key_that_can_verify_everything_is_forged(key: str | None) -> None:
    with pytest.raises(Forged):
        source(key).verify(hook())
    with pytest.raises(ValueError):
        verification_key(key or "")


@pytest.mark.parametrize("kind", ["inbound", "status", "bounce", ""])
def test_any_other_webhook_is_not_sendgrids(kind: str) -> None:
    with pytest.raises(NotOurs):
        source().verify(hook(kind=kind))


def events(*entries: object) -> list[Event]:
    return [each for each in parse(hook(json.dumps(entries).encode()), "sendgrid") if isinstance(each, Event)]


def entry(event: str, **more: object) -> dict[str, object]:
    return {"event": event, "timestamp": 1772528400, "email": "ana@example.com", **more}


@pytest.mark.parametrize(
    ("told", "type_", "suppress"),
    [
        (entry("processed"), EventType.QUEUED, None),
        (entry("deferred", attempt="3"), EventType.DEFERRED, None),
        (entry("delivered"), EventType.DELIVERED, None),
        (entry("open"), EventType.OPENED, None),
        (entry("click", url="https://x.example"), EventType.CLICKED, None),
        (entry("bounce", type="bounce"), EventType.BOUNCED, SuppressReason.HARD_BOUNCE),
        (entry("bounce", type="blocked"), EventType.BOUNCED, None),
        (entry("bounce", type="expired"), EventType.BOUNCED, None),
        (entry("bounce"), EventType.BOUNCED, None),
        (entry("dropped", reason="Bounced Address"), EventType.FAILED, SuppressReason.HARD_BOUNCE),
        (entry("dropped", reason="Unsubscribed Address"), EventType.FAILED, SuppressReason.UNSUBSCRIBED),
        (entry("dropped", reason="Spam Reporting Address"), EventType.FAILED, SuppressReason.COMPLAINT),
        (entry("dropped", reason="Invalid"), EventType.FAILED, SuppressReason.INVALID),
        (entry("dropped", reason="Recipient List over Package Quota"), EventType.FAILED, None),
        (entry("dropped", reason="Spam Content"), EventType.FAILED, None),
        (entry("dropped", reason="Invalid SMTPAPI header"), EventType.FAILED, None),
        (entry("dropped"), EventType.FAILED, None),
        (entry("spamreport"), EventType.COMPLAINED, SuppressReason.COMPLAINT),
        (entry("unsubscribe"), EventType.UNSUBSCRIBED, SuppressReason.UNSUBSCRIBED),
        (entry("group_unsubscribe"), EventType.UNSUBSCRIBED, SuppressReason.UNSUBSCRIBED),
        (entry("group_resubscribe"), EventType.UNKNOWN, None),
        (entry("account_status_change"), EventType.UNKNOWN, None),
        (entry("something new"), EventType.UNKNOWN, None),
    ],
    ids=lambda value: str(value)[:40],
)
def test_each_of_sendgrids_words_has_one_of_ours(
    told: dict[str, object], type_: EventType, suppress: SuppressReason | None
) -> None:
    (event,) = events(told)
    assert (event.type, event.suppress, event.at, event.channel) == (type_, suppress, AT, Channel.EMAIL)
    assert (event.source, event.address) == ("sendgrid", "ana@example.com")


@pytest.mark.parametrize(
    ("more", "reference", "receipt", "address"),
    [
        ({"delivery": "17.ab", "sg_message_id": "abc-_.recvd-5f.0"}, "17.ab", "abc-_", "ana@example.com"),
        ({"delivery": 17, "email": "Ana@EXAMPLE.Com"}, "17", None, "Ana@example.com"),
        ({"delivery": "", "sg_message_id": ""}, None, None, "ana@example.com"),
        ({"delivery": "a b", "sg_message_id": "a\u0000b.c"}, None, None, "ana@example.com"),
        ({"delivery": ["17"], "sg_message_id": None, "email": None}, None, None, None),
        ({"delivery": "1" * 201, "email": "nobody"}, None, None, None),
        ({"delivery": True, "email": "a\ud83db@example.com"}, None, None, None),
        ({"delivery": "\ud83d", "email": "a@b@example.com"}, None, None, None),
    ],
)
def test_whose_event_it_is(
    more: dict[str, object], reference: str | None, receipt: str | None, address: str | None
) -> None:
    (event,) = events(entry("delivered", **more))
    assert (event.reference, event.receipt, event.address) == (reference, receipt, address)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"status": "5.1.1", "reason": "550 5.2.1 no"}, "5.1.1"),
        ({"reason": "550 5.1.1 The email account ana@example.com does not exist"}, "5.1.1"),
        ({"reason": "550-5.1.1 no"}, "5.1.1"),
        ({"reason": "452 try later"}, "452"),
        ({"response": "250 2.0.0 OK 1772528400"}, "2.0.0"),
        ({"reason": "5501 no"}, ""),
        ({"reason": "unable to get mx info"}, ""),
        ({"status": "ana@example.com"}, ""),
        ({}, ""),
    ],
)
def test_the_code_is_the_mail_servers(more: dict[str, object], code: str) -> None:
    (event,) = events(entry("bounce", **more))
    assert event.code == code


def test_a_classification_is_kept_and_a_servers_own_words_are_not() -> None:
    words = "550 ana@example.com (+1 202 555 0123) does not exist"
    for told in (
        entry("bounce", type="bounce", reason=words, bounce_classification="Invalid Address"),
        entry("bounce", type=words, reason=words, bounce_classification=words),
        entry("dropped", reason=words),
        entry("deferred", response=words),
    ):
        (event,) = events(told)
        assert not {"@", "+"} & set(event.detail + event.code)
        assert "ana" not in repr(event)
    (event,) = events(entry("bounce", type="bounce", bounce_classification="Invalid Address"))
    assert event.detail == "Sent back: invalid address."


TOLD = entry("click", sg_message_id="abc.0", url="https://x.example/1", sg_event_id="one", attempt="1", delivery="7.a")


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"sg_event_id": "another"}, True),
        ({"ip": "192.0.2.1", "useragent": "another"}, True),
        ({"timestamp": "1772528400"}, True),
        ({"timestamp": 1772528401}, False),
        ({"event": "open"}, False),
        ({"email": "bo@example.com"}, False),
        ({"sg_message_id": "abd.0"}, False),
        ({"url": "https://x.example/2"}, False),
        ({"attempt": "2"}, False),
        ({"delivery": "8.a"}, False),
    ],
    ids=str,
)
def test_an_event_told_again_has_the_same_key_and_another_has_its_own(change: dict[str, object], same: bool) -> None:
    first, second = events(TOLD, TOLD | change)
    assert (first.key == second.key) is same
    assert len(first.key) == 64


@pytest.mark.parametrize(
    "wrong",
    [
        1,
        None,
        "delivered",
        [],
        {},
        {"event": "delivered"},
        {"timestamp": 1772528400},
        entry("delivered", timestamp="soon"),
        entry("delivered", timestamp=None),
        entry("delivered", timestamp=True),
        entry("delivered", timestamp=-1),
        entry("delivered", timestamp=1e300),
        entry("delivered", timestamp=float("nan")),
        {"event": ["delivered"], "timestamp": 1772528400},
    ],
    ids=str,
)
def test_an_entry_that_makes_no_sense_is_counted_and_the_others_go_on(wrong: object) -> None:
    heard = parse(hook(json.dumps([entry("open"), wrong, entry("delivered")]).encode()), "sendgrid")
    assert [type(each) for each in heard] == [Event, Unreadable, Event]


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"null", b'"x"', b"[", b"[" * 100_000, b"\xff", b"[" + b"9" * 5_000 + b"]"]
)
def test_a_signed_body_that_is_no_list_is_unreadable(body: bytes) -> None:
    assert [type(each) for each in parse(hook(body, signed="x"), "sendgrid")] == [Unreadable]


def test_an_oversized_batch_is_read_up_to_its_bound() -> None:
    heard = parse(hook(json.dumps([entry("open", url=str(n)) for n in range(MOST_ENTRIES + 5)]).encode()), "sendgrid")
    assert len(heard) == MOST_ENTRIES + 1
    assert heard[-1] == Unreadable(f"5 events beyond the first {MOST_ENTRIES}.")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("event", "timestamp", "email", "type", "reason", "status", "sg_message_id", "delivery", "attempt", "url")


@given(st.lists(st.dictionaries(st.sampled_from(FIELDS), JSON | st.sampled_from(["bounce", "dropped", 1772528400]))))
def test_whatever_is_told_has_one_answer_each_and_never_an_error(entries: list[dict[str, object]]) -> None:
    heard = parse(hook(json.dumps(entries).encode(), signed="x"), "sendgrid")
    assert len(heard) == len(entries)
    for each in heard:
        if isinstance(each, Event) and each.address is not None:
            each.address.encode()
