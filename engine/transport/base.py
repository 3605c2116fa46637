"""What a transport is: it hands a batch of messages to a provider and says, for each, what became of it.

The list of outcomes is closed; `deliver.dispatch` alone turns an outcome into a delivery status.

    Accepted            the provider has it (receipt)
    ConnectionFailed    nothing left the house: safe to try again
    Throttled           refused for now: safe to try again, not before retry_after
    MessageRejected     this message is refused for good
    RecipientRejected   this recipient is refused; `suppress` says why the address is never to be tried again
    Misconfigured       the transport itself is wrong (key, sender, address): pause it, burn nothing
    OutcomeUnknown      it may have been accepted: in doubt, never resent blindly

Anything a transport raises is our bug and counts as OutcomeUnknown.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from engine.model.campaign import Channel
from engine.model.suppression import SuppressReason


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """What messages of one step have in common: text and HTML as constants with one slot between each two.

    A message's `slots` fill first the text's len(text) - 1 slots, then the HTML's len(html) - 1.
    """

    text: tuple[str, ...] = field(repr=False)
    html: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class EmailMessage:
    """One email to one recipient, always. `headers` are the extra ones, in order; `date` is aware.

    `html`, `text` and `subject` are the parts for providers that take parts; `mime()` is the whole message with CRLF
    line ends for those that take bytes. Each may be made when it is read, and is not kept: read what is needed, once.
    Messages that share their `shape` (the same object) differ only in subject, headers and `slots`, for providers that
    take a template and what goes into it.
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
    shape: "Shape | None" = field(default=None, repr=False, compare=False)
    slots: tuple[str, ...] = field(default=(), repr=False, compare=False)  # the text's, then the HTML's

    @property
    def reference(self) -> str:
        """What a provider is given to hand back with every event: the Message-ID's left part. ASCII, URL-safe."""
        return self.message_id[1:].partition("@")[0]

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
    reference: str  # what a provider is given to hand back with every event: ASCII, URL-safe
    channel: Channel = Channel.SMS  # or WHATSAPP


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
    """The provider refuses this recipient. `suppress` is why the address is never to be tried again, if so."""

    code: str
    suppress: SuppressReason | None = None
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


@dataclass(frozen=True, slots=True)
class Asked:
    """A delivery in doubt, put to the transport that was to send it no earlier than `since` (aware, UTC).

    `message` is what it would be if it were written now; None when it can no longer be written.
    """

    delivery_id: int
    since: datetime
    message: Message | None = field(default=None, repr=False)


@runtime_checkable
class Reconcilable(Protocol):
    """A transport that can be asked later whether it accepted a delivery; None means it cannot tell."""

    async def find(self, asked: Asked) -> Accepted | ConnectionFailed | None: ...


@runtime_checkable
class Forgetful(Protocol):
    """A transport whose provider deletes its copies of messages, sent or received, by their receipts.

    True for one that is gone now, or was; False for one that can never be deleted; None for one to try again later.
    """

    async def forget(self, receipts: Sequence[str]) -> Sequence[bool | None]: ...


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried without sending anything: what it was, and how to mend it when it is not `good`."""

    good: bool
    what: str
    fix: str = ""


@runtime_checkable
class Checkable(Protocol):
    """A transport that can be tried without sending: key, sender, addresses, as far as its provider tells."""

    async def check(self) -> Sequence[Finding]: ...
