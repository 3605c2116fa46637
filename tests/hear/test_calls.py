"""Webhook calls are kept packed and sealed, and read again as they came."""

import json
from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from source_rigs import SendGridRig, TwilioStatusRig

from engine.errors import StoreError
from engine.hear import calls
from engine.store.vault import Vault
from engine.transport.source import Hook

pytestmark = pytest.mark.storeless

VAULT = Vault({"k1": b"k" * 32}, "k1", b"l" * 32)
AT = datetime(2026, 3, 2, 9, 30, 0, 123456, tzinfo=UTC)


def a_call(body: bytes) -> Hook:
    url = "https://rekindle.example/webhooks/twilio/status?delivery=1.x"
    return Hook("status", url, {"content-type": "application/json"}, body, AT)


@pytest.mark.parametrize("body", [b"", b"\n", b"{}", b"To=%2B1\nfoo\x00\xff\xfe", "Très 💛".encode(), b"x" * 100_000])
def test_a_call_is_read_again_as_it_came(body: bytes) -> None:
    """Whatever its body is made of, kind, address, content type, instant and body come back unchanged."""
    hook = a_call(body)
    assert calls.unsealed(VAULT, calls.sealed(VAULT, hook)) == hook


def test_a_call_that_was_kept_before_calls_were_packed_is_still_read() -> None:
    """A call in the older form, JSON with its body in base64, opens to the same call."""
    hook = a_call(b"To=%2B1\n\xff")
    kept = {
        "kind": hook.kind,
        "url": hook.url,
        "content_type": hook.headers["content-type"],
        "received_at": hook.received_at.isoformat(),
        "body": b64encode(hook.body).decode(),
    }
    assert calls.unsealed(VAULT, VAULT.seal(json.dumps(kept), calls.SEALED_CALL)) == hook


def test_a_form_of_a_later_version_is_refused_in_words() -> None:
    """What this version cannot unpack is an error that says so."""
    with pytest.raises(StoreError, match="not in a form this version knows"):
        calls.unsealed(VAULT, VAULT.seal_bytes(b"\x02later", calls.SEALED_CALL))


def test_what_packing_refers_to_stays_as_it_is() -> None:
    """A change of a single byte would make every stored call unreadable."""
    assert sha256(calls.OFTEN).hexdigest() == "830ec6879cc63c7142c1efd7c54b1e172b8c5b524bfc03d7cd758e3de6c42aa3"


def test_a_call_takes_less_room_sealed_than_it_does_on_the_wire() -> None:
    """A single status takes less than three quarters of its body and address; a batch less than a third."""
    told = TwilioStatusRig().told("1.Proof-_0001", 1)
    assert len(calls.sealed(VAULT, told)) < (len(told.body) + len(told.url)) * 3 / 4
    batch = SendGridRig().batch([SendGridRig().told("1.Proof-_0001", each) for each in range(20)])
    assert len(calls.sealed(VAULT, batch)) < len(batch.body) / 3
