"""The form in which a webhook call is kept: all that is needed to read it again, sealed."""

import json
from base64 import b64decode, b64encode
from datetime import datetime
from hashlib import sha256
from urllib.parse import urlsplit

from engine.clock import instant
from engine.store.intake import SEALED_CALL
from engine.store.vault import Vault
from engine.transport.source import Hook


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
        "body": b64encode(hook.body).decode("ascii"),
    }
    return vault.seal(json.dumps(kept), SEALED_CALL)


def unsealed(vault: Vault, cipher: bytes) -> Hook:
    """The call as its source may read it; StoreError when its key is gone."""
    kept = json.loads(vault.open(cipher, SEALED_CALL))
    return Hook(
        kind=kept["kind"],
        url=kept["url"],
        headers={"content-type": kept["content_type"]},
        body=b64decode(kept["body"]),
        received_at=datetime.fromisoformat(kept["received_at"]),
    )
