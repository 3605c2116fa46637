"""The shipped transports' own webhooks, from the wire to what is stored."""

import base64
import json
from datetime import timedelta
from email.message import EmailMessage
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hearing import Line, email_index, phone_index
from rig_twilio import ACCOUNT, PUBLIC_URL, SENDER, TOKEN, configured
from sqlalchemy import event
from twilio.request_validator import RequestValidator
from world import Answering, World, person, phone

from engine.hear.intake import Hearing
from engine.model.campaign import Channel
from engine.store import schema
from engine.transport.base import Accepted
from engine.transport.sendgrid import SendGridTransport
from engine.transport.setup import Setup
from engine.transport.smtp import SmtpTransport
from engine.transport.source import EventSource, Forged, Hook

SID = "SM" + "b" * 32
KEY = ec.derive_private_key(11, ec.SECP256R1())


def heard_by(source: EventSource, channel: Channel) -> tuple[Line, Hearing]:
    """Ana was written to on `channel` through the source's transport; nothing has been heard yet."""
    world = World(transport=Answering(lambda *_: Accepted(SID), name=source.name))
    world.join("x", person("Ana", channel=channel), person("Ben", channel=channel))
    world.enroll()
    world.go_to("2026-03-03T09:00")
    world.clock.fast_forward(timedelta(minutes=1))
    return Line(world), world.engine.hearing_of({source.name: source})


def twilio(line: Line, url: str, form: dict[str, str], token: str = TOKEN) -> Hook:
    signature = RequestValidator(token).compute_signature(url, form)
    kind = url.partition("?")[0].rpartition("/")[2]
    return Hook(kind, url, {"x-twilio-signature": signature}, urlencode(form).encode(), line.world.clock.now())


@pytest.mark.store("postgresql")
def test_a_status_of_twilios_costs_ten_statements_at_most() -> None:
    """One status, verified, stored and reacted to, is ten statements to a server or fewer, its locks among them."""
    line, hearing = heard_by(configured(), Channel.SMS)
    form = {"AccountSid": ACCOUNT, "To": phone("Ana"), "From": SENDER, "MessageSid": SID, "MessageStatus": "delivered"}
    url = f"{PUBLIC_URL}/webhooks/twilio/status?delivery={line.reference(1)}"
    said: list[str] = []
    event.listen(line.world.database.engine, "before_cursor_execute", lambda *given: said.append(given[2]))
    hearing.react(hearing.receive("twilio", twilio(line, url, form)))
    told = tuple(said)
    assert [row.delivery_id for row in line.world.rows(schema.heard)] == [1]
    assert len(told) <= 10, told


def test_twilio_tells_of_a_text_and_is_answered_once_in_its_own_words() -> None:
    line, hearing = heard_by(configured(), Channel.SMS)
    status = {
        "AccountSid": ACCOUNT,
        "To": phone("Ana"),
        "From": SENDER,
        "MessageSid": SID,
        "MessageStatus": "delivered",
    }
    url = f"{PUBLIC_URL}/webhooks/twilio/status?delivery={line.reference(1)}"
    hearing.react(hearing.receive("twilio", twilio(line, url, status)))
    assert [row.delivery_id for row in line.world.rows(schema.heard)] == [1]

    wrote = {
        "AccountSid": ACCOUNT,
        "From": phone("Ana"),
        "To": SENDER,
        "MessageSid": "SM" + "c" * 32,
        "Body": "Stop pls",
    }
    url = f"{PUBLIC_URL}/webhooks/twilio/inbound"
    answers = [hearing.react(hearing.receive("twilio", twilio(line, url, wrote))) for _ in range(2)]
    assert [answer is not None and b"<Message>Rekindle: You are unsubscribed" in answer.body for answer in answers] == [
        True, False
    ]  # fmt: skip
    assert line.stopped() == {phone_index(phone("Ana")): "stop"}
    with pytest.raises(Forged):
        hearing.receive("twilio", twilio(line, url, wrote, token="f" * 32))


def test_sendgrid_tells_of_a_batch() -> None:
    shown = base64.b64encode(KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
    source = SendGridTransport.configure(Setup("sendgrid", {"api_key": "SG.x", "webhook_key": shown}))
    line, hearing = heard_by(source, Channel.EMAIL)
    told = [
        {"event": "delivered", "email": "ana@example.com", "delivery": line.reference(1)},
        {"event": "open", "email": "ana@example.com", "delivery": line.reference(1)},
        {"event": "spamreport", "email": "ben@example.com", "delivery": line.reference(2)},
        {"event": "bounce", "type": "bounce", "email": "someone@example.com", "delivery": "somebody else's"},
        "nonsense",
    ]
    entries = [
        each
        if isinstance(each, str)
        else {**each, "timestamp": 1772528460, "sg_message_id": "abc.x", "sg_event_id": "e"}
        for each in told
    ]
    body = json.dumps(entries).encode() + b"\r\n"
    signature = base64.b64encode(KEY.sign(b"1772528470" + body, ec.ECDSA(hashes.SHA256()))).decode()
    prefix = "x-twilio-email-event-webhook-"
    headers = {f"{prefix}signature": signature, f"{prefix}timestamp": "1772528470"}
    url = f"{PUBLIC_URL}/webhooks/sendgrid/events"
    assert (
        hearing.react(hearing.receive("sendgrid", Hook("events", url, headers, body, line.world.clock.now()))) is None
    )
    first, second = line.world.rows(schema.heard)
    assert None not in (first.delivered_at, first.opened_at, second.complained_at)
    assert line.stopped() == {
        email_index("ben@example.com"): "complaint", email_index("someone@example.com"): "hard_bounce"
    }  # fmt: skip
    (call,) = line.world.rows(schema.intake)
    assert call.error == "1 of 5 entries unreadable"


def bounce(reference: str, address: str) -> bytes:
    """A bounce in the form of RFC 3464, as mail servers write it."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "MAILER-DAEMON@mx.example", "bounces@rekindle.example", "Undelivered"
    mail["Date"] = "Tue, 03 Mar 2026 09:00:30 +0000"
    parts = (
        ("text/plain", "It could not be delivered."),
        (
            "message/delivery-status",
            f"Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; {address}\nAction: failed\nStatus: 5.1.1\n",
        ),
        ("text/rfc822-headers", f"Message-ID: <{reference}@rekindle.example>\nSubject: This week\n"),
    )
    body = "".join(f"--b\nContent-Type: {kind}\n\n{text}\n" for kind, text in parts) + "--b--\n"
    mail["MIME-Version"], mail["Content-Type"] = "1.0", 'multipart/report; report-type=delivery-status; boundary="b"'
    return "\n".join(f"{name}: {value}" for name, value in mail.items()).encode() + b"\n\n" + body.encode()


@pytest.mark.parametrize(
    ("proven", "address", "stops"),
    [(True, "ana@example.com", True), (True, "ben@example.com", False), (False, "ana@example.com", False)],
)
def test_a_bounce_stops_only_the_address_of_the_message_that_it_brings_back(
    proven: bool, address: str, stops: bool
) -> None:
    source = SmtpTransport.configure(Setup("smtp", {"host": "mx.example", "bounce_token": "t" * 20}))
    line, hearing = heard_by(source, Channel.EMAIL)
    url = f"{PUBLIC_URL}/webhooks/smtp/bounce"
    mail = bounce(line.reference(1) if proven else f"1.{'0' * 32}", address)
    hook = Hook("bounce", url, {"authorization": f"Bearer {'t' * 20}"}, mail, line.world.clock.now())
    hearing.react(hearing.receive("smtp", hook))
    assert line.stopped() == ({email_index("ana@example.com"): "invalid"} if stops else {})
    assert [row.type for row in line.world.rows(schema.events)] == ["bounced"]
