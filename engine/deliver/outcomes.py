"""The one place that turns a transport's outcome into what the ledger records."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from engine.deliver.retry import GiveUp, RetryAt, decide
from engine.model.campaign import Channel
from engine.model.delivery import DeliveryStatus, FailReason, MovedBecause
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

MEND_TIME = timedelta(minutes=5)  # how long a misconfigured transport is left alone before it is tried again


class Sending(NamedTuple):
    """A delivery whose intent to send is committed."""

    id: int
    fence: int
    attempts: int  # with this one
    expires_at: datetime
    address_index: bytes | None
    channel: Channel


@dataclass
class Record:
    """What one batch's outcomes come to, ready for the ledger."""

    accepted: list[tuple[int, int, str]] = field(default_factory=list)
    settled: list[tuple[Any, ...]] = field(default_factory=list)
    tried: list[tuple[int, str, str, str]] = field(default_factory=list)
    suppress: list[tuple[bytes, Channel, str]] = field(default_factory=list)  # (address index, channel, code)
    misconfigured: str | None = None


def judge(record: Record, sending: Sending, outcome: Outcome, transport: str, now: datetime) -> None:
    """Add to `record` what `outcome` means for `sending`."""
    if isinstance(outcome, Accepted):
        record.accepted.append((sending.id, sending.fence, outcome.receipt))
        return
    detail = outcome.detail[:500]
    record.tried.append((sending.id, transport, type(outcome).__name__, detail))
    match outcome:
        case OutcomeUnknown():
            _settle(record, sending, DeliveryStatus.IN_DOUBT, detail=detail)
        case MessageRejected(code):
            _settle(record, sending, DeliveryStatus.FAILED, FailReason.REJECTED, f"{code} {detail}")
        case RecipientRejected(code, suppress):
            _settle(record, sending, DeliveryStatus.FAILED, FailReason.RECIPIENT_REJECTED, f"{code} {detail}")
            if suppress and sending.address_index is not None:
                record.suppress.append((sending.address_index, sending.channel, code))
        case Misconfigured():
            record.misconfigured = detail
            _again(record, sending, now + MEND_TIME, detail)
        case ConnectionFailed() | Throttled():
            wait = outcome.retry_after if isinstance(outcome, Throttled) else None
            match decide(sending.id, sending.attempts, now, sending.expires_at, wait):
                case RetryAt(at):
                    _again(record, sending, at, detail)
                case GiveUp():
                    _settle(record, sending, DeliveryStatus.FAILED, FailReason.GAVE_UP, detail)


def _again(record: Record, sending: Sending, at: datetime, detail: str) -> None:
    record.settled.append(
        (sending.id, sending.fence, DeliveryStatus.PLANNED, None, detail, millis(at), MovedBecause.RETRY)
    )


def _settle(
    record: Record, sending: Sending, status: DeliveryStatus, reason: FailReason | None = None, detail: str = ""
) -> None:
    record.settled.append((sending.id, sending.fence, status, reason, detail, None, None))
