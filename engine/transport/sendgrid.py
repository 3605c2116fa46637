"""Emails through SendGrid's v3 API, and what SendGrid says of them later.

mail/send knows no idempotency key: an answer that does not come, makes no sense or is a 5xx leaves every recipient of
the call in doubt. What SendGrid's words mean in ours stands at the top of `sendgrid_answers` and `sendgrid_events`.
"""

import asyncio
import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from engine.model.campaign import Channel
from engine.model.event import Heard
from engine.transport import sendgrid_events
from engine.transport.base import (
    Accepted,
    Asked,
    ConnectionFailed,
    EmailMessage,
    Finding,
    Message,
    MessageRejected,
    Outcome,
    Throttled,
)
from engine.transport.http import Answer, HttpClient
from engine.transport.sendgrid_answers import judged
from engine.transport.sendgrid_request import REFERENCE, Call, Forms, Manner
from engine.transport.setup import Setup
from engine.transport.source import Hook

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

HOST = "https://api.sendgrid.com"  # or https://api.eu.sendgrid.com for subusers in Europe
SEND = "/v3/mail/send"

MOST_MENDS = 32
"""Further calls that one batch may take to set apart what SendGrid refuses: enough to find one email in a thousand."""

NOT_SET_APART = Throttled(detail="Refused together with others; too many to set apart in one go.")

UNTRACKED = Manner()

_OPTIONS = (
    "api_key",
    "api_key_file",
    "base_url",
    "ca_file",
    "connections",
    "connect_seconds",
    "answer_seconds",
    "webhook_key",
    "webhook_key_file",
    "open_tracking",
    "click_tracking",
    "sandbox",
    "ip_pool",
)


@dataclass(frozen=True, slots=True)
class Account:
    """One set-up: how SendGrid is reached and called by us, and what its own calls are signed with."""

    api_key: str = field(repr=False)
    base_url: str = HOST
    ca_file: Path | None = None
    connections: int = 4
    connect_seconds: float = 10.0
    answer_seconds: float = 30.0
    webhook_key: str = ""  # the public half, as SendGrid shows it
    mailbox: str = ""  # the one that emails come from


class SendGridTransport:
    """One SendGrid account, or subuser."""

    channels = frozenset({Channel.EMAIL})

    def __init__(self, account: Account, manner: Manner = UNTRACKED, *, name: str = "sendgrid") -> None:
        self.name = name
        self._account = account
        self._sandbox = manner.sandbox
        self._forms = Forms(manner)
        self._api = HttpClient(
            account.base_url,
            headers={"Authorization": f"Bearer {account.api_key}", "Accept": "application/json"},
            connections=account.connections,
            connect_seconds=account.connect_seconds,
            answer_seconds=account.answer_seconds,
            ca_file=account.ca_file,
        )

    @classmethod
    def configure(cls, setup: Setup) -> Self:
        """Options are the fields of Account and Manner, by name; a key may also stand in a file (`api_key_file`)."""
        setup.refuse_unknown(*_OPTIONS)
        account = Account(
            api_key=setup.secret("api_key"),
            base_url=setup.text("base_url", HOST),
            ca_file=setup.folder / setup.text("ca_file") if setup.has("ca_file") else None,
            connections=setup.whole("connections", 4, least=1, most=64),
            connect_seconds=setup.number("connect_seconds", 10, least=0.01, most=120),
            answer_seconds=setup.number("answer_seconds", 30, least=0.01, most=300),
            webhook_key=setup.secret("webhook_key") if _given(setup, "webhook_key") else "",
            mailbox=setup.mailbox,
        )
        manner = Manner(
            open_tracking=setup.flag("open_tracking", False),
            click_tracking=setup.flag("click_tracking", False),
            sandbox=setup.flag("sandbox", False),
            ip_pool=setup.text("ip_pool") if setup.has("ip_pool") else "",
        )
        return cls(account, manner, name=setup.name)

    async def send(self, batch: Sequence[Message]) -> Sequence[Outcome]:
        """As few calls as `sendgrid_request` allows, `connections` at a time.

        When a call is refused for some of its recipients, the others are sent again at once, without them. When one
        fails in a way that the others would too, those not yet begun are not made, and known not to be accepted.
        """
        emails = [(place, message) for place, message in enumerate(batch) if isinstance(message, EmailMessage)]
        run = _Run([MessageRejected("channel", f"{self.name} carries email only.")] * len(batch))
        run.waiting.extend(self._forms.calls(emails))
        async with asyncio.TaskGroup() as workers:
            for _ in range(min(self._account.connections, len(run.waiting))):
                workers.create_task(self._work(run))
        return run.outcomes

    async def _work(self, run: "_Run") -> None:
        while run.waiting:
            call = run.waiting.popleft()
            if run.rest is not None:
                run.settle(call, run.rest)
                continue
            said = await self._api.post(SEND, call.body(), "application/json")
            verdict = judged(said, len(call.places), sandbox=self._sandbox)
            for position, outcome in verdict.outcomes.items():
                run.outcomes[call.places[position]] = outcome
            run.rest = run.rest or verdict.rest
            for positions in verdict.again:
                run.mend(call.of(positions))

    async def find(self, asked: Asked) -> Accepted | ConnectionFailed | None:
        """Whether SendGrid's Email Activity knows the message, where the account has bought it and the key may read it.

        It never says that a message did not arrive: its log lags behind, and six questions a minute are allowed
        (twilio.com/docs/sendgrid/api-reference/email-activity).
        """
        if not isinstance(asked.message, EmailMessage) or '"' in asked.message.reference:
            return None
        query = f"(unique_args['{REFERENCE}']=\"{asked.message.reference}\")"
        said = await self._api.get("/v3/messages", {"limit": "1", "query": query})
        receipt = _first_id(said.body) if isinstance(said, Answer) and said.status == 200 else ""
        return Accepted(receipt) if receipt else None

    async def check(self) -> Sequence[Finding]:
        """What can be known without sending: key and its permissions, sender, and whether events can be verified."""
        from engine.transport.sendgrid_check import findings

        return await findings(self._api, self._account.mailbox, self._account.webhook_key)

    @cached_property
    def _verification_key(self) -> "EllipticCurvePublicKey | None":
        try:
            return sendgrid_events.verification_key(self._account.webhook_key)
        except ValueError:
            return None

    def verify(self, hook: Hook) -> None:
        """See `sendgrid_events.verify`."""
        sendgrid_events.verify(hook, self._verification_key if hook.kind == sendgrid_events.KIND else None)

    def parse(self, hook: Hook) -> Sequence[Heard]:
        """See `sendgrid_events.parse`."""
        return sendgrid_events.parse(hook, self.name)

    async def aclose(self) -> None:
        """Close idle connections; twice is harmless."""
        await self._api.aclose()


@dataclass(slots=True)
class _Run:
    """One batch on its way."""

    outcomes: list[Outcome]
    waiting: deque[Call] = field(default_factory=deque)
    rest: Outcome | None = None  # what calls not yet begun come to, once that is known
    mends: int = 0

    def settle(self, call: Call, outcome: Outcome) -> None:
        for place in call.places:
            self.outcomes[place] = outcome

    def mend(self, call: Call) -> None:
        """Make a refused call again for some of its recipients, unless that has been done too often."""
        self.mends += 1
        if self.mends > MOST_MENDS:
            self.settle(call, NOT_SET_APART)
        else:
            self.waiting.append(call)


def _given(setup: Setup, key: str) -> bool:
    return setup.has(key) or setup.has(f"{key}_file")


def _first_id(body: bytes) -> str:
    """X-Message-Id of the first message that an answer lists: its id up to the first dot."""
    try:
        listed = json.loads(body)["messages"]
        return str(listed[0]["msg_id"]).partition(".")[0][:200]
    except (ValueError, RecursionError, LookupError, TypeError):
        return ""
