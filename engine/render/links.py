"""Signed links, one purpose each, and the Message-ID of a delivery. No token holds an address.

An unsubscribe token says who and which channel, and never expires (CAN-SPAM asks for 30 days; a person who finds an old
message means it). It is 24 bytes: version (1), channel (1), partner id (6), and 16 bytes of keyed BLAKE2b over these,
with a key for each purpose (RFC 7693 section 2.9: a MAC by itself; a third of what HMAC-SHA256 costs, three times an
email).

A pass opens one page about one row: 27 bytes, version (1), row id (6), epoch (2), day of signing (2), and a MAC as
above. It expires (LIFETIMES), and it is revoked when its partner's epoch is raised. Both lengths are multiples of
three, so that base64url has no bit to spare: one spelling for one token.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import blake2b

from engine.model.campaign import Channel
from engine.model.words import Described

_VERSION = b"\x01"
_PASS_VERSION = b"\x02"
_PASS_LENGTH = 36  # characters
_EPOCH_BYTES = 2
_DAY_ZERO = date(2020, 1, 1)
_ID_BYTES = 6
_MAC_BYTES = 16
_TOKEN_LENGTH = 32  # characters
_CODES = {Channel.EMAIL: b"\x01", Channel.SMS: b"\x02", Channel.WHATSAPP: b"\x03"}
_CHANNELS = {code: channel for channel, code in _CODES.items()}


class Purpose(Described):
    """What a token is good for. It enters the signature, so a token for one purpose is worthless for another."""

    UNSUBSCRIBE = "unsubscribe", "End messages to this partner on this channel."
    CONFIRM = "confirm", "Show that an address is the partner's own; about a confirmation."
    INVITE = "invite", "Join the partner who sent it; about an invitation."
    DECLINE = "decline", "Never write to this address again; about the notice that went to it."
    MESSAGE = "message", "Read and answer one message; about its delivery."
    PREFERENCES = "preferences", "Look after one's own part; about the partner."
    CALENDAR = "calendar", "One's own calendar feed; about the partner."


LIFETIMES: Mapping[Purpose, timedelta] = {
    Purpose.CONFIRM: timedelta(days=7),
    Purpose.INVITE: timedelta(days=30),
    Purpose.DECLINE: timedelta(days=365 * 20),  # as good as never: it stops messages
    Purpose.MESSAGE: timedelta(days=60),
    Purpose.PREFERENCES: timedelta(days=90),
    Purpose.CALENDAR: timedelta(days=400),
}
"""For how long a pass is good. One that is past it still says whose it was, so that a fresh one can be sent."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a good token says."""

    partner_id: int
    channel: Channel


@dataclass(frozen=True, slots=True)
class Pass:
    """What a pass says: a row's id, the epoch of the partner it was signed for, and whether its time is over.

    Whoever takes it must still hold `epoch` against the partner's present one.
    """

    id: int
    epoch: int
    expired: bool


class Links:
    """Writes and reads the links of one public site. `key` is secret; whoever holds it can sign in anyone's name."""

    def __init__(self, public_url: str, key: bytes) -> None:
        if len(key) < _MAC_BYTES:
            raise ValueError("the signing key needs at least 16 bytes")
        self._site = public_url.rstrip("/") + "/"
        self._unsubscribe = self._site + "u/"
        # Keyed once: a copy costs less than keying anew for every token.
        self._macs = {purpose: blake2b(key=_derived(key, purpose), digest_size=_MAC_BYTES) for purpose in Purpose}

    def unsubscribe(self, partner_id: int, channel: Channel) -> str:
        """The address that ends messages to this partner on this channel."""
        return self._unsubscribe + self.token(Purpose.UNSUBSCRIBE, partner_id, channel)

    def token(self, purpose: Purpose, partner_id: int, channel: Channel) -> str:
        """A signed token of 32 URL-safe characters; the same for the same arguments. OverflowError from 2**48 on."""
        body = _VERSION + _CODES[channel] + partner_id.to_bytes(_ID_BYTES, "big")
        return urlsafe_b64encode(body + self._mac(purpose, body)).decode("ascii")

    def read(self, purpose: Purpose, token: str) -> Claims | None:
        """What `token` says, or None unless this site signed exactly these characters for `purpose`."""
        raw = _raw(token, _TOKEN_LENGTH)
        if raw is None:
            return None
        body, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(purpose, body)) or body[:1] != _VERSION:
            return None
        channel = _CHANNELS.get(body[1:2])
        return None if channel is None else Claims(int.from_bytes(body[2:], "big"), channel)

    def sign(self, purpose: Purpose, row_id: int, epoch: int, on: date) -> str:
        """A pass of 36 URL-safe characters, signed on a day; the same for the same arguments."""
        body = b"".join(
            (
                _PASS_VERSION,
                row_id.to_bytes(_ID_BYTES, "big"),
                (epoch % 65_536).to_bytes(_EPOCH_BYTES, "big"),
                max(0, (on - _DAY_ZERO).days).to_bytes(2, "big"),
            )
        )
        return urlsafe_b64encode(body + self._mac(purpose, body)).decode("ascii")

    def open(self, purpose: Purpose, token: str, today: date) -> Pass | None:
        """What a pass says, or None unless this site signed exactly these characters for `purpose`.

        One that was signed on a later day than today is good: clocks differ, and only we sign.
        """
        raw = _raw(token, _PASS_LENGTH)
        if raw is None:
            return None
        body, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(purpose, body)) or body[:1] != _PASS_VERSION:
            return None
        signed = _DAY_ZERO + timedelta(days=int.from_bytes(body[-2:], "big"))
        return Pass(
            int.from_bytes(body[1 : 1 + _ID_BYTES], "big"),
            int.from_bytes(body[1 + _ID_BYTES : -2], "big"),
            today > signed + LIFETIMES[purpose],
        )

    def at(self, page: str, token: str) -> str:
        """The address of a page, such as `p` or `a`, for whoever has this pass."""
        return f"{self._site}{page}/{token}"

    def _mac(self, purpose: Purpose, body: bytes) -> bytes:
        mac = self._macs[purpose].copy()
        mac.update(body)
        return mac.digest()


def _raw(token: str, length: int) -> bytes | None:
    """The bytes of a token of so many characters, if it is spelt as we spell it."""
    if len(token) != length or not token.isascii():
        return None
    try:
        raw = urlsafe_b64decode(token)
    except NotBase64:
        return None
    # The decoder skips characters outside its alphabet: whatever is not spelt as we spell it is not ours.
    return raw if urlsafe_b64encode(raw).decode("ascii") == token else None


def _derived(key: bytes, purpose: Purpose) -> bytes:
    return hmac.digest(key, b"rekindle:" + purpose.encode(), "sha256")


def message_id(seed: str, delivery_id: int, domain: str) -> str:
    """The Message-ID of a delivery, in angle brackets: the same for every attempt, and telling nothing of the couple.

    Its left part, `ID.PROOF`, is the message's reference. `seed` is the enrollment's and secret: whoever brings the
    reference back speaks of a message that we wrote. `domain` is the sender's (RFC 5322 section 3.6.4).
    """
    return f"<{reference(seed, delivery_id)}@{domain}>"


def reference(seed: str, delivery_id: int) -> str:
    """What providers are given to hand back with every event about a delivery: `ID.PROOF`, ASCII, URL-safe."""
    proof = blake2b(str(delivery_id).encode(), key=seed.encode()[:64], person=b"message-id", digest_size=16)
    return f"{delivery_id}.{proof.hexdigest()}"
