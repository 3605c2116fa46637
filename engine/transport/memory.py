"""The fake transport that keeps what it is given: for tests and simulations."""

from collections.abc import Mapping, Sequence
from typing import Self

from engine.model.campaign import Channel
from engine.transport.base import (
    Accepted,
    ConnectionFailed,
    EmailMessage,
    Message,
    Outcome,
    TransportBuilder,
    known_options,
)


class MemoryTransport:
    """Accepts everything. With `keep=False` it assembles each message and forgets it: the null transport."""

    name = "memory"
    channels = frozenset({Channel.EMAIL, Channel.SMS})

    def __init__(self, *, keep: bool = True) -> None:
        self.messages: list[Message] = []
        self.accepted: set[int] = set()
        self._keep = keep

    @classmethod
    def configure(cls, options: Mapping[str, object], build: TransportBuilder) -> Self:
        """It has no options."""
        known_options(cls.name, options, ())
        return cls()

    async def send(self, batch: Sequence[Message]) -> Sequence[Outcome]:
        """Accepted, every one."""
        for message in batch:
            if isinstance(message, EmailMessage):
                message.mime()
        if self._keep:
            self.messages.extend(batch)
            self.accepted.update(message.delivery_id for message in batch)
        return [Accepted(f"memory-{message.delivery_id}") for message in batch]

    async def find(self, delivery_id: int) -> Accepted | ConnectionFailed | None:
        """Whether it was accepted, as long as messages are kept."""
        if not self._keep:
            return None
        if delivery_id in self.accepted:
            return Accepted(f"memory-{delivery_id}")
        return ConnectionFailed("It never arrived.")

    async def aclose(self) -> None:
        """Nothing is held open."""
