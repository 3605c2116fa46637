"""An outage is a spell in which a transport does not work: from its first instant up to but not at its last."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from engine.clock import VirtualClock
from engine.model.campaign import Channel
from engine.testing.transports import email, sms
from engine.transport.base import Accepted, ConnectionFailed, Message, Outcome, OutcomeUnknown, Throttled
from engine.transport.chaos import ChaosTransport, Rates
from engine.transport.memory import MemoryTransport
from engine.transport.outages import Outage, OutageKind

BEGINS = datetime(2026, 3, 3, 18, tzinfo=UTC)
ENDS = BEGINS + timedelta(hours=2)


def sent(outage: Outage, message: Message, at: datetime) -> Outcome:
    inner = MemoryTransport(name="twilio")
    chaos = ChaosTransport(inner, rates=Rates(), outages=[outage], clock=VirtualClock(at))
    outcome = asyncio.run(chaos.send([message]))[0]
    assert bool(inner.messages) is isinstance(outcome, Accepted)
    return outcome


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        (OutageKind.DOWN, ConnectionFailed),
        (OutageKind.THROTTLED, Throttled),
        (OutageKind.SILENT, OutcomeUnknown),
    ],
)
def test_while_it_is_out_a_transport_answers_as_the_kind_says(kind: OutageKind, outcome: type[Outcome]) -> None:
    assert isinstance(sent(Outage(kind, BEGINS, ENDS), email(1), BEGINS), outcome)


SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("at", "out"), [(BEGINS - SECOND, False), (BEGINS, True), (ENDS - SECOND, True), (ENDS, False)]
)
def test_it_is_out_from_the_first_instant_and_works_at_the_last(at: datetime, out: bool) -> None:
    assert isinstance(sent(Outage(OutageKind.DOWN, BEGINS, ENDS), email(1), at), ConnectionFailed) is out


@pytest.mark.parametrize(
    ("channel", "transport", "message", "out"),
    [
        (None, None, email(1), True),
        (Channel.SMS, None, email(1), False),
        (Channel.SMS, None, sms(1), True),
        (Channel.EMAIL, None, sms(1), False),
        (None, "twilio", sms(1), True),
        (None, "sendgrid", sms(1), False),
        (Channel.SMS, "twilio", email(1), False),
    ],
)
def test_an_outage_is_of_the_channel_and_the_transport_it_names(
    channel: Channel | None, transport: str | None, message: Message, out: bool
) -> None:
    outage = Outage(OutageKind.DOWN, BEGINS, ENDS, channel, transport)
    assert isinstance(sent(outage, message, BEGINS), ConnectionFailed) is out
