"""What each of SendGrid's answers means for each recipient of a call; nothing that SendGrid wrote is repeated."""

import json
from collections.abc import Mapping
from datetime import timedelta

import pytest

from engine.model.suppression import SuppressReason
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
from engine.transport.http import Answer
from engine.transport.sendgrid_answers import CREDITS, HELD_BACK, KEY, LEAVE, NO_API, SENDER, SETTINGS, errors, judged

WORDS = "Does not contain a valid address: ana@example.com, +1 202 555 0123"


def answer(status: int, *fields: str | None, message: str = WORDS, **headers: str) -> Answer:
    said = {"errors": [{"field": field, "message": message, "help": None} for field in fields]}
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, json.dumps(said).encode())


def outcomes(said: Answer, count: int = 1, *, sandbox: bool = False) -> list[Outcome | None]:
    verdict = judged(said, count, sandbox=sandbox)
    return [verdict.outcomes.get(position) for position in range(count)]


@pytest.mark.parametrize(
    ("said", "outcome", "rest"),
    [
        (answer(202, x_message_id="abc-_1"), Accepted("abc-_1"), None),
        (answer(202), OutcomeUnknown, None),
        (answer(202, x_message_id="a b"), OutcomeUnknown, None),
        (answer(202, x_message_id="a" * 151), OutcomeUnknown, None),
        (answer(200, x_message_id="abc"), OutcomeUnknown, OutcomeUnknown),
        (answer(204, x_message_id="abc"), OutcomeUnknown, OutcomeUnknown),
        (answer(301), Misconfigured(NO_API), Misconfigured),
        (answer(400, "from.email"), Misconfigured(SETTINGS), Misconfigured),
        (answer(400, "from"), Misconfigured(SETTINGS), Misconfigured),
        (answer(400, "ip_pool_name"), Misconfigured(SETTINGS), Misconfigured),
        (answer(400, "content.0.value"), MessageRejected, None),
        (answer(400, "subject"), MessageRejected, None),
        (answer(400, None), MessageRejected, None),
        (answer(400), MessageRejected, None),
        (answer(400, "personalizations.0.to.0.email"), RecipientRejected, None),
        (answer(400, "personalizations.0.to"), RecipientRejected, None),
        (answer(400, "personalizations.0.headers"), MessageRejected, None),
        (answer(400, "personalizations.0.tokens"), MessageRejected, None),
        (answer(400, "personalizations.0"), MessageRejected, None),
        (answer(400, "personalizations.9.to"), MessageRejected, None),
        (answer(401, None), Misconfigured(KEY), Misconfigured),
        (answer(401, None, message="Maximum credits exceeded"), Misconfigured(CREDITS), Misconfigured),
        (answer(402), Misconfigured(CREDITS), Misconfigured),
        (answer(403, None, message="access forbidden"), Misconfigured(LEAVE), Misconfigured),
        (answer(403, "from"), Misconfigured(SENDER), Misconfigured),
        (answer(403, None, message="does not match a verified Sender Identity"), Misconfigured(SENDER), Misconfigured),
        (answer(404), Misconfigured(NO_API), Misconfigured),
        (answer(405), Misconfigured(NO_API), Misconfigured),
        (answer(408), OutcomeUnknown, OutcomeUnknown),
        (answer(413), MessageRejected, None),
        (answer(415), Misconfigured(NO_API), Misconfigured),
        (answer(422), MessageRejected, None),
        (answer(429), Throttled(None, "Too many requests."), Throttled),
        (answer(429, retry_after="7"), Throttled(timedelta(seconds=7), "Too many requests."), Throttled),
        (answer(500), OutcomeUnknown, OutcomeUnknown),
        (answer(503), OutcomeUnknown, OutcomeUnknown),
    ],
)
def test_an_answer_about_one_email(said: Answer, outcome: Outcome | type[Outcome], rest: type[Outcome] | None) -> None:
    (seen,) = outcomes(said)
    assert seen == outcome if not isinstance(outcome, type) else isinstance(seen, outcome)
    held = judged(said, 1).rest
    # What is still to be sent is not put in doubt as well: it is known not to have been begun.
    assert held == HELD_BACK if rest is OutcomeUnknown and said.status != 202 else type(held) is (rest or type(None))
    assert "@" not in f"{seen}{held}"
    assert "555" not in f"{seen}{held}"


def test_an_address_that_sendgrid_does_not_take_is_never_tried_again() -> None:
    (seen,) = outcomes(answer(400, "personalizations.0.to.0.email"))
    assert isinstance(seen, RecipientRejected)
    assert seen.suppress is SuppressReason.INVALID


def test_sandbox_mode_accepts_with_200() -> None:
    assert outcomes(answer(200, x_message_id="abc"), sandbox=True) == [Accepted("abc")]


def test_every_recipient_of_a_call_has_a_receipt_of_their_own() -> None:
    assert outcomes(answer(202, x_message_id="abc"), 3) == [Accepted("abc.0"), Accepted("abc.1"), Accepted("abc.2")]


@pytest.mark.parametrize(
    ("fields", "refused", "again"),
    [
        (["personalizations.1.to.0.email"], {1}, [[0, 2, 3]]),
        (["personalizations.1.to.0.email", "personalizations.3.headers"], {1, 3}, [[0, 2]]),
        (["personalizations.1", "personalizations.1.to"], {1}, [[0, 2, 3]]),
        ([f"personalizations.{number}.to" for number in range(4)], {0, 1, 2, 3}, []),
        (["content.1.value"], {0, 1, 2, 3}, []),
        (["personalizations"], set(), [[0, 1], [2, 3]]),
        (["personalizations.4.to"], set(), [[0, 1], [2, 3]]),
        (["personalizations.99999.to"], set(), [[0, 1], [2, 3]]),
        ([None], set(), [[0, 1], [2, 3]]),
        (["subject"], set(), [[0, 1], [2, 3]]),
    ],
)
def test_a_400_refuses_whom_it_names_and_the_others_go_again(
    fields: list[str | None], refused: set[int], again: list[list[int]]
) -> None:
    verdict = judged(answer(400, *fields), 4)
    assert set(verdict.outcomes) == refused
    assert [list(each) for each in verdict.again] == again
    assert verdict.rest is None


def test_too_large_a_call_goes_again_in_halves() -> None:
    verdict = judged(answer(413), 5)
    assert ([list(each) for each in verdict.again], verdict.outcomes) == ([[0, 1], [2, 3, 4]], {})


@pytest.mark.parametrize(
    "said", [ConnectionFailed("No."), Misconfigured("No."), OutcomeUnknown("No.")], ids=lambda said: type(said).__name__
)
def test_what_went_wrong_on_the_way_is_everyones(said: ConnectionFailed | Misconfigured | OutcomeUnknown) -> None:
    verdict = judged(said, 2)
    assert list(verdict.outcomes.values()) == [said, said]
    assert verdict.rest == (HELD_BACK if isinstance(said, OutcomeUnknown) else said)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"x-ratelimit-reset": "1772528430", "date": "Tue, 03 Mar 2026 09:00:00 GMT"}, timedelta(seconds=30)),
        ({"x-ratelimit-reset": "1772528390", "date": "Tue, 03 Mar 2026 09:00:00 GMT"}, timedelta(0)),
        ({"x-ratelimit-reset": "1772528430"}, None),
        ({"x-ratelimit-reset": "soon", "date": "Tue, 03 Mar 2026 09:00:00 GMT"}, None),
        ({"x-ratelimit-reset": "9" * 40, "date": "Tue, 03 Mar 2026 09:00:00 GMT"}, None),
        (
            {"x-ratelimit-reset": "1772528430", "date": "Tue, 03 Mar 2026 09:00:00 GMT", "retry-after": "5"},
            timedelta(seconds=5),
        ),
    ],
)
def test_the_limit_is_lifted_when_sendgrid_says_by_its_own_clock(
    headers: Mapping[str, str], wait: timedelta | None
) -> None:
    (seen,) = outcomes(Answer(429, headers, b""))
    assert isinstance(seen, Throttled)
    assert seen.retry_after == wait


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b'{"errors":{}}',
        b'{"errors":[1,null]}',
        b'{"errors":null}',
        b"[" * 100_000,
        b"\xff",
    ],
)
def test_an_answer_that_makes_no_sense_names_nobody(body: bytes) -> None:
    assert errors(body) == []
    assert isinstance(outcomes(Answer(400, {}, body))[0], MessageRejected)
