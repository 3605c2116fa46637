"""What may befall a transport, and what it must make of it: the same rows for every transport.

A Rig sets a transport up in front of a provider of its own (a loopback server) that behaves as a situation says. Run
`face(rig, situation)` for each; it raises Nonconforming with one sentence when the transport's outcomes are not those
that the engine relies on, or when the provider has accepted other messages than the transport says.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from engine.model.words import Described
from engine.testing.transports import Nonconforming
from engine.transport.base import (
    Accepted,
    ConnectionFailed,
    Message,
    MessageRejected,
    Misconfigured,
    Outcome,
    OutcomeUnknown,
    RecipientRejected,
    Throttled,
    Transport,
)


class Situation(Described):
    """What the provider does with a batch of three messages."""

    ACCEPTED = "accepted", "It accepts each."
    PARTIAL = "partial", "It accepts the first and the last and refuses the second for its recipient."
    BAD_MESSAGE = "bad_message", "It refuses the messages themselves (HTTP 400 or 413, SMTP 554)."
    BAD_KEY = "bad_key", "It refuses our credentials (HTTP 401, SMTP 535)."
    THROTTLED_FOR = "throttled_for", "Too many requests: come back in 7 seconds, if its protocol can say so."
    THROTTLED = "throttled", "Too many requests, and it does not say for how long (HTTP 429, SMTP 421 or 451)."
    SERVER_ERROR = "server_error", "It fails in a way that leaves open whether it accepted (HTTP 500)."
    OPTED_OUT = "opted_out", "The recipient has told the provider to stop."
    BAD_RECIPIENT = "bad_recipient", "There is no such recipient."
    UNREADABLE = "unreadable", "It answers success in a form that makes no sense."
    REFUSED = "refused", "Nobody listens on its port."
    SILENT_BEFORE = "silent_before", "The connection or its greeting never comes: nothing of a message is written."
    SILENT_AFTER = "silent_after", "It takes the whole message and never answers."
    RESET = "reset", "It takes the whole message and resets the connection in the middle of its answer."
    SLOW = "slow", "Its answer comes a byte at a time, for longer than the time-out."
    WRONG_NAME = "wrong_name", "Its TLS certificate is somebody else's."


NO_STOP = (ConnectionFailed, Throttled)

EXPECTED: Mapping[Situation, tuple[type[Outcome], ...]] = {
    Situation.ACCEPTED: (Accepted,),
    Situation.BAD_MESSAGE: (MessageRejected,),
    Situation.BAD_KEY: (Misconfigured,),
    Situation.THROTTLED_FOR: (Throttled,),
    Situation.THROTTLED: (Throttled,),
    Situation.SERVER_ERROR: (OutcomeUnknown,),
    Situation.OPTED_OUT: (RecipientRejected,),
    Situation.BAD_RECIPIENT: (RecipientRejected,),
    Situation.UNREADABLE: (OutcomeUnknown,),
    Situation.REFUSED: (ConnectionFailed,),
    Situation.SILENT_BEFORE: (ConnectionFailed,),
    Situation.SILENT_AFTER: (OutcomeUnknown,),
    Situation.RESET: (OutcomeUnknown,),
    Situation.SLOW: (OutcomeUnknown,),
    Situation.WRONG_NAME: (ConnectionFailed, Misconfigured),
}
"""What each of the three messages must come to. PARTIAL is Accepted, RecipientRejected, Accepted."""

RETRY_AFTER = timedelta(seconds=7)


class Provider(Protocol):
    """The rig's own provider, as far as the suite looks at it."""

    def accepted(self) -> Sequence[int]:
        """The ids of the deliveries it has accepted, once for each time."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A transport in front of a provider in some situation."""

    transport: Transport
    provider: Provider


class Rig(Protocol):
    """Builds stages. Time-outs of its transports are short: a few tenths of a second."""

    def message(self, delivery_id: int) -> Message:
        """A message that its transport carries."""

    def stage(self, situation: Situation) -> AbstractAsyncContextManager[Stage] | None:
        """A fresh transport and provider; None when this provider cannot come into the situation."""


async def face(rig: Rig, situation: Situation) -> bool:
    """Send three messages in `situation` and hold the outcomes against EXPECTED; False when it cannot arise."""
    staged = rig.stage(situation)
    if staged is None:
        return False
    batch = [rig.message(number) for number in (1, 2, 3)]
    async with staged as stage:
        outcomes = list(await stage.transport.send(batch))
        taken = list(stage.provider.accepted())
        await stage.transport.aclose()
    _hold(len(outcomes) == len(batch), "three messages have three outcomes", outcomes)
    for number, outcome in enumerate(outcomes, 1):
        _hold(
            isinstance(outcome, _expected(situation, number)),
            f"when {situation.sentence.lower().rstrip('.')}, message {number} comes to "
            f"{' or '.join(each.__name__ for each in _expected(situation, number))}",
            outcome,
        )
        if isinstance(outcome, Accepted):
            _hold(taken.count(number) == 1, f"message {number}, said to be accepted, was accepted once", taken)
        elif not isinstance(outcome, OutcomeUnknown):
            _hold(number not in taken, f"message {number}, said to be refused, was not accepted", taken)
        _hold(taken.count(number) <= 1, f"message {number} was not accepted twice", taken)
        if situation is Situation.THROTTLED_FOR and isinstance(outcome, Throttled):
            _hold(outcome.retry_after in (None, RETRY_AFTER), "the provider's own wait is kept", outcome.retry_after)
        if situation is Situation.OPTED_OUT and isinstance(outcome, RecipientRejected):
            _hold(outcome.suppress is not None, "who told the provider to stop is never tried again", outcome)
    return True


def _expected(situation: Situation, number: int) -> tuple[type[Outcome], ...]:
    if situation is Situation.PARTIAL:
        return (RecipientRejected,) if number == 2 else (Accepted,)
    return EXPECTED[situation]


def _hold(holds: bool, rule: str, seen: object) -> None:
    if not holds:
        raise Nonconforming(f"{rule}; seen: {seen}")
