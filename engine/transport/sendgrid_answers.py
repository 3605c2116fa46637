"""What SendGrid's answer to a call of mail/send means for each of its recipients.

    202                          Accepted: queued; the receipt is X-Message-Id
    200                          Accepted in sandbox mode: valid, and not queued
    400 personalizations.N.to    N is RecipientRejected; nobody else was accepted: send again without N
    400 personalizations.N       N is MessageRejected; the same
    400 from, settings, IP pool  Misconfigured
    400 content                  MessageRejected, all: it is what they share
    400 of anything else, 413    MessageRejected if it is one email; else send each half again
    401, 402, 403                Misconfigured: key, credits, leave to send, sender
    3xx, 404, 405, 415           Misconfigured: base_url
    429                          Throttled, until X-RateLimit-Reset
    408, 5xx, senseless 2xx      OutcomeUnknown: mail/send knows no idempotency key
    another 4xx                  MessageRejected

Sources: twilio.com/docs/sendgrid/api-reference/mail-send/errors, …/mail-send/mail-send and
…/how-to-use-the-sendgrid-v3-api/rate-limits. A refused call has queued nobody.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

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
from engine.transport.http import Answer, Said, date_of, retry_after

_PERSONAL = re.compile(r"personalizations\.([0-9]{1,4})(\.to\b)?")
_SETTINGS = ("from", "reply_to", "ip_pool_name", "mail_settings", "tracking_settings")
_MESSAGE_ID = re.compile(r"[!-~]{1,150}")

KEY = "SendGrid refuses the key: compare api_key, and that base_url is of the same region."
CREDITS = "The account's credits are used up, or its bill is not paid."
SENDER = "SendGrid does not know the sender: verify its domain or address under Sender Authentication."
LEAVE = "The key may not send mail: give it the permission Mail Send, and look whether the account is suspended."
NO_API = "base_url does not lead to SendGrid's API."
SETTINGS = "SendGrid does not take the sender or a setting of this transport (ip_pool, sandbox, tracking)."

_WRONG: Mapping[int, str] = {401: KEY, 402: CREDITS, 403: LEAVE, 404: NO_API, 405: NO_API, 415: NO_API}

HELD_BACK = ConnectionFailed("Held back: SendGrid had just failed to answer.")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a call came to. Positions are those of its recipients.

    `again` are calls to be made of those who are neither accepted nor refused; `rest` is what calls that have not begun
    come to without being made.
    """

    outcomes: Mapping[int, Outcome] = field(default_factory=dict)
    again: Sequence[Sequence[int]] = ()
    rest: Outcome | None = None


@dataclass(frozen=True, slots=True)
class _Error:
    where: str
    message: str = field(repr=False)  # a provider's own words: looked into, never shown


def judged(said: Said, count: int, *, sandbox: bool = False) -> Verdict:
    """The verdict on a call to `count` recipients."""
    if isinstance(said, OutcomeUnknown):
        return _all(count, said, rest=HELD_BACK)
    if not isinstance(said, Answer):
        return _all(count, said, rest=said)
    match said.status:
        case 200 | 202 if said.status == 202 or sandbox:
            verdict = _accepted(said, count)
        case 400:
            verdict = _bad_request(errors(said.body), range(count))
        case 413:
            verdict = _halved(range(count), "413", "The email is too large.")
        case 429:
            busy = Throttled(wait(said), "Too many requests.")
            verdict = _all(count, busy, rest=busy)
        case status if status in _WRONG or 300 <= status < 400:
            wrong = Misconfigured(_why(status, errors(said.body)))
            verdict = _all(count, wrong, rest=wrong)
        case status if 400 < status < 500 and status != 408:
            verdict = _all(count, MessageRejected(str(status), "SendGrid refused it without saying why."))
        case status:
            verdict = _all(count, OutcomeUnknown(f"HTTP {status}."), rest=HELD_BACK)
    return verdict


def _why(status: int, found: Iterable[_Error]) -> str:
    for error in found:
        if status == 401 and "credits" in error.message.lower():
            return CREDITS
        if status == 403 and (error.where.startswith("from") or "sender identity" in error.message.lower()):
            return SENDER
    return _WRONG.get(status, NO_API)


def _accepted(answer: Answer, count: int) -> Verdict:
    given = answer.headers.get("x-message-id", "")
    if not _MESSAGE_ID.fullmatch(given):
        return _all(count, OutcomeUnknown("SendGrid's answer has no message id."))
    # The id is the call's: an event that names nothing else belongs to its only recipient, or to nobody.
    receipts = [given] if count == 1 else [f"{given}.{position}" for position in range(count)]
    return Verdict({position: Accepted(receipt) for position, receipt in enumerate(receipts)})


def _bad_request(found: Sequence[_Error], everyone: range) -> Verdict:
    if any(error.where.startswith(_SETTINGS) for error in found):
        wrong = Misconfigured(SETTINGS)
        return _all(len(everyone), wrong, rest=wrong)
    refused: dict[int, Outcome] = {}
    for error in found:
        named = _PERSONAL.match(error.where)
        if named and int(named[1]) in everyone:
            refused.setdefault(int(named[1]), _personal(bool(named[2])))
    if refused:
        others = [position for position in everyone if position not in refused]
        return Verdict(refused, [others] if others else ())
    if any(error.where.startswith("content") for error in found):
        return _all(len(everyone), MessageRejected("400", "SendGrid does not take the text or HTML."))
    return _halved(everyone, "400", "SendGrid does not take the email.")


def _personal(recipient: bool) -> Outcome:
    if recipient:
        return RecipientRejected("400", SuppressReason.INVALID, "SendGrid says that it is no valid address.")
    return MessageRejected("400", "SendGrid does not take its subject, headers or own words.")


def _halved(everyone: range, code: str, detail: str) -> Verdict:
    if len(everyone) == 1:
        return _all(1, MessageRejected(code, detail))
    middle = len(everyone) // 2
    return Verdict(again=[everyone[:middle], everyone[middle:]])


def _all(count: int, outcome: Outcome, *, rest: Outcome | None = None) -> Verdict:
    return Verdict(dict.fromkeys(range(count), outcome), rest=rest)


def wait(answer: Answer) -> timedelta | None:
    """How long SendGrid asks us to hold off, counted from now by its own clock."""
    asked = retry_after(answer)
    if asked is not None:
        return asked
    now, reset = date_of(answer), answer.headers.get("x-ratelimit-reset", "")
    if now is None or not re.fullmatch(r"[0-9]{1,11}", reset):
        return None
    return max(datetime.fromtimestamp(int(reset), UTC) - now, timedelta(0))


def errors(body: bytes) -> list[_Error]:
    """The `errors` of an answer, as far as it has any that make sense."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return []
    listed = said.get("errors") if isinstance(said, dict) else None
    return [
        _Error(str(each.get("field") or ""), str(each.get("message") or ""))
        for each in (listed if isinstance(listed, list) else ())
        if isinstance(each, dict)
    ]
