"""The shipped transports' providers as the suite of event sources needs them: each signs as its own package does."""

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import parse_qsl, urlencode

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from rig_twilio import ACCOUNT, PUBLIC_URL, SENDER, TOKEN, configured
from twilio.request_validator import RequestValidator

from engine.testing.sources import SourceRig
from engine.transport.sendgrid import SendGridTransport
from engine.transport.setup import Setup
from engine.transport.smtp import SmtpTransport
from engine.transport.source import EventSource, Hook

NOW = datetime(2026, 3, 3, 9, 0, 40, tzinfo=UTC)
SECONDS = 1772528400
ADDRESS = "ana@example.com"
PHONE = "+12025550123"
WORDS = "Très bien 💛 & you?"


class SendGridRig(SourceRig):
    """Batches in JSON, signed with an elliptic key over the time and the bytes."""

    proofs = ("x-twilio-email-event-webhook-signature", "x-twilio-email-event-webhook-timestamp")
    private = (ADDRESS, "ana", WORDS)
    key = ec.derive_private_key(7, ec.SECP256R1())

    def source(self) -> EventSource:
        return self._expecting(self.key)

    def another(self) -> EventSource:
        return self._expecting(ec.derive_private_key(8, ec.SECP256R1()))

    def told(self, reference: str, number: int) -> Hook:
        return self._call(self._entry("delivered", reference, number))

    def unknown(self) -> Hook:
        return self._call(self._entry("teleported", "9.x", 9))

    def signed(self, body: bytes) -> Hook:
        proof = base64.b64encode(self.key.sign(str(SECONDS).encode() + body, ec.ECDSA(hashes.SHA256()))).decode()
        headers = dict(zip(self.proofs, (proof, str(SECONDS)), strict=True))
        return Hook("events", f"{PUBLIC_URL}/webhooks/sendgrid/events", headers, body, NOW)

    def batch(self, hooks: Sequence[Hook]) -> Hook:
        return self._call(*(entry for hook in hooks for entry in (*json.loads(hook.body), {"event": None})))

    def _call(self, *entries: object) -> Hook:
        return self.signed(json.dumps(entries).encode() + b"\r\n")

    def _entry(self, event: str, reference: str, number: int) -> dict[str, object]:
        own = {"delivery": reference, "sg_message_id": f"abc{number}.recvd.0", "sg_event_id": f"e{number}"}
        return {"event": event, "email": ADDRESS, "timestamp": SECONDS, "reason": WORDS, **own}

    def _expecting(self, key: ec.EllipticCurvePrivateKey) -> EventSource:
        shown = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        options = {"api_key": "SG.x", "webhook_key": base64.b64encode(shown).decode()}
        return SendGridTransport.configure(Setup("sendgrid", options))


class TwilioStatusRig(SourceRig):
    """A form about one message, signed with its URL, in which our reference stands."""

    proofs = ("x-twilio-signature",)
    signs_url = True
    private = (PHONE, PHONE[1:], WORDS)
    kind = "status"
    reference = "1.Proof-_0001"

    def source(self) -> EventSource:
        return configured()

    def another(self) -> EventSource:
        return configured(auth_token="another")

    def told(self, reference: str, number: int) -> Hook:
        return self._call(urlencode(self._fields("delivered", number)).encode(), reference)

    def unknown(self) -> Hook:
        return self._call(urlencode(self._fields("teleported", 9)).encode(), "9.x")

    def signed(self, body: bytes) -> Hook:
        return self._call(body, self.reference)

    def _fields(self, status: str, number: int) -> dict[str, str]:
        about = {"MessageSid": f"SM{number:032x}", "MessageStatus": status, "ErrorMessage": WORDS}
        return {"AccountSid": ACCOUNT, "From": SENDER, "To": PHONE, **about}

    def _call(self, body: bytes, reference: str) -> Hook:
        url = f"{self._url()}?delivery={reference}"
        return self._signed(url, body, dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)))

    def _url(self) -> str:
        return f"{PUBLIC_URL}/webhooks/twilio/{self.kind}"

    def _signed(self, url: str, body: bytes, fields: dict[str, str]) -> Hook:
        proof = RequestValidator(TOKEN).compute_signature(url, fields)
        return Hook(self.kind, url, dict.fromkeys(self.proofs, proof), body, NOW)


class TwilioJsonRig(TwilioStatusRig):
    """The same in JSON: the URL is signed, and the body's hash in it."""

    def _call(self, body: bytes, reference: str) -> Hook:
        if body.startswith(b"AccountSid="):
            body = json.dumps(dict(parse_qsl(body.decode(), keep_blank_values=True))).encode()
        url = f"{self._url()}?delivery={reference}&bodySHA256={sha256(body).hexdigest()}"
        return self._signed(url, body, {})


class TwilioInboundRig(TwilioStatusRig):
    """A form with what somebody texted, about no message of ours in particular."""

    kind = "inbound"

    def told(self, reference: str, number: int) -> Hook:
        return self._call(urlencode(self._wrote(PHONE, number)).encode(), reference)

    def unknown(self) -> Hook:
        """From what is no phone."""
        return self._call(urlencode(self._wrote("60001", 9)).encode(), "9.x")

    def _wrote(self, sender: str, number: int) -> dict[str, str]:
        return {"AccountSid": ACCOUNT, "From": sender, "To": SENDER, "MessageSid": f"SM{number:032x}", "Body": WORDS}


class SmtpRig(SourceRig):
    """A bounce, handed over by whoever knows the token: the call is proven, the mail is not."""

    proofs = ("authorization",)
    signs_body = False
    private = (ADDRESS, WORDS)

    def source(self) -> EventSource:
        return self._expecting("right")

    def another(self) -> EventSource:
        return self._expecting("wrong")

    def told(self, reference: str, number: int) -> Hook:
        return self.signed(self._report(reference, "failed"))

    def unknown(self) -> Hook:
        return self.signed(self._report("9.x", "teleported"))

    def signed(self, body: bytes) -> Hook:
        return Hook("bounce", f"{PUBLIC_URL}/webhooks/smtp/bounce", {"authorization": "Bearer right"}, body, NOW)

    def _report(self, reference: str, action: str) -> bytes:
        """A notification in the form of RFC 3464."""
        return (
            "From: MAILER-DAEMON@mx.example\r\nDate: Tue, 03 Mar 2026 09:00:30 +0000\r\nMIME-Version: 1.0\r\n"
            'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
            f"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{WORDS}\r\n"
            "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
            f"Final-Recipient: rfc822; {ADDRESS}\r\nAction: {action}\r\nStatus: 5.1.1\r\n"
            f"Diagnostic-Code: smtp; 550 5.1.1 <{ADDRESS}> {WORDS}\r\n\r\n"
            f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{reference}@rekindle.example>\r\n"
            f"To: {ADDRESS}\r\nSubject: {WORDS}\r\n\r\n--b--\r\n"
        ).encode()

    def _expecting(self, token: str) -> EventSource:
        return SmtpTransport.configure(Setup("smtp", {"host": "relay.example", "bounce_token": token}))


RIGS: dict[str, SourceRig] = {
    "sendgrid": SendGridRig(),
    "twilio status": TwilioStatusRig(),
    "twilio status in JSON": TwilioJsonRig(),
    "twilio inbound": TwilioInboundRig(),
    "smtp bounces": SmtpRig(),
}
