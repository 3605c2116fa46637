"""A signature holds for whoever checks it by the book (dkimpy), and breaks when anything that matters is changed."""

import base64
import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.render.mime import Skeleton
from engine.transport.base import EmailMessage
from engine.transport.dkim import Signer, relaxed_body

Key = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
RSA = rsa.generate_private_key(65537, 2048)
ED25519 = ed25519.Ed25519PrivateKey.generate()
SENDER = "Rekindle <hello@rekindle.example>"
MESSAGE = EmailMessage(
    delivery_id=1,
    to="ana@example.com",
    sender=SENDER,
    subject="Zoë: this week, a rather long subject that has to be folded somewhere",
    html="<p>Hello,  Ana</p>\n\n\n",
    text="Hello Zoë,\n\n  two  spaces\t\nand a dot\n.\n",
    message_id="<1.x@rekindle.example>",
    date=datetime(2026, 3, 3, 9, tzinfo=UTC),
    headers=(
        ("List-Unsubscribe", "<https://rekindle.example/u/token>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    ),
    assemble=Skeleton("step", SENDER, ()).assemble,
)


def pem(key: Key | ec.EllipticCurvePrivateKey, lock: KeySerializationEncryption | None = None) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock or NoEncryption())


def verified(message: bytes) -> bool:
    def dns(name: bytes, timeout: int = 5) -> bytes:
        assert name == b"nudge._domainkey.rekindle.example."
        public = RSA.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)

    return bool(dkim.verify(message, dnsfunc=dns))


def signed(content: bytes, key: Key = RSA) -> bytes:
    return Signer("rekindle.example", "nudge", pem(key)).sign(content)


def test_dkimpy_believes_our_signature() -> None:
    assert verified(signed(MESSAGE.mime()))


def test_an_ed25519_signature_is_rfc_8463s() -> None:  # dkimpy checks these only with another package
    content = signed(MESSAGE.mime(), ED25519)
    head = content.partition(b"\r\nFrom:")[0]
    value = head.removeprefix(b"DKIM-Signature: ")
    signature = base64.b64decode(b"".join(value.partition(b" b=")[2].split()))
    fields: dict[bytes, bytes] = {}
    for line in MESSAGE.mime().partition(b"\r\n\r\n")[0].replace(b"\r\n ", b" ").split(b"\r\n"):
        name, _, rest = line.partition(b":")
        fields[name.lower()] = rest.strip()
    listed = value.partition(b" h=")[2].partition(b";")[0].replace(b"\r\n ", b"").split(b":")
    data = b"".join(name + b":" + fields.pop(name) + b"\r\n" for name in listed if name in fields)
    unsigned = value.partition(b" b=")[0].replace(b"\r\n", b"") + b" b="
    hashed = hashlib.sha256(data + b"dkim-signature:" + unsigned).digest()
    ED25519.public_key().verify(signature, hashed)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<https://rekindle.example/u/token>", b"<https://evil.example/>"),
        (b"List-Unsubscribe=One-Click", b"List-Unsubscribe=Two-Clicks"),
        (b"To: ana@example.com", b"To: eve@example.com"),
        (b"From: Rekindle", b"From: Somebody"),
        (b"Hello Zo", b"Hello Jo"),
        (b"\r\nTo: ", b"\r\nFrom: Evil <e@evil.example>\r\nTo: "),
        (b"\r\nTo: ", b"\r\nSubject: Another\r\nTo: "),
        (b"\r\nTo: ", b"\r\nReply-To: e@evil.example\r\nTo: "),
        (b"Tue, 03 Mar", b"Wed, 04 Mar"),
    ],
)
def test_a_change_breaks_it(old: bytes, new: bytes) -> None:
    content = signed(MESSAGE.mime())
    head, end, rest = content.partition(b"\r\nFrom:")
    whole = end + rest
    assert old in whole
    assert not verified(head + whole.replace(old, new, 1))


def test_what_relays_do_on_the_way_does_not() -> None:
    content = signed(MESSAGE.mime())
    relayed = b"Received: from x\r\n\tby y; z\r\n" + content.replace(b"To: ana", b"To:   ana") + b"\r\n\r\n"
    assert verified(relayed)


def test_lines_of_the_signature_are_short() -> None:
    head = signed(MESSAGE.mime()).partition(b"\r\nFrom:")[0]
    assert max(map(len, head.split(b"\r\n"))) <= 90


LINES = st.text(st.sampled_from("a \t.é\r\n"), max_size=60)


@settings(max_examples=25)
@given(text=LINES, subject=st.text(st.sampled_from("a é:;"), max_size=80))
def test_any_message_is_signed_right(text: str, subject: str) -> None:
    assert verified(signed(replace(MESSAGE, text=text, subject=subject).mime()))


@given(st.text(st.sampled_from("a \t\n"), max_size=40).map(lambda text: text.replace("\n", "\r\n").encode()))
def test_a_body_is_relaxed_as_dkimpy_does_it(body: bytes) -> None:
    from dkim.canonicalization import Relaxed

    whole = body + b"\r\n"
    assert relaxed_body(whole) == Relaxed.canonicalize_body(whole)


@pytest.mark.parametrize(
    "key",
    [
        b"",
        b"nonsense",
        pem(ec.generate_private_key(ec.SECP256R1())),
        pem(RSA, BestAvailableEncryption(b"pass phrase")),
        RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    ],
    ids=["empty", "nonsense", "elliptic curve", "locked", "public"],
)
def test_a_key_that_cannot_sign_is_refused(key: bytes) -> None:
    with pytest.raises(ValueError):
        Signer("rekindle.example", "nudge", key)
