"""Signed links, one purpose each, and the Message-ID of a delivery.

A token says who and which channel, never an address. It is 24 bytes, so 32 base64url characters without padding and
with no bit to spare: version (1), channel (1), partner id (6), and the first 16 bytes of HMAC-SHA256 over these and
the purpose (RFC 2104 section 5 allows truncation to half the digest). An unsubscribe link never expires (CAN-SPAM asks
for 30 days; a person who finds an old message means it).
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from hashlib import blake2b

from engine.model.campaign import Channel
from engine.model.words import Described

_VERSION = b"\x01"
_ID_BYTES = 6
_MAC_BYTES = 16
_TOKEN_LENGTH = 32  # characters
_CODES = {Channel.EMAIL: b"\x01", Channel.SMS: b"\x02", Channel.WHATSAPP: b"\x03"}
_CHANNELS = {code: channel for channel, code in _CODES.items()}


class Purpose(Described):
    """What a token is good for. It enters the signature, so a token for one purpose is worthless for another."""

    UNSUBSCRIBE = "unsubscribe", "End messages to this partner on this channel."
    CONFIRM = "confirm", "Show that an address is the partner's own."


@dataclass(frozen=True, slots=True)
class Claims:
    """What a good token says."""

    partner_id: int
    channel: Channel


class Links:
    """Writes and reads the links of one public site. `key` is secret; whoever holds it can sign in anyone's name."""

    def __init__(self, public_url: str, key: bytes) -> None:
        if len(key) < _MAC_BYTES:
            raise ValueError("the signing key needs at least 16 bytes")
        self._unsubscribe = public_url.rstrip("/") + "/u/"
        # Keyed once: a copy costs less than keying anew for every token.
        self._macs = {purpose: hmac.new(_derived(key, purpose), digestmod="sha256") for purpose in Purpose}

    def unsubscribe(self, partner_id: int, channel: Channel) -> str:
        """The address that ends messages to this partner on this channel."""
        return self._unsubscribe + self.token(Purpose.UNSUBSCRIBE, partner_id, channel)

    def token(self, purpose: Purpose, partner_id: int, channel: Channel) -> str:
        """A signed token of 32 URL-safe characters; the same for the same arguments. OverflowError from 2**48 on."""
        body = _VERSION + _CODES[channel] + partner_id.to_bytes(_ID_BYTES, "big")
        return urlsafe_b64encode(body + self._mac(purpose, body)).decode("ascii")

    def read(self, purpose: Purpose, token: str) -> Claims | None:
        """What `token` says, or None unless this site signed exactly these characters for `purpose`."""
        if len(token) != _TOKEN_LENGTH or not token.isascii():
            return None
        try:
            raw = urlsafe_b64decode(token)
        except NotBase64:
            return None
        # The decoder skips characters outside its alphabet: whatever is not spelt as we spell it is not ours.
        if urlsafe_b64encode(raw).decode("ascii") != token:
            return None
        body, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(purpose, body)) or body[:1] != _VERSION:
            return None
        channel = _CHANNELS.get(body[1:2])
        return None if channel is None else Claims(int.from_bytes(body[2:], "big"), channel)

    def _mac(self, purpose: Purpose, body: bytes) -> bytes:
        mac = self._macs[purpose].copy()
        mac.update(body)
        return mac.digest()[:_MAC_BYTES]


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
