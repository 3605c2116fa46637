"""What a transport is: it hands a batch of messages to a provider and says, for each, what became of it.

The list of outcomes is closed; `deliver.dispatch` alone turns an outcome into a delivery status.

    Accepted            the provider has it (receipt)
    ConnectionFailed    nothing left the house: safe to try again
    Throttled           refused for now: safe to try again, not before retry_after
    MessageRejected     this message is refused for good
    RecipientRejected   this recipient is refused for good; `suppress` says never to try the address again
    Misconfigured       the transport itself is wrong (key, sender, address): pause it, burn nothing
    OutcomeUnknown      it may have been accepted: in doubt, never resent blindly

Anything a transport raises is our bug and counts as OutcomeUnknown.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Protocol, runtime_checkable

from engine.errors import SettingsError
from engine.model.campaign import Channel


@dataclass(frozen=True, slots=True)
class EmailMessage:
    """One email to one recipient, always. `headers` are the extra ones, in order; `date` is aware.

    `html`, `text` and `subject` are the parts for providers that take parts; `mime()` is the whole message with CRLF
    line ends for those that take bytes.
    """

    delivery_id: int
    to: str = field(repr=False)
    sender: str  # an RFC 5322 mailbox: Name <local@domain>
    subject: str
    html: str = field(repr=False)
    text: str = field(repr=False)
    message_id: str  # with angle brackets; the same for every attempt at a delivery
    date: datetime
    headers: tuple[tuple[str, str], ...]
    assemble: Callable[["EmailMessage"], bytes] = field(repr=False, compare=False)

    def mime(self) -> bytes:
        """The message as RFC 5322 bytes, assembled from its step's skeleton."""
        return self.assemble(self)


@dataclass(frozen=True, slots=True)
class SmsMessage:
    """One text to one phone. The provider must drop it after `valid_for`, so that a queued text never lands at 3 am."""

    delivery_id: int
    to: str = field(repr=False)  # E.164
    body: str = field(repr=False)
    valid_for: timedelta


Message = EmailMessage | SmsMessage


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider has the message. `receipt` is its own id for it."""

    receipt: str


@dataclass(frozen=True, slots=True)
class ConnectionFailed:
    """No byte of the message reached the provider."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class Throttled:
    """The provider refused for now and is known not to have accepted; `retry_after` counts from now."""

    retry_after: timedelta | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class MessageRejected:
    """The provider refuses this message for good."""

    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class RecipientRejected:
    """The provider refuses this recipient for good."""

    code: str
    suppress: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Misconfigured:
    """Nothing can be sent until the operator mends the transport; `detail` says what."""

    detail: str


@dataclass(frozen=True, slots=True)
class OutcomeUnknown:
    """The provider may have accepted it: a timeout or reset after the write, an unreadable answer, a 5xx on a send."""

    detail: str = ""


Outcome = Accepted | ConnectionFailed | Throttled | MessageRejected | RecipientRejected | Misconfigured | OutcomeUnknown


class Transport(Protocol):
    """Hands messages of its `channels` to a provider. One outcome per message, in the batch's order."""

    @property
    def name(self) -> str: ...

    @property
    def channels(self) -> frozenset[Channel]: ...

    async def send(self, batch: Sequence[Message]) -> Sequence[Outcome]: ...

    async def aclose(self) -> None: ...


@runtime_checkable
class Reconcilable(Protocol):
    """A transport that can be asked later whether it accepted a delivery; None means it cannot tell."""

    async def find(self, delivery_id: int) -> Accepted | ConnectionFailed | None: ...


TransportBuilder = Callable[[str], Transport]
"""Builds the transport with this name from the settings; for transports that wrap another."""


class TransportFactory(Protocol):
    """What an entry point of the group `rekindle.transports` names: a class that can be configured."""

    def configure(self, options: Mapping[str, object], build: TransportBuilder) -> Transport: ...


def known_options(transport: str, options: Mapping[str, object], known: Collection[str]) -> Mapping[str, object]:
    """`options` when every one is in `known`; SettingsError naming the nearest right one otherwise."""
    for key in options:
        if key not in known:
            nearest = get_close_matches(key, known, n=1)
            mend = f"Did you mean `{nearest[0]}`?" if nearest else f"Known: {', '.join(sorted(known)) or 'none'}."
            raise SettingsError(f"Transport {transport} has no option `{key}`.", fix=mend)
    return options
