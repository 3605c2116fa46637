"""What can be known of a Twilio set-up without sending: a clear yes, or a mistake with its name and its mend."""

import asyncio
from collections.abc import Sequence

import pytest
from rig_twilio import ACCOUNT, PUBLIC_URL, SENDER, TOKEN, configured, query, response

from engine.testing.http import Request, Response, staged
from engine.testing.situations import Situation
from engine.transport.base import Checkable, Finding

INBOUND = f"{PUBLIC_URL}/webhooks/twilio/inbound"
SERVICE = "MG" + "1" * 32
ACCOUNTS = f"/2010-04-01/Accounts/{ACCOUNT}"
ACTIVE = response(200, {"status": "active", "type": "Full"})
NUMBER = {"phone_number": SENDER, "capabilities": {"sms": True}, "sms_url": INBOUND}

Answers = dict[str, Response]
OWNED: Answers = {
    f"{ACCOUNTS}.json": ACTIVE,
    f"{ACCOUNTS}/Messages.json": response(200, {"messages": []}),
    f"{ACCOUNTS}/IncomingPhoneNumbers.json": response(200, {"incoming_phone_numbers": [NUMBER]}),
    f"{ACCOUNTS}/SMS/ShortCodes.json": response(200, {"short_codes": [{"short_code": "72345", "sms_url": INBOUND}]}),
    f"/v1/Services/{SERVICE}": response(200, {"sid": SERVICE, "inbound_request_url": INBOUND}),
}


def check(answers: Answers, public_url: str = PUBLIC_URL, **options: object) -> tuple[Sequence[Finding], list[Request]]:
    """What a transport finds of a provider that has these answers, and what it asked."""

    def answer(request: Request) -> Response:
        return answers.get(request.path.partition("?")[0], Response(404))

    async def run() -> tuple[Sequence[Finding], list[Request]]:
        async with staged(Situation.ACCEPTED, {Situation.ACCEPTED: answer}) as http:
            twilio = configured(public_url, base_url=http.base_url, messaging_url=http.base_url, **options)
            assert isinstance(twilio, Checkable)
            found = await twilio.check()
            await twilio.aclose()
            return found, http.requests

    return asyncio.run(run())


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"sender": SERVICE},
        {"sender": "72345"},
        {"sender": "Two of us"},
        {"sender": f"whatsapp:{SENDER}"},
        {"api_key": "SK" + "1" * 32, "api_secret": "hush"},
    ],
)
def test_a_good_set_up_is_good_throughout_and_nothing_was_sent(options: dict[str, object]) -> None:
    found, requests = check(OWNED, **options)
    assert [finding for finding in found if not finding.good] == []
    assert len(found) >= 3
    assert {request.method for request in requests} == {"GET"}


MISTAKES: list[tuple[Answers, dict[str, object], str]] = [
    ({f"{ACCOUNTS}.json": Response(401)}, {}, "auth_token with the Console"),
    ({f"{ACCOUNTS}.json": Response(404)}, {}, "account_sid with the Console"),
    ({f"{ACCOUNTS}.json": response(200, {"status": "suspended"})}, {}, "pay its bill"),
    (
        {f"{ACCOUNTS}/Messages.json": Response(401)},
        {"api_key": "SK" + "1" * 32, "api_secret": "hush"},
        "api_key and api_secret with the Console",
    ),
    (
        {},
        {"api_key": "SK" + "1" * 32, "api_secret": "hush", "auth_token": ""},
        "Give auth_token too",
    ),
    (
        {f"{ACCOUNTS}/IncomingPhoneNumbers.json": response(200, {"incoming_phone_numbers": []})},
        {},
        "`sender` with the Console",
    ),
    (
        {
            f"{ACCOUNTS}/IncomingPhoneNumbers.json": response(
                200, {"incoming_phone_numbers": [NUMBER | {"capabilities": {"sms": False}}]}
            )
        },
        {},
        "capability SMS",
    ),
    (
        {
            f"{ACCOUNTS}/IncomingPhoneNumbers.json": response(
                200, {"incoming_phone_numbers": [NUMBER | {"sms_url": "https://demo.twilio.com/welcome/sms/reply/"}]}
            )
        },
        {},
        INBOUND,
    ),
    ({f"{ACCOUNTS}/IncomingPhoneNumbers.json": Response(500)}, {}, "leave to read it"),
    ({f"{ACCOUNTS}/SMS/ShortCodes.json": response(200, {"short_codes": []})}, {"sender": "72345"}, "`sender`"),
    ({f"/v1/Services/{SERVICE}": Response(404)}, {"sender": SERVICE}, "`sender`"),
    ({f"/v1/Services/{SERVICE}": response(200, {"sid": SERVICE})}, {"sender": SERVICE}, INBOUND),
]


@pytest.mark.parametrize(("answers", "options", "mend"), MISTAKES)
def test_each_mistake_is_named_with_its_mend_and_it_alone(
    answers: Answers, options: dict[str, object], mend: str
) -> None:
    found, _ = check(OWNED | answers, **options)
    (bad,) = [finding for finding in found if not finding.good]
    assert mend in bad.fix
    for finding in found:
        assert TOKEN not in finding.what + finding.fix
        assert SENDER not in finding.what + finding.fix


@pytest.mark.parametrize(
    ("public_url", "good"),
    [
        ("https://couples.org", True),
        ("https://couples.org:8443/base/", True),
        ("https://8.8.8.8", True),
        ("http://couples.org", False),
        ("https://rekindle.example", False),
        ("https://localhost", False),
        ("https://localhost:8080", False),
        ("https://127.0.0.1", False),
        ("https://192.168.1.2", False),
        ("https://[::1]", False),
        ("https://printer.local", False),
        ("https://here", False),
    ],
)
def test_twilio_must_be_able_to_call_the_public_url(public_url: str, good: bool) -> None:
    found, _ = check(OWNED, public_url, sender="Two of us")
    assert found[-1].good is good
    assert good or "public_url" in found[-1].fix


def test_a_trial_account_is_good_and_says_what_it_cannot_do() -> None:
    found, _ = check(OWNED | {f"{ACCOUNTS}.json": response(200, {"status": "active", "type": "Trial"})})
    assert found[0].good
    assert "verified numbers only" in found[0].what


def test_a_number_is_asked_for_as_it_is() -> None:
    _, requests = check(OWNED)
    assert query(requests[-1].path) == {"PhoneNumber": SENDER}


def test_a_service_that_leaves_texts_to_its_numbers_is_not_blamed() -> None:
    service = response(200, {"sid": SERVICE, "use_inbound_webhook_on_number": True})
    found, _ = check(OWNED | {f"/v1/Services/{SERVICE}": service}, sender=SERVICE)
    assert all(finding.good for finding in found)


def test_a_provider_that_is_away_is_said_to_be() -> None:
    async def run() -> Sequence[Finding]:
        async with staged(Situation.REFUSED, {}) as http:
            twilio = configured(base_url=http.base_url)
            found = await twilio.check()
            await twilio.aclose()
            return found

    first, *_ = asyncio.run(run())
    assert not first.good
    assert first.what.startswith("Twilio cannot be reached.")
    assert "base_url" in first.fix
