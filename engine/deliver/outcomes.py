"""The one place that turns a transport's outcome into what the ledger records."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine.deliver.breaker import MEND_TIME
from engine.deliver.messages import Letter
from engine.deliver.retry import GiveUp, RetryAt, decide
from engine.model.campaign import Channel
from engine.model.delivery import DeliveryStatus, FailReason, MovedBecause
from engine.model.suppression import SuppressReason
from engine.store.places import millis
from engine.transport.base import (
    Accepted,
    ConnectionFailed,
    MessageRejected,
    Misconfigured,
    Outcome,
    OutcomeUnknown,
    RecipientRejected,
    Throttled,
)


@dataclass
class Delivered:
    """What one drain did, in deliveries."""

    sent: int = 0
    skipped: int = 0
    deferred: int = 0
    held: int = 0
    failed: int = 0
    retried: int = 0
    in_doubt: int = 0
    problems: list[str] = field(default_factory=list)  # transports that need mending
    paced_until: datetime | None = None  # when more may go, where a limit held some back
    ends: Counter[str] = field(default_factory=Counter)  # by channel, status and reason: see measures.end

    def hold(self, until: datetime) -> None:
        """Some wait for a limit until then."""
        self.paced_until = until if self.paced_until is None else min(self.paced_until, until)


@dataclass(frozen=True, slots=True)
class Rest:
    """A transport is left alone `until` then, and `elsewhere` are the channels that others carry meanwhile."""

    until: datetime | None = None
    elsewhere: frozenset[Channel] = frozenset()


@dataclass
class Record:
    """What one batch's outcomes come to, ready for the ledger."""

    accepted: list[tuple[int, int, str]] = field(default_factory=list)
    settled: list[tuple[Any, ...]] = field(default_factory=list)
    tried: list[tuple[int, str, str, str]] = field(default_factory=list)
    suppress: list[tuple[bytes, Channel, SuppressReason]] = field(default_factory=list)  # (address index, channel, why)
    rerouted: int = 0  # to be taken by another transport at once
    again: list[Channel] = field(default_factory=list)  # one for each that is to be handed over again


def judge(record: Record, letter: Letter, outcome: Outcome, transport: str, now: datetime, rest: Rest) -> None:
    """Add to `record` what `outcome` means for `letter`, whose intent was committed."""
    if isinstance(outcome, Accepted):
        record.accepted.append((letter.id, letter.fence, outcome.receipt))
        return
    detail = outcome.detail[:500]
    record.tried.append((letter.id, transport, type(outcome).__name__, detail))
    match outcome:
        case OutcomeUnknown():
            _settle(record, letter, DeliveryStatus.IN_DOUBT, detail=detail)
        case MessageRejected(code):
            _settle(record, letter, DeliveryStatus.FAILED, FailReason.REJECTED, f"{code} {detail}")
        case RecipientRejected(code, suppress):
            _settle(record, letter, DeliveryStatus.FAILED, FailReason.RECIPIENT_REJECTED, f"{code} {detail}")
            if suppress is not None and letter.address_index is not None:
                record.suppress.append((letter.address_index, letter.channel, suppress))
        case _ if letter.channel in rest.elsewhere:
            record.rerouted += 1
            _again(record, letter, now, detail)
        case Misconfigured():
            _again(record, letter, rest.until or now + MEND_TIME, detail)
        case ConnectionFailed() | Throttled():
            wait = outcome.retry_after if isinstance(outcome, Throttled) else None
            match decide(letter.id, letter.attempts + 1, now, letter.expires_at, wait):
                case RetryAt(at):
                    _again(record, letter, at, detail)
                case GiveUp():
                    _settle(record, letter, DeliveryStatus.FAILED, FailReason.GAVE_UP, detail)


def _again(record: Record, letter: Letter, at: datetime, detail: str) -> None:
    record.again.append(letter.channel)
    record.settled.append(
        (letter.id, letter.fence, DeliveryStatus.PLANNED, None, detail, millis(at), MovedBecause.RETRY)
    )


def _settle(
    record: Record, letter: Letter, status: DeliveryStatus, reason: FailReason | None = None, detail: str = ""
) -> None:
    record.settled.append((letter.id, letter.fence, status, reason, detail, None, None))
