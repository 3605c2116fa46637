"""The fake transport that keeps what it is given: for tests and simulations."""

from collections.abc import Sequence
from typing import Self

from engine.model.campaign import Channel
from engine.transport import lease
from engine.transport.base import (
    Accepted,
    Asked,
    ConnectionFailed,
    EmailMessage,
    Message,
    Outcome,
)
from engine.transport.setup import Setup


class MemoryTransport:
    """Accepts everything. With `keep=False` it assembles each message and forgets it: the null transport."""

    channels = frozenset(Channel)

    def __init__(self, *, keep: bool = True, name: str = "memory") -> None:
        self.name = name
        self.messages: list[Message] = []
        self.accepted: set[int] = set()
        self._keep = keep

    @classmethod
    def configure(cls, setup: Setup) -> Self:
        """It has no options."""
        setup.refuse_unknown()
        return cls(name=setup.name)

    async def send(self, batch: Sequence[Message]) -> Sequence[Outcome]:
        """Accepted, every one."""
        if not lease.question()():
            return [lease.OVERTAKEN] * len(batch)
        for message in batch:
            if isinstance(message, EmailMessage):
                message.mime()
        if self._keep:
            self.messages.extend(batch)
            self.accepted.update(message.delivery_id for message in batch)
        return [Accepted(f"memory-{message.delivery_id}") for message in batch]

    async def find(self, asked: Asked) -> Accepted | ConnectionFailed | None:
        """Whether it was accepted, as long as messages are kept."""
        if not self._keep:
            return None
        if asked.delivery_id in self.accepted:
            return Accepted(f"memory-{asked.delivery_id}")
        return ConnectionFailed("It never arrived.")

    async def forget(self, receipts: Sequence[str]) -> Sequence[bool | None]:
        """As if they had never been given to it."""
        gone = {receipt.removeprefix("memory-") for receipt in receipts}
        self.messages = [each for each in self.messages if str(each.delivery_id) not in gone]
        return [True] * len(receipts)

    async def aclose(self) -> None:
        """Nothing is held open."""
