"""The Twilio transport: its requests are the official package's, and its outcomes are what the code pages say."""

import asyncio
import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar
from urllib.parse import urlsplit

import pytest
from rig_twilio import (
    ACCOUNT,
    PUBLIC_URL,
    SENDER,
    TOKEN,
    Log,
    configured,
    delivery,
    form,
    query,
    refusal,
    response,
    transport,
)
from twilio.http import HttpClient
from twilio.http.response import Response as PackageResponse
from twilio.rest import Client

from engine.errors import SettingsError
from engine.model.campaign import Channel
from engine.model.suppression import SuppressReason
from engine.testing.http import Answerer, HttpProvider, Request, Response, staged
from engine.testing.situations import Situation
from engine.testing.transports import CHECKS, Check, email, sms
from engine.transport.base import (
    Accepted,
    ConnectionFailed,
    Message,
    MessageRejected,
    Misconfigured,
    Outcome,
    OutcomeUnknown,
    RecipientRejected,
    SmsMessage,
    Throttled,
)
from engine.transport.http import Answer
from engine.transport.twilio import TwilioTransport, outcome_of
from engine.transport.twilio_codes import MEANINGS

SERVICE = "MG" + "1" * 32
CONTENT = "HX" + "2" * 32
KEY = "SK" + "3" * 32
T = TypeVar("T")
CALLBACK = f"{PUBLIC_URL}/webhooks/twilio/status?delivery=7.0"


def facing(
    answer: Answerer, act: Callable[[HttpProvider], Awaitable[T]], situation: Situation = Situation.ACCEPTED
) -> tuple[T, list[Request]]:
    async def run() -> tuple[T, list[Request]]:
        async with staged(situation, {situation: answer}) as http:
            return await act(http), http.requests

    return asyncio.run(run())


def sent(
    batch: list[Message], answer: Answerer | None = None, situation: Situation = Situation.ACCEPTED, **options: object
) -> tuple[list[Outcome], list[Request]]:
    """What a batch comes to, and the requests that were made of it."""

    async def act(http: HttpProvider) -> list[Outcome]:
        twilio = transport(http, **options)
        try:
            return list(await twilio.send(batch))
        finally:
            await twilio.aclose()

    return facing(answer or Log().answer, act, situation)


class Capturing(HttpClient):
    """What the official client would have put on the wire."""

    def __init__(self) -> None:
        self.asked: dict[str, object] = {}

    def request(self, method: str, url: str, **rest: object) -> PackageResponse:
        self.asked = {"method": method, "url": url} | rest
        return PackageResponse(201, json.dumps({"sid": "SM1"}))


@pytest.mark.parametrize(
    ("options", "channel", "wanted"),
    [
        ({}, Channel.SMS, {"from_": SENDER, "body": "Où êtes-vous? 💛\n& more"}),
        ({"sender": SERVICE}, Channel.SMS, {"messaging_service_sid": SERVICE, "body": "Où êtes-vous? 💛\n& more"}),
        ({"sender": "Two of us"}, Channel.SMS, {"from_": "Two of us", "body": "Où êtes-vous? 💛\n& more"}),
        ({"sender": "72345"}, Channel.SMS, {"from_": "72345", "body": "Où êtes-vous? 💛\n& more"}),
        (
            {"sender": f"whatsapp:{SENDER}"},
            Channel.WHATSAPP,
            {"from_": f"whatsapp:{SENDER}", "body": "Où êtes-vous? 💛\n& more"},
        ),
        (
            {"sender": f"whatsapp:{SENDER}", "content_sid": CONTENT},
            Channel.WHATSAPP,
            {
                "from_": f"whatsapp:{SENDER}",
                "content_sid": CONTENT,
                "content_variables": json.dumps({"1": "Où êtes-vous? 💛 & more"}, ensure_ascii=False),
            },
        ),
        (
            {"api_key": KEY, "api_secret": "hush", "status_callback": False},
            Channel.SMS,
            {"from_": SENDER, "body": "Où êtes-vous? 💛\n& more", "status_callback": None},
        ),
    ],
)
def test_a_message_is_asked_for_as_the_official_client_asks(
    options: dict[str, object], channel: Channel, wanted: dict[str, str | None]
) -> None:
    message = replace(sms(7, "Où êtes-vous? 💛\n& more"), channel=channel)
    outcomes, (ours,) = sent([message], **options)
    assert outcomes == [Accepted(f"SM{1:032x}")]

    oracle = Capturing()
    keyed = (str(options["api_key"]), str(options["api_secret"])) if "api_key" in options else (ACCOUNT, TOKEN)
    to = f"whatsapp:{message.to}" if channel is Channel.WHATSAPP else message.to
    given = {"to": to, "validity_period": 14_400, "status_callback": CALLBACK} | wanted
    Client(*keyed, account_sid=ACCOUNT, http_client=oracle).messages.create(
        **{name: value for name, value in given.items() if value is not None}
    )
    assert ours.method == oracle.asked["method"]
    assert ours.path == urlsplit(str(oracle.asked["url"])).path
    assert form(ours) == {name: str(value) for name, value in dict(oracle.asked["data"]).items()}  # type: ignore[call-overload]
    assert oracle.asked["auth"] == keyed
    assert ours.headers["authorization"] == "Basic " + b64encode(":".join(keyed).encode()).decode()
    assert ours.headers["content-type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("left", "asked"),
    [(timedelta(seconds=1), "1"), (timedelta(minutes=90, seconds=0.9), "5400"), (timedelta(days=2), "36000")],
)
def test_twilio_may_keep_a_message_no_longer_than_its_window(left: timedelta, asked: str) -> None:
    _, (request,) = sent([replace(sms(1), valid_for=left)])
    assert form(request)["ValidityPeriod"] == asked


@pytest.mark.parametrize("left", [timedelta(seconds=0.9), timedelta(0), timedelta(hours=-1)])
def test_a_message_whose_window_has_closed_is_not_sent_and_goes_back_to_the_gates(left: timedelta) -> None:
    outcomes, requests = sent([replace(sms(1), valid_for=left), sms(2)])
    assert isinstance(outcomes[0], Throttled)
    assert outcomes[0].retry_after == timedelta(0)
    assert isinstance(outcomes[1], Accepted), "it holds nobody else back"
    assert len(requests) == 1


@pytest.mark.parametrize(
    ("sender", "message"),
    [
        (SENDER, email(1)),
        (SENDER, replace(sms(1), channel=Channel.WHATSAPP)),
        (f"whatsapp:{SENDER}", sms(1)),
        (SENDER, sms(1, "half a heart \ud83d")),
    ],
)
def test_what_its_sender_cannot_carry_is_rejected_unsent(sender: str, message: Message) -> None:
    outcomes, requests = sent([message], sender=sender)
    assert isinstance(outcomes[0], MessageRejected)
    assert requests == []


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_transport_conforms(check: Check) -> None:
    async def act(http: HttpProvider) -> None:
        await check(lambda: transport(http))

    facing(Log().answer, act)


REJECTED, STOPPED, NOBODY = (
    RecipientRejected,
    (RecipientRejected, SuppressReason.STOP),
    (RecipientRejected, SuppressReason.INVALID),
)


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, 21211, NOBODY),
        (400, 21217, NOBODY),
        (400, 21614, NOBODY),
        (400, 21635, NOBODY),
        (400, 21610, STOPPED),
        (403, 21408, REJECTED),
        (400, 21612, REJECTED),
        (400, 63003, REJECTED),
        (400, 21602, MessageRejected),
        (400, 21617, MessageRejected),
        (400, 21619, MessageRejected),
        (400, 63016, MessageRejected),
        (400, 99999, MessageRejected),
        (400, None, MessageRejected),
        (413, None, MessageRejected),
        (400, 21212, Misconfigured),
        (400, 21603, Misconfigured),
        (400, 21606, Misconfigured),
        (400, 21608, RecipientRejected),
        (400, 21609, Misconfigured),
        (400, 21659, Misconfigured),
        (400, 21660, Misconfigured),
        (400, 21701, Misconfigured),
        (400, 21705, Misconfigured),
        (400, 21910, Misconfigured),
        (400, 63007, Misconfigured),
        (401, 20003, Misconfigured),
        (401, None, Misconfigured),
        (403, None, Misconfigured),
        (404, 20404, Misconfigured),
        (404, None, Misconfigured),
        (302, None, Misconfigured),
        (429, 20429, Throttled),
        (429, None, Throttled),
        (429, 21211, Throttled),
        (400, 14107, Throttled),
        (400, 21611, Throttled),
        (408, None, OutcomeUnknown),
        (500, 20500, OutcomeUnknown),
        (500, 21211, OutcomeUnknown),
        (503, None, OutcomeUnknown),
        (204, None, OutcomeUnknown),
    ],
)
def test_each_refusal_comes_to_what_its_code_says(
    status: int, code: int | None, expected: type[Outcome] | tuple[type[Outcome], SuppressReason]
) -> None:
    answer = Answer(status, {}, json.dumps({"code": code, "message": "+12025550123 is not reachable"}).encode())
    outcome = outcome_of(answer)
    kind, suppress = expected if isinstance(expected, tuple) else (expected, None)
    assert isinstance(outcome, kind)
    assert getattr(outcome, "suppress", None) is suppress
    assert "2025550123" not in repr(outcome)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"sid": "SM1", "status": "queued"}, Accepted("SM1")),
        ({"sid": "SM1", "status": "queued", "error_code": None}, Accepted("SM1")),
        ({"sid": "SM1", "error_code": 99999}, Accepted("SM1")),
        ({"sid": "SM1", "error_code": 30008}, Accepted("SM1")),
        (
            {"sid": "SM1", "status": "failed", "error_code": 21610},
            RecipientRejected("21610", SuppressReason.STOP, "Twilio 21610: they have told Twilio to stop."),
        ),
        ({"sid": "SM1", "error_code": 30001}, Throttled(None, "Twilio 30001: the queue is full.")),
        ({"status": "queued"}, OutcomeUnknown("Twilio's answer names no message.")),
        ({"sid": ""}, OutcomeUnknown("Twilio's answer names no message.")),
        ({"sid": 7}, OutcomeUnknown("Twilio's answer names no message.")),
        (["SM1"], OutcomeUnknown("Twilio's answer names no message.")),
    ],
)
def test_a_created_message_is_accepted_when_the_answer_names_it_and_no_error(said: object, expected: Outcome) -> None:
    assert outcome_of(Answer(201, {}, json.dumps(said).encode())) == expected


@pytest.mark.parametrize("body", [b"", b"\xff", b"<html>", b"[" * 100_000, b"nul"])
def test_an_answer_that_makes_no_sense_leaves_it_open(body: bytes) -> None:
    assert isinstance(outcome_of(Answer(201, {}, body)), OutcomeUnknown)


def test_every_code_has_words_and_none_names_anybody() -> None:
    for code, meaning in MEANINGS.items():
        assert meaning.words, code
        assert "@" not in meaning.words
        assert "+" not in meaning.words


def test_so_many_requests_are_under_way_and_no_more() -> None:
    log, free, begun = Log(), asyncio.Event(), []

    async def answer(request: Request) -> Response:
        begun.append(request)
        if len(begun) == 5:
            free.set()
        await free.wait()
        return log.create(request)

    async def act(http: HttpProvider) -> tuple[int, int, int]:
        twilio = transport(http, in_flight=5)
        outcomes = await twilio.send([sms(number) for number in range(1, 41)])
        await twilio.aclose()
        return sum(isinstance(outcome, Accepted) for outcome in outcomes), http.most_at_once, http.connections

    (accepted, at_once, connections), requests = facing(answer, act)
    assert (accepted, at_once, connections) == (40, 5, 5)
    assert len(requests) == 40


@pytest.mark.parametrize(
    ("refused", "first", "rest", "tried"),
    [
        (
            refusal(429, 20429, **{"Retry-After": "7"}),
            Throttled(timedelta(seconds=7), "Twilio 20429: too many requests at once."),
            Throttled(timedelta(seconds=7), "Held back: Twilio refused one before it for now."),
            1,
        ),
        (
            refusal(400, 21611),
            Throttled(None, "Twilio 21611: the sender's queue is full."),
            Throttled(None, "Held back: Twilio refused one before it for now."),
            1,
        ),
        (
            refusal(401, 20003),
            Misconfigured("Twilio 20003: the key is wrong, or may not do this."),
            Misconfigured("Twilio 20003: the key is wrong, or may not do this."),
            3,
        ),
    ],
)
def test_after_a_refusal_that_is_about_us_the_rest_of_the_batch_stays_unsent(
    refused: Response, first: Outcome, rest: Outcome, tried: int
) -> None:
    outcomes, requests = sent([sms(number) for number in range(1, 31)], lambda request: refused, in_flight=1)
    assert outcomes == [first] * tried + [rest] * (30 - tried)
    assert len(requests) == tried


def test_a_refusal_that_blames_the_sender_for_one_country_holds_no_other_back() -> None:
    log = Log()

    def answer(request: Request) -> Response:
        return refusal(400, 21659) if delivery(request) % 4 == 1 else log.create(request)

    outcomes, requests = sent([sms(number) for number in range(1, 31)], answer, in_flight=1)
    assert len(requests) == 30
    assert [type(outcome) for outcome in outcomes].count(Misconfigured) == 8


@pytest.mark.parametrize("code", [21211, 21610, 21617])
def test_a_refusal_that_is_about_one_message_holds_no_other_back(code: int) -> None:
    outcomes, requests = sent([sms(number) for number in range(1, 11)], lambda request: refusal(400, code), in_flight=1)
    assert len(requests) == 10
    assert {type(outcome) for outcome in outcomes} <= {RecipientRejected, MessageRejected}


def test_a_provider_that_fails_over_and_over_does_not_put_a_whole_batch_in_doubt() -> None:
    outcomes, requests = sent([sms(number) for number in range(1, 31)], lambda request: Response(500), in_flight=1)
    assert [type(outcome) for outcome in outcomes] == [OutcomeUnknown] * 3 + [ConnectionFailed] * 27
    assert len(requests) == 3


def test_failures_here_and_there_hold_nobody_back() -> None:
    log = Log()
    failing = iter([True, True, False] * 10)
    outcomes, requests = sent(
        [sms(number) for number in range(1, 31)],
        lambda request: Response(500) if next(failing) else log.create(request),
        in_flight=1,
    )
    assert len(requests) == 30
    assert sum(isinstance(outcome, Accepted) for outcome in outcomes) == 10


def test_a_transport_outlives_the_loop_it_was_used_in() -> None:
    twilio: list[TwilioTransport] = []

    async def act(http: HttpProvider) -> Outcome:
        twilio[:] = twilio or [transport(http)]
        twilio[0]._api._base = http.base_url  # the next loop's provider has a port of its own
        (outcome,) = await twilio[0].send([sms(1)])
        return outcome

    for _ in range(2):
        outcome, _ = facing(Log().answer, act)
        assert isinstance(outcome, Accepted)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"account_sid": "AC1"}, "account_sid"),
        ({"account_sid": ""}, "account_sid is missing"),
        ({"auth_token": ""}, "auth_token is missing"),
        ({"sender": ""}, "sender is missing"),
        ({"sender": "0123"}, None),
        ({"sender": "+0123"}, "sender"),
        ({"sender": "a name too long"}, "sender"),
        ({"sender": "whatsapp:Us"}, "sender"),
        ({"sender": "ana@example.com"}, "sender"),
        ({"content_sid": "HX"}, "content_sid"),
        ({"api_key": KEY}, "api_secret is missing"),
        ({"api_key": KEY, "api_secret": "hush", "auth_token": ""}, None),
        ({"base_url": "api.twilio.com"}, "base_url"),
        ({"in_flight": 0}, "in_flight"),
        ({"from": SENDER}, "`from`"),
    ],
)
def test_a_table_that_cannot_work_is_refused_by_name_and_tells_no_secret(
    options: dict[str, object], says: str | None
) -> None:
    if says is None:
        configured(**options)
        return
    with pytest.raises(SettingsError) as refused:
        configured(**options)
    assert says in str(refused.value)
    assert TOKEN not in str(refused.value) + str(refused.value.fix)


def test_nothing_that_is_shown_of_a_transport_tells_its_secrets() -> None:
    twilio = configured(api_key=KEY, api_secret="hush")
    assert TOKEN not in repr(twilio) + repr(twilio._options)
    assert "hush" not in repr(twilio) + repr(twilio._options)


def test_the_official_package_is_loaded_only_to_verify() -> None:
    script = f"""
import sys
from datetime import UTC, datetime
from engine.transport.setup import Setup
from engine.transport.source import Forged, Hook
from engine.transport.twilio import TwilioTransport
made = TwilioTransport.configure(
    Setup("twilio", {{"account_sid": {ACCOUNT!r}, "auth_token": "t", "sender": {SENDER!r}}})
)
assert not {{"twilio", "aiohttp", "requests"}} & set(sys.modules), "too early"
try:
    made.verify(Hook("status", "https://a.example/", {{"x-twilio-signature": "x"}}, b"", datetime.now(UTC)))
except Forged:
    assert "twilio.request_validator" in sys.modules
    print("lazy")
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ran.stdout.strip() == "lazy", ran.stderr


def test_the_callback_names_the_transport_and_the_delivery() -> None:
    message = sms(9)
    assert isinstance(message, SmsMessage)
    _, (request,) = sent([replace(message, reference="9.0~b")])
    callback = form(request)["StatusCallback"]
    assert callback.startswith(f"{PUBLIC_URL}/webhooks/twilio/status?")
    assert query(callback) == {"delivery": "9.0~b"}


def test_an_answer_with_status_200_counts_as_created() -> None:
    outcomes, _ = sent([sms(1)], lambda request: response(200, {"sid": "SM1"}))
    assert outcomes == [Accepted("SM1")]
