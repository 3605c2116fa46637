"""What may leave now, and by which transport: holds, routes, breakers and paces looked at together.

Looked at twice: when a batch is claimed, so that no more is claimed than may go, and in the transaction that commits
the intent, where what others drew meanwhile counts.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from engine.deliver.breaker import PROBE
from engine.deliver.pacing import MOST, Allowance, Pace
from engine.deliver.routes import Route, Routes, choose
from engine.model.campaign import Channel
from engine.model.hold import NO_HOLDS, Holds
from engine.store import paces, restraints
from engine.store.breakers import Breaker

SET_ASIDE = timedelta(hours=1)
"""How long what is held by itself (a campaign, all transports of a channel) is out of the others' way before it is
looked at again. Resuming brings it back at once."""


class Traffic:
    """The routes of a workspace and the paces they keep to."""

    def __init__(self, routes: Routes, limits: Mapping[str, Pace] | None = None) -> None:
        self.routes = routes
        self._limits = limits or {}
        self._used = {name for each in routes.by_channel.values() for route in each for name in route.paces}

    def look(self, connection: Connection, now: datetime, *, to_draw: bool = False) -> "Sight":
        """How things stand at `now`. Who is `to_draw` from the paces has them to itself until its transaction ends."""
        limits = {name: self._limits[name] for name in self._used}
        if to_draw and limits:
            paces.begin(connection, {name: pace.refilled(None, now) for name, pace in limits.items()})
        buckets = paces.load(connection, self._used, to_draw=to_draw) if limits else {}
        allowance = Allowance(limits, buckets, now)
        failing, held = restraints.load(connection)
        return Sight(self.routes, failing, allowance, now, held)


class Sight:
    """How things stood at one instant; what is let go is drawn from it."""

    def __init__(
        self,
        routes: Routes,
        failing: dict[str, Breaker],
        allowance: Allowance,
        now: datetime,
        holds: Holds = NO_HOLDS,
    ) -> None:
        self.failing = failing
        self.holds = holds
        self._routes = routes
        self._allowance = allowance
        self._now = now
        self._probes = {
            name: PROBE for name, breaker in failing.items() if breaker.open_until <= now and breaker.failures
        }
        self._open = {channel: routes.open(channel, self.resting) for channel in routes.by_channel}
        self.shut = {  # the channels that the operator holds back whole
            channel
            for channel, some in routes.by_channel.items()
            if holds.transports and all(route.transport.name in holds.transports for route in some)
        }
        self._plain = {
            channel: some[0]
            for channel, some in self._open.items()
            if len(some) == 1 and not some[0].paces and some[0].transport.name not in self._probes
        }

    @property
    def resting(self) -> set[str]:
        """The transports that take nothing now: those left alone, and those that the operator holds back."""
        return {name for name, each in self.failing.items() if each.open_until > self._now} | self.holds.transports

    def held_until(self, campaign: str, channel: Channel) -> datetime | None:
        """When to look again at a message that the operator holds back by itself; None when it may go for all that."""
        held = channel in self.shut or campaign in self.holds.campaigns
        return self._now + SET_ASIDE if held else None

    def room(self, channel: Channel) -> int:
        """How many messages may leave on the channel now, at least: a text of several segments may use more."""
        return min(sum(self._room(route) for route in self._open.get(channel, ())), MOST)

    def way(self, channel: Channel, delivery_id: int, parts: int) -> Route | None:
        """The route that takes this message now, which is drawn from it; None when none may."""
        if channel in self._plain:
            return self._plain[channel]
        usable = [route for route in self._open.get(channel, ()) if self._room(route) > 0]
        if not usable:
            return None
        route = choose(usable, delivery_id)
        if route.paces:
            self._allowance.draw(route.paces, parts)
        if route.transport.name in self._probes:
            self._probes[route.transport.name] -= 1
        return route

    def ready(self, channel: Channel) -> datetime:
        """When a message may leave on the channel: now, or when the first of its transports may take one again.

        A stand-by takes none while those it stands by for are open, however long their limits hold them back.
        """
        routes, opened = self._routes.by_channel.get(channel, ()), self._open.get(channel, ())
        able = [route for route in routes if route.transport.name not in self.holds.transports]
        if opened:
            able = [route for route in able if route.share or route in opened]
        moments = [
            max(
                self._allowance.ready(route.paces),
                self.failing[route.transport.name].open_until if route.transport.name in self.failing else self._now,
            )
            for route in able
        ]
        return max(min(moments, default=self._now), self._now)

    def give_back(self, transport: str, channels: Sequence[Channel]) -> None:
        """As many messages as `channels`, let go to the transport today, are to go again: no ceiling counts them."""
        for channel in channels:
            for route in self._routes.by_channel.get(channel, ()):
                if route.transport.name == transport:
                    self._allowance.give_back(route.paces)

    def keep(self, connection: Connection) -> None:
        """Store what was drawn; in the transaction that looked."""
        paces.save(connection, self._allowance.changed)

    def _room(self, route: Route) -> int:
        return min(self._allowance.room(route.paces), self._probes.get(route.transport.name, MOST))
