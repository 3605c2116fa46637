"""The conformance suite: run it on your transport, whatever it speaks to.

    import asyncio, pytest
    from engine.testing.transports import CHECKS

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    def test_my_transport_conforms(check):
        asyncio.run(check(lambda: MyTransport(...)))

Each check asks for fresh transports that accept what they are given, awaits them, and raises Nonconforming with one
sentence when a rule of `engine.transport.base` is broken. A check about a channel that the transport does not carry,
or about asking later when it is not Reconcilable, passes.
"""

from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime, timedelta

from engine.model.campaign import Channel
from engine.transport.base import (
    Accepted,
    Asked,
    ConnectionFailed,
    EmailMessage,
    Message,
    Outcome,
    Reconcilable,
    SmsMessage,
    Transport,
)
from engine.transport.lease import under

Make = Callable[[], Transport]
"""Builds the transport under test. Two of them in one check share whatever stands behind it."""

Check = Callable[[Make], Coroutine[object, object, None]]

UNKNOWN_ID = 999_999_999
BODIES = (
    "Hello.",
    "",
    "Zoë’s café — 優希, माया, نور 💛",
    "one line\nanother\r\nand .\n.\nQUIT\n",
    "a" * 1_500,
)


class Nonconforming(AssertionError):
    """The transport breaks a rule that the engine relies on; the message is the rule and what was seen."""


def email(delivery_id: int, text: str = "Hello.", to: str = "ana@example.com") -> EmailMessage:
    """An email as the engine hands it over."""
    return EmailMessage(
        delivery_id=delivery_id,
        to=to,
        sender="Rekindle <hello@rekindle.example>",
        subject="A subject",
        html=f"<p>{text}</p>",
        text=text,
        message_id=f"<{delivery_id}.0@rekindle.example>",
        date=datetime(2026, 3, 3, 9, tzinfo=UTC),
        headers=(("List-Unsubscribe", "<https://rekindle.example/u/token>"),),
        assemble=_mime,
    )


def sms(delivery_id: int, text: str = "Hello.", to: str = "+12025550123", channel: Channel = Channel.SMS) -> SmsMessage:
    """A text, or a WhatsApp message, as the engine hands it over."""
    return SmsMessage(
        delivery_id=delivery_id,
        to=to,
        body=text,
        valid_for=timedelta(hours=4),
        reference=f"{delivery_id}.0",
        channel=channel,
    )


async def it_says_who_it_is_and_what_it_carries(make: Make) -> None:
    transport = make()
    _hold(bool(transport.name) and isinstance(transport.name, str), "name is a non-empty string", transport.name)
    _hold(
        bool(transport.channels) and transport.channels <= frozenset(Channel),
        "channels names channels of the engine",
        transport.channels,
    )
    await transport.aclose()


async def an_empty_batch_is_answered_with_nothing(make: Make) -> None:
    transport = make()
    _hold(list(await transport.send([])) == [], "an empty batch has no outcomes", "some")
    await transport.aclose()


async def each_message_has_one_outcome(make: Make) -> None:
    transport = make()
    for size in (1, 2, 50):
        batch = _messages(transport, size)
        outcomes = await transport.send(batch)
        _hold(len(outcomes) == size, f"{size} messages have {size} outcomes", len(outcomes))
        _hold(
            all(isinstance(outcome, Outcome) for outcome in outcomes),
            "every outcome is one of the closed list",
            {type(outcome).__name__ for outcome in outcomes},
        )
    await transport.aclose()


async def receipts_are_distinct(make: Make) -> None:
    transport = make()
    receipts = _receipts(await transport.send(_messages(transport, 50)))
    _hold(all(receipts), "every receipt says something", receipts)
    _hold(len(set(receipts)) == 50, "no two messages share a receipt", receipts)
    await transport.aclose()


async def any_words_are_accepted(make: Make) -> None:
    transport = make()
    batch = [
        message for number, body in enumerate(BODIES, 1) for message in _in_each_channel(transport, 10 * number, body)
    ]
    _receipts(await transport.send(batch))
    await transport.aclose()


async def outcomes_are_in_the_order_of_the_batch(make: Make) -> None:
    transport = make()
    if isinstance(transport, Reconcilable):
        batch = _messages(transport, 5)[::-1]
        receipts = _receipts(await transport.send(batch))
        found = [await transport.find(_asked(message.delivery_id, message)) for message in batch]
        _hold(
            all(each is None or each == Accepted(receipt) for each, receipt in zip(found, receipts, strict=True)),
            "what `find` says of a message is what `send` said of it",
            (receipts, found),
        )
    await transport.aclose()


async def it_knows_later_what_it_accepted_or_says_that_it_cannot_tell(make: Make) -> None:
    transport = make()
    if isinstance(transport, Reconcilable):
        (message,) = _messages(transport, 1)
        await transport.send([message])
        known = await transport.find(_asked(message.delivery_id, message))
        _hold(
            known is None or isinstance(known, Accepted), "`find` never denies what was accepted", type(known).__name__
        )
        unknown = await transport.find(_asked(UNKNOWN_ID))
        _hold(
            unknown is None or isinstance(unknown, ConnectionFailed),
            "`find` never claims what it was not given",
            type(unknown).__name__,
        )
    await transport.aclose()


async def nothing_is_handed_over_that_others_may_have_taken_over(make: Make) -> None:
    transport = make()
    batch = _messages(transport, 3)
    with under(lambda: False):
        outcomes = await transport.send(batch)
    _hold(
        all(isinstance(outcome, ConnectionFailed) for outcome in outcomes),
        "once its lease is over, each message of a batch comes to OVERTAKEN (see engine.transport.lease)",
        outcomes,
    )
    _receipts(await transport.send(batch))
    await transport.aclose()


async def closing_twice_is_harmless(make: Make) -> None:
    transport = make()
    await transport.send(_messages(transport, 1))
    await transport.aclose()
    await transport.aclose()


async def closing_unused_is_harmless(make: Make) -> None:
    await make().aclose()


CHECKS: tuple[Check, ...] = (
    it_says_who_it_is_and_what_it_carries,
    an_empty_batch_is_answered_with_nothing,
    each_message_has_one_outcome,
    receipts_are_distinct,
    any_words_are_accepted,
    outcomes_are_in_the_order_of_the_batch,
    it_knows_later_what_it_accepted_or_says_that_it_cannot_tell,
    nothing_is_handed_over_that_others_may_have_taken_over,
    closing_twice_is_harmless,
    closing_unused_is_harmless,
)


def _messages(transport: Transport, size: int) -> list[Message]:
    """So many messages, on the transport's channels in turns."""
    channels = sorted(transport.channels)
    return [_message(channels[number % len(channels)], number, "Hello.") for number in range(1, size + 1)]


def _in_each_channel(transport: Transport, number: int, body: str) -> list[Message]:
    return [
        _message(channel, number + place, body)
        for place, channel in enumerate(sorted(transport.channels))
        if body or channel is Channel.EMAIL
    ]


def _message(channel: Channel, number: int, body: str) -> Message:
    return email(number, body) if channel is Channel.EMAIL else sms(number, body, channel=channel)


def _receipts(outcomes: Sequence[Outcome]) -> list[str]:
    refused = [outcome for outcome in outcomes if not isinstance(outcome, Accepted)]
    _hold(not refused, "what is fit to send is accepted (give the check a transport that is set up to)", refused)
    return [outcome.receipt for outcome in outcomes if isinstance(outcome, Accepted)]


def _asked(delivery_id: int, message: Message | None = None) -> Asked:
    return Asked(delivery_id, datetime(2026, 3, 3, 9, tzinfo=UTC), message)


def _mime(message: EmailMessage) -> bytes:
    headers = f"From: {message.sender}\r\nTo: {message.to}\r\nSubject: {message.subject}\r\n"
    return f"{headers}Message-ID: {message.message_id}\r\n\r\n{message.text}\r\n".encode()


def _hold(holds: bool, rule: str, seen: object) -> None:
    if not holds:
        raise Nonconforming(f"{rule}; seen: {seen}")
