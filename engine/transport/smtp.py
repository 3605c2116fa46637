"""Email through any SMTP relay, and its bounces back: as fast as the relay offers, and exact about what it took.

    [transports.smtp]
    host = "smtp.example.com"       # port 587 and STARTTLS unless said otherwise
    username = "hello@example.com"  # REKINDLE_TRANSPORTS__SMTP__PASSWORD holds its password

`smtp_settings` reads the rest of the table, `smtp_reply` has the tables of replies, `smtp_pipeline` the rules of what
is known and what is in doubt, `smtp_opening` how a session comes about, `smtp_pool` who sends what.
"""

import asyncio
from collections.abc import Sequence
from hmac import compare_digest
from typing import Self

from engine.model.campaign import Channel
from engine.model.event import Heard
from engine.transport.base import Finding, Message, Outcome
from engine.transport.setup import Setup
from engine.transport.smtp_check import look_at
from engine.transport.smtp_opening import Relay
from engine.transport.smtp_pool import GOODBYE_SECONDS, Batch, Pool
from engine.transport.smtp_settings import OPTIONS, given, relay_of
from engine.transport.source import Forged, Hook, NotOurs


class SmtpTransport:
    """Sends over up to `connections` kept sessions; reads bounces that a mail server hands to the webhook."""

    channels = frozenset({Channel.EMAIL})
    signed = False  # whoever knows the token hands bounces over, and anyone can write one

    def __init__(self, relay: Relay, *, name: str = "smtp", connections: int = 4, bounce_token: str = "") -> None:
        self.name = name
        self._relay = relay
        self._connections = connections
        self._bounce_token = bounce_token
        self._pool: Pool | None = None

    @classmethod
    def configure(cls, setup: Setup) -> Self:
        """From the options that `smtp_settings` lists, of which `host` alone is required."""
        setup.refuse_unknown(*OPTIONS)
        bounce_token = setup.secret("bounce_token") if given(setup, "bounce_token") else ""
        connections = setup.whole("connections", 4, least=1, most=64)
        return cls(relay_of(setup), name=setup.name, connections=connections, bounce_token=bounce_token)

    async def send(self, batch: Sequence[Message]) -> Sequence[Outcome]:
        """One outcome a message. `connect_seconds` bounds connecting, `answer_seconds` the wait for each answer."""
        if not batch:
            return []
        loop = asyncio.get_running_loop()
        if self._pool is None or self._pool.loop is not loop:  # a session lives and dies with its loop
            self._pool = Pool(self._relay, self._connections)
        sending = Batch(batch)
        await self._pool.send(sending)
        return sending.all_outcomes()

    async def check(self) -> Sequence[Finding]:
        """Connects, secures the line, signs in and has the sender looked at; nothing is sent."""
        return await look_at(self._relay, GOODBYE_SECONDS)

    async def aclose(self) -> None:
        """Say good-bye to the relay, within two seconds. What is used after that opens anew."""
        pool, self._pool = self._pool, None
        if pool is not None and pool.loop is asyncio.get_running_loop():
            await pool.aclose()

    def verify(self, hook: Hook) -> None:
        """Whoever hands bounces over shows the `bounce_token`; without one set, nobody can."""
        if hook.kind != "bounce":
            raise NotOurs
        scheme, _, token = hook.headers.get("authorization", "").partition(" ")
        same = compare_digest(token.strip().encode("utf-8", "replace"), self._bounce_token.encode())
        if scheme.lower() != "bearer" or not self._bounce_token or not same:
            raise Forged

    def parse(self, hook: Hook) -> Sequence[Heard]:
        """The body is one bounce, as message/rfc822."""
        from engine.transport.bounce import read_bounce

        return read_bounce(self.name, hook.body, hook.received_at)
