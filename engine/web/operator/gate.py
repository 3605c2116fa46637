"""Who comes to the dashboard: signed in with the password, or named by a proxy that we believe.

A page needs no more than that. An act also needs the token of its own form: that no other site's page can know.
"""

import asyncio
import secrets
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from fastapi import Request, Response

from engine.app import Engine
from engine.model.act import Act
from engine.operating import Operator
from engine.store import audit, rates
from engine.store.database import Transaction
from engine.store.rates import Limit
from engine.web.caller import caller_of
from engine.web.operator.password import fits
from engine.web.operator.session import LASTS, Session, Signer

SIGNED_IN = "operator"
"""What the audit calls whoever knows the password."""
TRIES = 10
TRIES_OF_ALL = 300
WINDOW = timedelta(minutes=15)
LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody who may be here: `actor` for the audit, and the `token` that their forms carry."""

    actor: str
    token: str
    session: Session | None = None

    @property
    def can_leave(self) -> bool:
        """Whether there is a session of ours to end."""
        return self.session is not None


class Gate:
    """One for the app."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        given = engine.settings.operator
        self._hash = None if given.password_hash is None else given.password_hash.get_secret_value()
        self._signer = Signer(engine.vault.subkey("operator"), self._hash or "")
        self._header = given.proxy_header
        self._trusted = [ip_network(each) for each in given.proxy_from]
        site = urlsplit(engine.settings.public_url)
        self._secure = site.scheme == "https"
        self._path = f"{site.path.rstrip('/')}/operator"
        self._one_at_a_time = asyncio.Lock()  # each try of a password takes 64 MiB

    @property
    def has_password(self) -> bool:
        """Whether anybody can sign in here."""
        return self._hash is not None

    def visit(self, request: Request, connection: Transaction) -> Visit | None:
        """Whoever may be here; None for all others."""
        name = self._proxied(request)
        if name:
            return Visit(name, self._signer.token(f"proxy {name}"))
        session = self._session(request)
        if session is None or audit.is_kept(connection, Act.SIGN_OUT, _about(session)):
            return None
        return Visit(SIGNED_IN, self._signer.token(session.number), session)

    def may_act(self, visit: Visit, token: str) -> bool:
        """Whether the form was ours, shown to them."""
        return self._signer.is_token(token, visit.session.number if visit.session else f"proxy {visit.actor}")

    async def sign_in(self, request: Request, password: str) -> Session | timedelta | None:
        """A session for who knows the password; None for who does not; how long to wait for who tries too often."""
        wait = await asyncio.to_thread(self._throttled, request)
        if wait is not None:
            return wait
        async with self._one_at_a_time:
            known = self._hash is not None and await asyncio.to_thread(fits, password, self._hash)
        session = self._signer.begin(secrets.token_hex(8), self._engine.clock.now())
        act, about = (Act.SIGN_IN, _about(session)) if known else (Act.SIGN_IN_FAILED, "")
        await asyncio.to_thread(partial(Operator(self._engine, SIGNED_IN).keep, act, about))
        return session if known else None

    def sign_out(self, visit: Visit) -> None:
        """End the session, also in browsers that a copy of its cookie came to."""
        if visit.session is not None:
            Operator(self._engine, visit.actor).keep(Act.SIGN_OUT, _about(visit.session))

    def let_in(self, response: Response, session: Session) -> None:
        """Put the session's cookie on an answer."""
        self._cookie(response, self._signer.written(session), int(LASTS.total_seconds()))

    def renew(self, response: Response, visit: Visit) -> None:
        """The same, as seen now, if it was not lately."""
        session = visit.session and self._signer.renewed(visit.session, self._engine.clock.now())
        if session:
            self.let_in(response, session)

    def let_out(self, response: Response) -> None:
        """Take the cookie back."""
        self._cookie(response, "", 0)

    @property
    def _name(self) -> str:
        # With the prefix a browser takes it from nobody but this host over TLS (RFC 6265bis, 4.1.3.1).
        return "__Secure-rekindle-operator" if self._secure else "rekindle-operator"

    def _cookie(self, response: Response, value: str, age: int) -> None:
        response.set_cookie(
            self._name, value, max_age=age, path=self._path, secure=self._secure, httponly=True, samesite="strict"
        )

    def _session(self, request: Request) -> Session | None:
        value = request.cookies.get(self._name)
        return None if value is None or self._hash is None else self._signer.read(value, self._engine.clock.now())

    def _proxied(self, request: Request) -> str:
        """The name that a believed proxy gives; empty without one. Anybody may send the header: not from there."""
        if self._header is None or request.client is None:
            return ""
        try:
            peer = ip_address(request.client.host)
        except ValueError:
            return ""
        mapped = getattr(peer, "ipv4_mapped", None) or peer
        if not any(mapped in network for network in self._trusted):
            return ""
        name = " ".join(request.headers.get(self._header, "").split())
        return name if name.isprintable() and len(name) <= LONGEST_NAME else ""

    def _throttled(self, request: Request) -> timedelta | None:
        caller = caller_of(request, self._engine.settings.web.client_header)
        limits = [Limit("operator", caller, TRIES, WINDOW), Limit("operator", "", TRIES_OF_ALL, WINDOW)]
        with self._engine.database.begin() as connection:
            return rates.ask(connection, self._engine.vault, limits, self._engine.clock.now())


def _about(session: Session) -> str:
    return f"session {session.number}"
