"""Which transport takes a message: shares among those that work, and stand-bys when none does.

A channel's routes are in the operator's order. A delivery always takes the same one of those that are open, by a keyed
draw, so that a retry goes where the first try went unless that transport is paused.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from engine.keyed import fraction, pick
from engine.model.campaign import Channel
from engine.transport.base import Transport


@dataclass(frozen=True, slots=True)
class Route:
    """One transport of a channel; `share` is its part of the messages, 0 for a stand-by; it draws from its `paces`."""

    transport: Transport
    share: int = 1
    paces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Routes:
    """The routes of every channel, in order of preference."""

    by_channel: Mapping[Channel, Sequence[Route]]

    @classmethod
    def of(cls, transports: Mapping[Channel, Transport]) -> Self:
        """One transport a channel, unpaced."""
        return cls({channel: (Route(transport),) for channel, transport in transports.items()})

    @property
    def transports(self) -> dict[str, Transport]:
        """Every transport by name."""
        return {route.transport.name: route.transport for routes in self.by_channel.values() for route in routes}

    def open(self, channel: Channel, closed: Collection[str]) -> list[Route]:
        """The routes that take messages now: those with a share that are not closed, else the first open stand-by."""
        usable = [route for route in self.by_channel.get(channel, ()) if route.transport.name not in closed]
        return [route for route in usable if route.share] or usable[:1]


def choose(routes: Sequence[Route], delivery_id: int) -> Route:
    """The route of `routes`, one or more, that this delivery takes."""
    if len(routes) == 1:
        return routes[0]
    shares = [max(route.share, 1) for route in routes]
    return routes[pick(fraction(str(delivery_id), "route"), shares)]
