"""A signed-in operator's cookie: when it began, when it was last used, and a number of its own. Nothing is stored.

It is signed with a key made of the workspace's own and of the password's hash: a new password ends every session.
"""

import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256

LASTS = timedelta(hours=12)
IDLE = timedelta(hours=1)
RENEWED_AFTER = timedelta(minutes=1)
"""A cookie this young is not written anew, so that not every page sets one."""


@dataclass(frozen=True, slots=True)
class Session:
    """`number` is random and public: it names the session in the audit. Instants in seconds since 1970."""

    number: str
    began: int
    seen: int


class Signer:
    """Writes and reads what is only good when signed by us. `key` is secret."""

    def __init__(self, key: bytes, password_hash: str) -> None:
        self._key = hmac.digest(key, password_hash.encode(), sha256)

    def begin(self, number: str, now: datetime) -> Session:
        """A new session."""
        return Session(number, int(now.timestamp()), int(now.timestamp()))

    def written(self, session: Session) -> str:
        """The cookie's value."""
        plain = f"{session.number}.{session.began}.{session.seen}"
        return f"{plain}.{self._mac('session', plain)}"

    def read(self, value: str, now: datetime) -> Session | None:
        """The session of a cookie; None when it is not ours, or over."""
        plain, _, mac = value.rpartition(".")
        if not plain.isascii() or not mac.isascii() or not hmac.compare_digest(mac, self._mac("session", plain)):
            return None
        number, began, seen = plain.split(".")
        session = Session(number, int(began), int(seen))
        at = now.timestamp()
        over = at - session.began >= LASTS.total_seconds() or at - session.seen >= IDLE.total_seconds()
        return None if over else session

    def renewed(self, session: Session, now: datetime) -> Session | None:
        """The session as seen now; None when that was so lately that the cookie may stay as it is."""
        at = int(now.timestamp())
        return replace(session, seen=at) if at - session.seen >= RENEWED_AFTER.total_seconds() else None

    def token(self, whose: str) -> str:
        """What every form of theirs carries, so that no other site's page can make one (CSRF)."""
        return self._mac("form", whose)

    def is_token(self, token: str, whose: str) -> bool:
        return token.isascii() and hmac.compare_digest(token, self.token(whose))

    def _mac(self, purpose: str, text: str) -> str:
        return hmac.digest(self._key, f"{purpose}\x1f{text}".encode(), sha256).hex()
