"""The form in which a webhook call is kept: all that is needed to read it again, packed and sealed.

What is sealed is PACKED, then a raw deflate stream of a line of JSON and the body as it came. A call that was kept
before calls were packed is JSON by itself, with the body in base64.
"""

import json
import zlib
from base64 import b64decode
from datetime import datetime
from hashlib import sha256
from urllib.parse import urlsplit

from engine.clock import instant
from engine.errors import StoreError
from engine.store.intake import SEALED_CALL
from engine.store.vault import Vault
from engine.transport.source import Hook

PACKED = b"\x01"
LEVEL = 1
"""Higher ones take a hundredth off a batch of a hundred events, at four times the cost."""
OFTEN = (
    b'"event": "bounce", "type": "blocked", "reason": "", "status": "5.1.1", "useragent": "Mozilla/5.0 (",'
    b' "url": "https://", "event":"processed","event":"deferred","event":"dropped","event":"spamreport","e'
    b'vent":"unsubscribe","event":"open","event":"click","event":"delivered","email":"@gmail.com","timesta'
    b'mp":17,"smtp-id":"<","sg_event_id":"","sg_message_id":".recvd-","ip":"","response":"250 2.0.0 OK ","'
    b'tls":1,"delivery":"ToCountry=US&ToState=&SmsMessageSid=SM&NumMedia=0&ToCity=&FromZip=&SmsSid=SM&From'
    b"State=&SmsStatus=received&FromCity=&Body=&FromCountry=US&To=%2B1&MessagingServiceSid=MG&ToZip=&NumSe"
    b"gments=1&ErrorCode=30003&ErrorMessage=&RawDlrDoneDate=26&SmsStatus=undelivered&MessageStatus=failed&"
    b"MessageStatus=sent&ApiVersion=2010-04-01&AccountSid=AC&From=%2B1&To=%2B1&MessageSid=SM&SmsSid=SM&Sms"
    b'Status=delivered&MessageStatus=delivered{"kind":"inbound","url":"https://","content_type":"applicati'
    b'on/json","received_at":"2026-{"kind":"events","url":"https:///webhooks/sendgrid/events{"kind":"statu'
    b's","url":"https:///webhooks/twilio/status?delivery=","content_type":"application/x-www-form-urlencod'
    b'ed","received_at":"2026-T00:00:00+00:00"}\n'
)
"""What calls are mostly made of, to which packing refers. Never to change: what was packed opens with nothing else."""


def digest(vault: Vault, hook: Hook) -> bytes:
    """The call's identity: the same kind, query and body are the same call. Keyed: a plain hash of a short text from
    one of a few phones could be guessed.
    """
    query = urlsplit(hook.url).query
    return vault.index("\n".join((hook.kind, query, sha256(hook.body).hexdigest())), SEALED_CALL)


def sealed(vault: Vault, hook: Hook) -> bytes:
    """The call without its headers but the content type: signatures have been verified, and are not needed again."""
    kept = {
        "kind": hook.kind,
        "url": hook.url,
        "content_type": hook.headers.get("content-type", ""),
        "received_at": instant(hook.received_at).isoformat(),
    }
    packer = zlib.compressobj(LEVEL, wbits=-zlib.MAX_WBITS, zdict=OFTEN)
    clear = json.dumps(kept, separators=(",", ":")).encode() + b"\n" + hook.body
    return vault.seal_bytes(PACKED + packer.compress(clear) + packer.flush(), SEALED_CALL)


def unsealed(vault: Vault, cipher: bytes) -> Hook:
    """The call as its source may read it; StoreError when its key is gone, or a later version kept it."""
    clear = vault.open_bytes(cipher, SEALED_CALL)
    if clear.startswith(b"{"):
        kept = json.loads(clear)
        body = b64decode(kept["body"])
    elif clear.startswith(PACKED):
        unpacker = zlib.decompressobj(-zlib.MAX_WBITS, zdict=OFTEN)
        head, _, body = (unpacker.decompress(clear[1:]) + unpacker.flush()).partition(b"\n")
        kept = json.loads(head)
    else:
        raise StoreError("A stored call is not in a form this version knows.", fix="Run the version that stored it.")
    return Hook(
        kind=kept["kind"],
        url=kept["url"],
        headers={"content-type": kept["content_type"]},
        body=body,
        received_at=datetime.fromisoformat(kept["received_at"]),
    )
