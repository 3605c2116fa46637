"""Spells in which a transport does not work, known beforehand: what rehearsals and the chaos transport go by."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.model.campaign import Channel
from engine.model.words import Described


class OutageKind(Described):
    """What a transport does while it is out."""

    DOWN = "down", "No connection comes about: tried again."
    THROTTLED = "throttled", "It says to come back in a minute: tried again."
    SILENT = "silent", "It takes messages and never answers: in doubt."


@dataclass(frozen=True, slots=True)
class Outage:
    """From `begins` (aware, UTC) up to but not at `ends`. Of one transport or one channel where either is named."""

    kind: OutageKind
    begins: datetime
    ends: datetime
    channel: Channel | None = None
    transport: str | None = None

    def covers(self, transport: str, channel: Channel, now: datetime) -> bool:
        """Whether a message on this channel, handed to this transport at `now`, meets it."""
        return (
            self.begins <= now < self.ends and self.channel in (None, channel) and self.transport in (None, transport)
        )


def outage_at(outages: Sequence[Outage], transport: str, channel: Channel, now: datetime) -> OutageKind | None:
    """What the message meets, by the first outage that covers it; None when the transport works."""
    return next((each.kind for each in outages if each.covers(transport, channel, now)), None)
