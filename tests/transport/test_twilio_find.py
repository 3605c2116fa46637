"""A Twilio delivery in doubt: what the provider's own log lets us say, and when it lets us say nothing."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from rig_twilio import SENDER, query, response, transport

from engine.model.campaign import Channel
from engine.testing.http import Request, Response, staged
from engine.testing.situations import Situation
from engine.testing.transports import email, sms
from engine.transport.base import Accepted, Asked, ConnectionFailed, Message, SmsMessage

SINCE = datetime(2026, 3, 3, 9, tzinfo=UTC)
OURS = "How was your week?\nAnswer here."
NEVER = ConnectionFailed("Twilio has had nothing for that number since.")


def entry(sid: str, body: str | None = OURS, seconds: float = 5, **more: object) -> dict[str, object]:
    created = format_datetime(SINCE + timedelta(seconds=seconds))
    return {"sid": sid, "body": body, "date_created": created, "status": "queued", "date_sent": None} | more


def found(
    *pages: list[object] | Response, message: Message | None = None, **options: object
) -> tuple[Accepted | ConnectionFailed | None, list[Request]]:
    """What `find` says of OURS when the log has these pages, and what it asked."""

    def answer(request: Request) -> Response:
        number = int(query(request.path).get("Page", "0"))
        page = pages[number]
        if isinstance(page, Response):
            return page
        following = f"/2010-04-01/next.json?Page={number + 1}&To=%2B1" if number + 1 < len(pages) else None
        return response(200, {"messages": page, "next_page_uri": following})

    async def run() -> tuple[Accepted | ConnectionFailed | None, list[Request]]:
        async with staged(Situation.ACCEPTED, {Situation.ACCEPTED: answer}) as http:
            twilio = transport(http, **options)
            said = await twilio.find(Asked(7, SINCE, message or sms(7, OURS)))
            await twilio.aclose()
            return said, http.requests

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ([], NEVER),
        ([entry("SM1")], Accepted("SM1")),
        ([entry("SM1", OURS + " \n")], Accepted("SM1")),
        ([entry("SM1", "How was your week?  Answer here.")], Accepted("SM1")),
        ([entry("SM1", "Sent from your Twilio trial account - " + OURS)], Accepted("SM1")),
        ([entry("SM1", status="failed")], Accepted("SM1")),
        ([entry("SM1", "Another prompt."), entry("SM2")], Accepted("SM2")),
        ([entry("SM1", "Another prompt.")], None),
        ([entry("SM1", "")], None),
        ([entry("SM1", None)], None),
        ([entry("SM1"), entry("SM2")], None),
        ([entry("SM1", seconds=-3600)], NEVER),
        ([entry("SM1", seconds=-899)], Accepted("SM1")),
        ([entry("SM1", seconds=-901)], NEVER),
        ([entry("SM1", date_created="Tue, 03 Mar 2026 09:00:05 -0000")], Accepted("SM1")),
        ([entry("SM1", "Another prompt.", date_created=None)], None),
        ([entry("SM1", date_created="last week")], Accepted("SM1")),
        ([entry("")], None),
        (["no object"], None),
    ],
)
def test_the_log_tells_only_what_it_can(log: list[object], said: Accepted | ConnectionFailed | None) -> None:
    assert found(log)[0] == said


@pytest.mark.parametrize(
    "refused",
    [
        Response(401),
        Response(429),
        Response(500),
        Response(200, b"<html>"),
        response(200, {"messages": "none"}),
        response(200, {"messages": None}),
        response(200, {}),
    ],
)
def test_a_log_that_cannot_be_read_tells_nothing(refused: Response) -> None:
    assert found(refused)[0] is None


def test_all_of_a_log_is_read_before_it_is_said_to_hold_nothing() -> None:
    said, requests = found([entry("SM1", seconds=-999)], [entry("SM2", seconds=-999)], [entry("SM3")])
    assert said == Accepted("SM3")
    assert len(requests) == 3
    assert found([], [], [])[0] == NEVER
    assert found([], Response(500))[0] is None


def test_a_log_without_end_is_read_so_far_and_no_denial_comes_of_it() -> None:
    said, requests = found(*[[] for _ in range(20)])
    assert said is None
    assert len(requests) == 5
    assert found([entry("SM1")], *[[] for _ in range(20)])[0] == Accepted("SM1")


@pytest.mark.parametrize(
    ("sender", "channel", "asked"),
    [
        (SENDER, Channel.SMS, {"To": "+12025550123", "From": SENDER}),
        ("MG" + "1" * 32, Channel.SMS, {"To": "+12025550123"}),
        ("Two of us", Channel.SMS, {"To": "+12025550123"}),
        (
            f"whatsapp:{SENDER}",
            Channel.WHATSAPP,
            {"To": "whatsapp:+12025550123", "From": f"whatsapp:{SENDER}"},
        ),
    ],
)
def test_the_log_is_asked_for_that_number_whatever_its_day(
    sender: str, channel: Channel, asked: dict[str, str]
) -> None:
    text = sms(7, OURS)
    message = SmsMessage(7, text.to, text.body, text.valid_for, text.reference, channel)
    _, (request,) = found([], message=message, sender=sender)
    assert query(request.path) == asked | {"PageSize": "200"}


def test_a_content_template_may_say_more_than_we_gave_it() -> None:
    templated = [entry("SM1", "Hello from Rekindle: How was your week? Answer here. Reply STOP to stop.")]
    assert found(templated, content_sid="HX" + "1" * 32)[0] == Accepted("SM1")
    assert found(templated)[0] is None


@pytest.mark.parametrize("message", [None, email(7)])
def test_without_its_text_nothing_is_asked(message: Message | None) -> None:
    async def run() -> None:
        async with staged(Situation.ACCEPTED, {Situation.ACCEPTED: lambda request: Response(500)}) as http:
            twilio = transport(http)
            assert await twilio.find(Asked(7, SINCE, message)) is None
            await twilio.aclose()
            assert http.requests == []

    asyncio.run(run())


def test_a_provider_that_is_away_tells_nothing() -> None:
    async def run() -> None:
        async with staged(Situation.REFUSED, {}) as http:
            twilio = transport(http)
            assert await twilio.find(Asked(7, SINCE, sms(7, OURS))) is None
            await twilio.aclose()

    asyncio.run(run())
