"""What an event source is: the other direction of a transport, from its provider's webhooks to our events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

from engine.model.event import Heard


class Forged(Exception):
    """The call is not signed by the provider, or not as we asked: nothing of it is believed, nothing is kept."""


class NotOurs(Exception):
    """The provider has no such webhook: the path names nothing that this source reads."""


@dataclass(frozen=True, slots=True)
class Hook:
    """One webhook call, as it came over the wire.

    `kind` is the last part of the path: `status`, `inbound`, `events`, `bounce`. `url` is the public one, built from
    the settings' `public_url` and never from the Host header, with the query string as it came. `headers` have lower-
    case names; `body` is raw. `received_at` is when it came (aware, UTC), for providers that do not say when.
    """

    kind: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What a webhook is answered with; the status is 200."""

    media_type: str
    body: bytes


@runtime_checkable
class Conversational(Protocol):
    """An event source that can have its provider send a text back in the answer to an inbound message."""

    def answer(self, text: str | None) -> Answer:
        """The answer that sends `text` to whoever wrote, or says nothing to them."""


@runtime_checkable
class EventSource(Protocol):
    """Reads the webhooks of one provider. Both methods are pure: no network, no clock, no store.

    A class whose calls nobody signs (a mailbox of bounces) says `signed = False`: of those, only what quotes a
    reference of ours is believed.
    """

    @property
    def name(self) -> str: ...

    def verify(self, hook: Hook) -> None:
        """Forged unless the provider signed exactly this call; NotOurs for a kind that it does not have."""

    def parse(self, hook: Hook) -> Sequence[Heard]:
        """What a verified call says, in its order. An entry that makes no sense is Unreadable, the others go on."""
