"""Several ways of sending, in turns: each round, each of them sends its messages, and the sink must say that they came.

A way that is slow by nature sends a sample of the same messages; what is compared is the time of one message.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bench.figures import Figure, Lap, middle
from bench.town import Town
from bench.transports.provider import Provider
from engine.app import Engine
from engine.model.campaign import Channel
from engine.transport.base import Accepted, Message, Outcome, Transport


class Way(Protocol):
    """One way of sending a town's messages."""

    def send(self, messages: int) -> int:
        """Send so many of those that are due; how many were sent."""

    def close(self) -> None:
        """Let go of connections."""


class Engines:
    """Our way: one tick of the engine, ledger and all, through some transport; its connections outlive the tick."""

    def __init__(self, place: Town, transport: Transport) -> None:
        self._transport = transport
        self._runner = asyncio.Runner()
        carried = dict.fromkeys(Channel, transport)
        self._engine = Engine(place.settings, place.database, place.vault, place.clock, carried)

    def send(self, messages: int) -> int:
        return self._runner.run(self._engine.tick()).delivered.sent

    def close(self) -> None:
        self._runner.run(self._transport.aclose())
        self._runner.close()


class Alone:
    """A transport without the engine: hands over messages that were written before, in batches as the engine's."""

    def __init__(self, transport: Transport, written: Sequence[Message], batch: int = 500) -> None:
        self._transport = transport
        self._written = written
        self._batch = batch
        self._runner = asyncio.Runner()

    def send(self, messages: int) -> int:
        return self._runner.run(self._send(messages))

    async def _send(self, messages: int) -> int:
        outcomes: list[Outcome] = []
        for start in range(0, messages, self._batch):
            batch = self._written[start : min(start + self._batch, messages)]
            outcomes.extend(await self._transport.send(batch))
        return sum(isinstance(each, Accepted) for each in outcomes)

    def close(self) -> None:
        self._runner.run(self._transport.aclose())
        self._runner.close()


@dataclass
class Entrant:
    """A way of sending, how many messages it sends in a round, and what came of it: seconds a message, per round.

    `where` names the wire and its latency, `who` the way. `warm_up` is how many it sends in the round that does not
    count, if not as many: enough to open its connections.
    """

    where: str
    who: str
    way: Way
    provider: Provider
    messages: int
    warm_up: int = 0
    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    sink_processor: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Messages a second: the median round."""
        return 1 / middle(self.seconds)

    def figure(self, against: "Entrant | None" = None, aim: float | None = None) -> Figure:
        """Its rate; as a ratio to another's, if one is given."""
        what = f"{self.where}, {self.who} ({self.messages:,})"
        if against is None:
            return Figure(what, self.rate, "messages/s")
        ratio = self.rate / against.rate
        wanted, met = ("", None) if aim is None else (f"≥ {aim:g}×", ratio >= aim)
        return Figure(what, self.rate, "messages/s", ratio, against.who, wanted, met)

    def computing(self, against: "Entrant") -> Figure:
        """The same with waiting left out, for disk and provider alike: processor time of this process only."""
        mine, theirs = middle(self.processor), middle(against.processor)
        return Figure("the same, processor time only", 1 / mine, "messages/s", theirs / mine, against.who)

    def share_of(self, rate: float, of: str, aim: float | None = None) -> Figure:
        """Its rate as a share of one that it cannot pass."""
        share = self.rate / rate
        wanted, met = ("", None) if aim is None else (f"≥ {aim:g}", share >= aim)
        return Figure(f"the same, share of {of}", share, "", aim=wanted, met=met)


def contest(place: Town, entrants: Sequence[Entrant], rounds: int) -> None:
    """Let them send in turns. The first round opens connections and compiles templates, and is not counted."""
    for turn in range(rounds + 1):
        for entrant in entrants:
            messages = entrant.messages if turn else entrant.warm_up or entrant.messages
            place.unsend(messages)
            entrant.provider.forget()
            with Lap() as lap:
                sent = entrant.way.send(messages)
            come = entrant.provider.come()
            assert sent == come.messages == come.different == messages, f"{entrant}: {messages}, {sent}, {come}"
            if turn:
                entrant.seconds.append(lap.seconds / messages)
                entrant.processor.append(lap.processor / messages)
                entrant.sink_processor.append(come.processor / messages)
    for entrant in entrants:
        entrant.way.close()
