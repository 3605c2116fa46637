"""The SendGrid transport in front of a provider on this machine: batches, refusals, look-ups and what it checks."""

import asyncio
import base64
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from rig_sendgrid import KEY, Mail, SendGrid, emails, errors, shaped, transport

from engine.errors import SettingsError
from engine.model.campaign import Channel
from engine.testing.http import HttpProvider, Request, Response, staged
from engine.testing.situations import Situation
from engine.testing.transports import CHECKS, Check, email, sms
from engine.transport.base import (
    Accepted,
    Asked,
    Checkable,
    ConnectionFailed,
    EmailMessage,
    Finding,
    Message,
    MessageRejected,
    Misconfigured,
    Outcome,
    OutcomeUnknown,
    Reconcilable,
    Shape,
    Throttled,
)
from engine.transport.registry import Workshop
from engine.transport.sendgrid import MOST_MENDS, SendGridTransport
from engine.transport.setup import Setup

T = TypeVar("T")
Refuse = Callable[[Mapping[str, object]], Response | None]


def in_front_of(
    provider: SendGrid, use: Callable[[SendGridTransport, HttpProvider], Awaitable[T]], **options: object
) -> T:
    """What `use` comes to with a transport in front of `provider`."""

    async def run() -> T:
        async with staged(Situation.ACCEPTED, {Situation.ACCEPTED: provider.answer}) as http:
            made = transport(http, **options)
            try:
                return await use(made, http)
            finally:
                await made.aclose()

    return asyncio.run(run())


def sent(batch: Sequence[Message], provider: SendGrid, **options: object) -> list[Outcome]:
    async def use(made: SendGridTransport, http: HttpProvider) -> list[Outcome]:
        return list(await made.send(batch))

    return in_front_of(provider, use, **options)


def kinds(outcomes: Sequence[Outcome]) -> list[str]:
    return [type(outcome).__name__ for outcome in outcomes]


def references(call: Mapping[str, object]) -> list[str]:
    personal = call["personalizations"]
    assert isinstance(personal, list)
    return [own["custom_args"]["delivery"] for own in personal]


def among(*bad: int) -> Refuse:
    """Refuses, without naming anyone, every call with one of these deliveries in it."""

    def refuse(call: Mapping[str, object]) -> Response | None:
        inside = {int(reference.partition(".")[0]) for reference in references(call)}
        return errors(400, ("", "Bad Request")) if inside & set(bad) else None

    return refuse


def first_of(*bad: int) -> Refuse:
    """Refuses the first only of these deliveries by name: who else is bad is found by asking again."""

    def refuse(call: Mapping[str, object]) -> Response | None:
        for place, reference in enumerate(references(call)):
            if int(reference.partition(".")[0]) in bad:
                return errors(400, (f"personalizations.{place}.to.0.email", "Does not contain a valid address."))
        return None

    return refuse


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_it_keeps_the_contract(check: Check) -> None:
    async def run() -> None:
        async with staged(Situation.ACCEPTED, {Situation.ACCEPTED: SendGrid().answer}) as http:
            await check(lambda: transport(http))

    asyncio.run(run())


def test_it_can_be_asked_and_checked_and_carries_email_only() -> None:
    made = SendGridTransport.configure(Setup("letters", {"api_key": "SG.x"}))
    assert isinstance(made, Reconcilable)
    assert isinstance(made, Checkable)
    assert (made.name, made.channels) == ("letters", {Channel.EMAIL})


def test_it_is_found_by_its_name() -> None:
    assert isinstance(Workshop({"sendgrid": {"api_key": "SG.x"}}).build("sendgrid"), SendGridTransport)


def test_everybody_reads_their_own_and_nobody_elses() -> None:
    other = Shape(("Bye ", "."), ("<b>", "</b>", ""))
    batch = [
        shaped(1),
        shaped(2, slots=("Bo", "B&amp;o", "u/2")),
        email(3, "Zoë’s café — 優希 💛"),
        shaped(4, shape=other, slots=("Cy", "Cy", "x")),
        shaped(5, to="ana1@example.com"),
        shaped(6, slots=("a" * 10_000, "b", "c")),
    ]
    provider = SendGrid()
    outcomes = sent(batch, provider)
    assert kinds(outcomes) == ["Accepted"] * 6
    assert len(provider.calls) == 5
    for message, mail in zip(batch, sorted(provider.mails, key=lambda mail: mail.delivery_id), strict=True):
        assert mail == Mail(
            reference=message.reference,
            to=message.to,
            sender={"email": "hello@rekindle.example", "name": "Rekindle"},
            subject=message.subject,
            text=message.text,
            html=message.html,
            headers={"List-Unsubscribe": "<https://rekindle.example/u/token>", "Message-ID": message.message_id},
        )


def test_two_thousand_three_hundred_messages_take_three_calls() -> None:
    provider = SendGrid()
    outcomes = sent([shaped(number) for number in range(2_300)], provider)
    receipts = [outcome.receipt for outcome in outcomes if isinstance(outcome, Accepted)]
    assert len(set(receipts)) == 2_300
    assert sorted(len(references(call)) for call in provider.calls) == [300, 1_000, 1_000]
    assert max(map(len, receipts)) <= 200
    assert sorted(provider.accepted()) == list(range(2_300))


def test_a_text_message_is_refused_and_the_emails_beside_it_go() -> None:
    outcomes = sent([email(1), sms(2), email(3)], SendGrid())
    assert kinds(outcomes) == ["Accepted", "MessageRejected", "Accepted"]


def test_whom_sendgrid_names_is_refused_and_the_others_are_sent_at_once() -> None:
    provider = SendGrid(first_of(2, 5))
    outcomes = sent([shaped(number) for number in range(1, 7)], provider)
    good, bad = "Accepted", "RecipientRejected"
    assert kinds(outcomes) == [good, bad, good, good, bad, good]
    assert sorted(provider.accepted()) == [1, 3, 4, 6]
    assert len(provider.calls) == 3


def test_one_email_in_a_thousand_that_sendgrid_does_not_name_is_found_by_halves() -> None:
    provider = SendGrid(among(777))
    outcomes = sent([shaped(number) for number in range(1_000)], provider)
    assert [place for place, outcome in enumerate(outcomes) if isinstance(outcome, MessageRejected)] == [777]
    assert sorted(provider.accepted()) == [number for number in range(1_000) if number != 777]
    assert len(provider.calls) <= 1 + MOST_MENDS


def test_when_too_many_are_refused_the_rest_wait_and_nobody_is_burned() -> None:
    provider = SendGrid(lambda call: errors(400, ("", "Bad Request")))
    outcomes = sent([shaped(number) for number in range(1_000)], provider)
    assert set(kinds(outcomes)) <= {"MessageRejected", "Throttled"}
    assert kinds(outcomes).count("Throttled") > 900
    assert len(provider.calls) == 1 + MOST_MENDS


def test_too_large_a_call_is_halved_until_it_fits() -> None:
    provider = SendGrid(lambda call: errors(413) if len(references(call)) > 3 else None)
    outcomes = sent([shaped(number) for number in range(1, 13)], provider)
    assert kinds(outcomes) == ["Accepted"] * 12
    assert sorted(provider.accepted()) == list(range(1, 13))


@pytest.mark.parametrize(
    ("refusal", "first", "rest"),
    [
        (errors(401, ("", "no")), Misconfigured, Misconfigured),
        (errors(403, ("from", "no")), Misconfigured, Misconfigured),
        (errors(429, ("", "too many requests"), headers={"Retry-After": "7"}), Throttled, Throttled),
        (Response(500), OutcomeUnknown, ConnectionFailed),
        (Response(503), OutcomeUnknown, ConnectionFailed),
    ],
)
def test_after_a_refusal_that_is_everyones_nothing_more_is_sent(
    refusal: Response, first: type[Outcome], rest: type[Outcome]
) -> None:
    provider = SendGrid(lambda call: refusal)
    outcomes = sent(emails(*range(1, 21)), provider, connections=1)
    assert isinstance(outcomes[0], first)
    assert all(isinstance(outcome, rest) for outcome in outcomes[1:])
    assert len(provider.calls) == 1


def test_calls_that_were_accepted_before_a_refusal_stay_accepted() -> None:
    provider = SendGrid(lambda call: Response(500) if references(call) == ["3.0"] else None)
    outcomes = sent(emails(1, 2, 3, 4), provider, connections=1)
    assert kinds(outcomes) == ["Accepted", "Accepted", "OutcomeUnknown", "ConnectionFailed"]
    assert provider.accepted() == [1, 2]


def test_no_more_calls_are_under_way_than_there_are_connections() -> None:
    async def use(made: SendGridTransport, http: HttpProvider) -> int:
        await made.send(emails(*range(1, 31)))
        return http.most_at_once

    assert in_front_of(SendGrid(), use, connections=2) <= 2


def test_sandbox_mode_is_asked_for_and_its_200_is_taken() -> None:
    class Sandbox(SendGrid):
        def answer(self, request: Request) -> Response:
            assert json.loads(request.body)["mail_settings"] == {"sandbox_mode": {"enable": True}}
            return Response(200, b"", {"X-Message-Id": "abc"})

    assert sent([email(1)], Sandbox(), sandbox=True) == [Accepted("abc")]


SINCE = datetime(2026, 3, 3, 9, tzinfo=UTC)


def found(message: EmailMessage | None, answer: Response) -> tuple[object, list[Request]]:
    class Activity(SendGrid):
        def answer(self, request: Request) -> Response:
            return answer

    async def use(made: SendGridTransport, http: HttpProvider) -> tuple[object, list[Request]]:
        return await made.find(Asked(7, SINCE, message)), http.requests

    return in_front_of(Activity(), use)


def listed(*ids: object) -> Response:
    return Response(
        200, json.dumps({"messages": [{"msg_id": each, "to_email": "ana@example.com"} for each in ids]}).encode()
    )


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (listed("abc-_.recvd-5f.0"), Accepted("abc-_")),
        (listed("abc", "abd"), Accepted("abc")),
        (listed(), None),
        (listed(""), None),
        (Response(200, b"[]"), None),
        (Response(200, b"{}"), None),
        (Response(200, b"<html>"), None),
        (Response(200, b"[" * 100_000), None),
        (Response(401), None),
        (Response(403), None),
        (Response(404), None),
        (Response(429), None),
        (Response(500), None),
    ],
)
def test_what_sendgrids_log_knows_was_accepted_and_what_it_does_not_is_left_open(
    answer: Response, outcome: Accepted | None
) -> None:
    seen, requests = found(email(7), answer)
    assert seen == outcome
    asked = urlsplit(requests[0].path)
    assert asked.path == "/v3/messages"
    assert parse_qs(asked.query) == {"limit": ["1"], "query": ["(unique_args['delivery']=\"7.0\")"]}


@pytest.mark.parametrize("message", [None, replace(email(7), message_id='<7.0" OR 1="1@x>')])
def test_what_cannot_be_asked_is_left_open(message: EmailMessage | None) -> None:
    assert found(message, listed("abc")) == (None, [])


SCOPES = Response(200, b'{"scopes":["mail.send","user.profile.read"]}')
DOMAINS = Response(200, b'[{"domain":"Rekindle.example","valid":true}]')
SENDERS = Response(200, b'{"results":[{"from_email":"hello@Rekindle.example","verified":true}]}')
NOBODY = Response(200, b'{"results":[]}')
NO_DOMAIN = Response(200, b'[{"domain":"rekindle.example","valid":false},{"domain":"other.example","valid":true},1]')


def findings(scopes: Response, domains: Response = DOMAINS, senders: Response = NOBODY, key: str = "") -> list[Finding]:
    class Account(SendGrid):
        def answer(self, request: Request) -> Response:
            assert request.headers["authorization"] == f"Bearer {KEY}"
            resources = {"/v3/scopes": scopes, "/v3/whitelabel/domains": domains, "/v3/verified_senders": senders}
            return resources[urlsplit(request.path).path]

    async def use(made: SendGridTransport, http: HttpProvider) -> list[Finding]:
        return list(await made.check())

    return in_front_of(Account(), use, **({"webhook_key": key} if key else {}))


@pytest.mark.parametrize(
    ("scopes", "good", "says"),
    [
        (SCOPES, True, "may send"),
        (Response(200, b'{"scopes":["user.profile.read"]}'), False, "may not send"),
        (errors(401, ("", "no")), False, "refuses the key"),
        (errors(403, ("", "no")), False, "403"),
        (Response(500), False, "500"),
        (Response(404), False, "base_url"),
        (Response(200, b"<html>"), False, "base_url"),
        (Response(301, b"", {"Location": "/"}), False, "base_url"),
    ],
)
def test_a_wrong_key_is_named(scopes: Response, good: bool, says: str) -> None:
    key = findings(scopes)[0]
    assert key.good is good
    assert says in key.what
    assert key.good or key.fix


@pytest.mark.parametrize(
    ("domains", "senders", "good", "says"),
    [
        (DOMAINS, NOBODY, True, "authenticated"),
        (NO_DOMAIN, SENDERS, True, "its domain is not"),
        (NO_DOMAIN, NOBODY, False, "does not know the sender"),
        (Response(403), SENDERS, True, "its domain is not"),
        (Response(403), NOBODY, True, "not known"),
        (NO_DOMAIN, Response(403), True, "not known"),
        (Response(200, b"<html>"), Response(200, b"{}"), True, "not known"),
    ],
)
def test_a_sender_that_sendgrid_does_not_know_is_named(
    domains: Response, senders: Response, good: bool, says: str
) -> None:
    sender = findings(SCOPES, domains, senders)[1]
    assert sender.good is good
    assert says in sender.what


@pytest.mark.parametrize(("key", "says"), [("", "without webhook_key"), ("AAAA", "not a key")])
def test_a_webhook_key_that_is_missing_or_none_is_named(key: str, says: str) -> None:
    webhook = findings(SCOPES, key=key)[-1]
    assert not webhook.good
    assert says in webhook.what


def test_a_good_setup_has_nothing_to_mend() -> None:
    public = ec.derive_private_key(7, ec.SECP256R1()).public_key()
    shown = base64.b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
    assert all(finding.good for finding in findings(SCOPES, key=shown))
    assert not findings(SCOPES, key=shown[:-4])[-1].good


def test_a_provider_that_cannot_be_reached_is_named() -> None:
    async def run() -> Finding:
        made = SendGridTransport.configure(Setup("sendgrid", {"api_key": KEY, "base_url": "http://127.0.0.1:1"}))
        (key, _) = await made.check()
        await made.aclose()
        return key

    assert "cannot be reached" in asyncio.run(run()).what


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"api_key": ""},
        {"api_key": "SG.x", "apikey": "x"},
        {"api_key": "SG.x", "connections": 0},
        {"api_key": "SG.x", "open_tracking": "perhaps"},
        {"api_key": "SG.x", "answer_seconds": "soon"},
        {"api_key_file": "missing"},
        {"api_key": "SG.x", "webhook_key_file": "missing"},
    ],
    ids=str,
)
def test_an_option_that_cannot_work_is_refused_with_the_mend(options: Mapping[str, object]) -> None:
    with pytest.raises(SettingsError) as refusal:
        SendGridTransport.configure(Setup("sendgrid", options))
    assert "SG.x" not in str(refusal.value)


def test_no_secret_is_shown() -> None:
    made = SendGridTransport.configure(Setup("sendgrid", {"api_key": "SG.secret"}))
    assert "SG.secret" not in f"{made!r}{made._account!r}{vars(made)}"


def test_the_package_is_not_imported_before_it_is_needed() -> None:
    code = (
        "import sys; from engine.transport.setup import Setup; from engine.transport.sendgrid import SendGridTransport;"
        "SendGridTransport.configure(Setup('sendgrid', {'api_key': 'SG.x', 'webhook_key': 'x'}));"
        "print(sorted({'sendgrid', 'aiohttp', 'python_http_client', 'twilio', 'cryptography'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
