"""The transport that goes wrong by seed: it fails, stalls and dies in front of another one, the same way every time."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from engine.clock import Clock, SystemClock
from engine.errors import SettingsError
from engine.keyed import fraction, pick
from engine.model.campaign import Channel
from engine.model.suppression import SuppressReason
from engine.transport.base import (
    ConnectionFailed,
    Message,
    MessageRejected,
    Outcome,
    OutcomeUnknown,
    RecipientRejected,
    SmsMessage,
    Throttled,
    Transport,
)
from engine.transport.outages import Outage, OutageKind, outage_at
from engine.transport.setup import Setup


class Died(BaseException):
    """The process is gone, as far as the engine can tell: not an Exception, so that nothing tidies up after it."""


@dataclass(frozen=True, slots=True)
class Rates:
    """How often each thing goes wrong, as shares of all hand-overs; what is left goes through."""

    refused: float = 0.0  # the connection fails before a byte
    throttled: float = 0.0  # told to come back in a minute
    rejected: float = 0.0  # the message is refused for good
    bad_recipient: float = 0.0  # the recipient is refused for good
    lost_answer: float = 0.0  # accepted, but the answer never comes
    lost_message: float = 0.0  # neither accepted nor answered
    death: float = 0.0  # the process dies before the answer is recorded

    def __post_init__(self) -> None:
        if not all(share >= 0 for share in self.shares) or sum(self.shares) > 1:  # this way round, for NaN
            raise SettingsError("Chaos rates must be 0 or more and add up to at most 1.")

    @property
    def shares(self) -> list[float]:
        return [getattr(self, name) for name in self.__dataclass_fields__]


RATE_NAMES = tuple(Rates.__dataclass_fields__)


def rates_of(given: Mapping[str, object]) -> Rates:
    """Rates from names and numbers; SettingsError when a name is unknown or a value is not a share."""
    setup = Setup("chaos", given)
    setup.refuse_unknown(*RATE_NAMES)
    return Rates(**{name: setup.number(name, 0, most=1) for name in given})


NO_ANSWER = OutcomeUnknown("Chaos: no answer.")
ANSWERS: Mapping[str, Outcome] = {
    "refused": ConnectionFailed("Chaos: connection refused."),
    "throttled": Throttled(timedelta(minutes=1), "Chaos: too many requests."),
    "rejected": MessageRejected("chaos", "Chaos: message refused."),
    "bad_recipient": RecipientRejected("chaos", SuppressReason.INVALID, detail="Chaos: no such recipient."),
    "lost_message": NO_ANSWER,
}
OUT: Mapping[OutageKind, Outcome] = {
    OutageKind.DOWN: ANSWERS["refused"],
    OutageKind.THROTTLED: ANSWERS["throttled"],
    OutageKind.SILENT: NO_ANSWER,
}


class ChaosTransport:
    """Hands on to `inner` what it lets through. What happens to a delivery depends on (seed, delivery, try) alone, and
    in an outage on nothing else.
    """

    def __init__(
        self,
        inner: Transport,
        *,
        seed: str = "0",
        rates: Rates,
        stall: float = 0.0,
        outages: Sequence[Outage] = (),
        clock: Clock | None = None,
    ) -> None:
        self.inner = inner
        self.name = f"chaos+{inner.name}"
        self.channels = inner.channels
        self._seed = seed
        self._rates = rates
        self._stall = stall
        self._outages = outages
        self._clock = clock or SystemClock()
        self._tries: Counter[int] = Counter()

    @classmethod
    def configure(cls, setup: Setup) -> Self:
        """Options: `inner` (a transport), `seed`, `stall` (seconds before each batch), and the names in Rates."""
        setup.refuse_unknown(*RATE_NAMES, "inner", "seed", "stall")
        return cls(
            setup.another(setup.text("inner", "outbox")),
            seed=setup.text("seed", "0"),
            rates=rates_of({name: setup.options[name] for name in RATE_NAMES if name in setup.options}),
            stall=setup.number("stall", 0),
        )

    async def send(self, batch: Sequence[Message]) -> Sequence[Outcome]:
        """Each message's fate in turn; Died is raised after the messages before it have been handed on."""
        if self._stall:
            await asyncio.sleep(self._stall)
        return [await self._one(message) for message in batch]

    async def _one(self, message: Message) -> Outcome:
        channel = message.channel if isinstance(message, SmsMessage) else Channel.EMAIL
        out = outage_at(self._outages, self.inner.name, channel, self._clock.now()) if self._outages else None
        if out is not None:
            return OUT[out]
        self._tries[message.delivery_id] += 1
        point = fraction(self._seed, message.delivery_id, self._tries[message.delivery_id])
        shares = self._rates.shares
        fate = [*RATE_NAMES, "through"][pick(point, [*shares, 1 - sum(shares)])]
        if fate == "death":
            raise Died
        if fate in {"through", "lost_answer"}:
            answer = (await self.inner.send([message]))[0]
            return answer if fate == "through" else NO_ANSWER
        return ANSWERS[fate]

    async def aclose(self) -> None:
        await self.inner.aclose()
