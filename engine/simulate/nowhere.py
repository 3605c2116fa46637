"""The transport of a plan: it takes every message, and nothing is made of it that nobody will look at."""

from collections.abc import Sequence

from engine.model.campaign import Channel
from engine.transport.base import Accepted, Message, Outcome


class Nowhere:
    """Accepts everything at once. It goes by the name of the transport it stands for."""

    channels = frozenset(Channel)

    def __init__(self, name: str = "nowhere") -> None:
        self.name = name

    async def send(self, batch: Sequence[Message]) -> Sequence[Outcome]:
        """Accepted, every one."""
        return [Accepted(f"{self.name}-{message.delivery_id}") for message in batch]

    async def aclose(self) -> None:
        """Nothing is held open."""
