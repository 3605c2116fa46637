"""The Twilio transport in front of a loopback provider that answers as Twilio's REST API does, situation by situation.

Only the situations that wait have short time-outs, so that a busy machine does not make others.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import parse_qs, urlsplit

from engine.testing.http import Answerer, HttpProvider, Request, Response, staged
from engine.testing.situations import Situation, Stage
from engine.testing.transports import sms
from engine.transport.base import Message
from engine.transport.setup import Setup
from engine.transport.twilio import TwilioTransport

ACCOUNT = "AC" + "0" * 32
TOKEN = "an-auth-token"
SENDER = "+15005550006"
PUBLIC_URL = "https://rekindle.couples.org"
CREATED = datetime(2026, 3, 3, 9, 0, 30, tzinfo=UTC)
PATH = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"


def form(request: Request) -> dict[str, str]:
    """What a request's form says; no field comes twice."""
    fields = parse_qs(request.body.decode(), keep_blank_values=True, strict_parsing=True)
    assert all(len(values) == 1 for values in fields.values())
    return {name: values[0] for name, values in fields.items()}


def query(url: str) -> dict[str, str]:
    """The query of a URL."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def delivery(request: Request) -> int:
    """The delivery that a request to send is about."""
    return int(query(form(request)["StatusCallback"])["delivery"].partition(".")[0])


def response(status: int, said: Mapping[str, object], **headers: str) -> Response:
    """An answer in JSON."""
    return Response(status, json.dumps(said).encode(), {"Content-Type": "application/json", **headers})


def refusal(status: int, code: int, **headers: str) -> Response:
    """An answer that refuses. Twilio's own words name the number, as they do in life."""
    words = "The number +12025550123 of ana@example.com is not one."
    return response(status, {"code": code, "message": words, "status": status}, **headers)


class Log:
    """Twilio's log of messages: takes each new one, and can be asked by recipient."""

    def __init__(self) -> None:
        self.entries: list[dict[str, object]] = []

    def answer(self, request: Request) -> Response:
        """As the Message resource does."""
        return self.create(request) if request.method == "POST" else self.list(request)

    def create(self, request: Request) -> Response:
        """201 and the new message."""
        fields = form(request)
        entry: dict[str, object] = {
            "sid": f"SM{len(self.entries) + 1:032x}",
            "to": fields["To"],
            "from": fields.get("From"),
            "body": fields.get("Body", ""),
            "status": "queued",
            "direction": "outbound-api",
            "date_created": format_datetime(CREATED),
            "date_sent": None,
            "error_code": None,
        }
        self.entries.append(entry)
        return response(201, entry)

    def list(self, request: Request) -> Response:
        """The messages to one number, the newest first."""
        asked = query(request.path)
        found = [entry for entry in reversed(self.entries) if entry["to"] == asked["To"]]
        return response(200, {"messages": found, "next_page_uri": None})


def _partial(log: Log) -> Answerer:
    return lambda request: refusal(400, 21612) if delivery(request) == 2 else log.create(request)


def _answers(log: Log) -> Mapping[Situation, Answerer]:
    return {
        Situation.ACCEPTED: log.answer,
        Situation.PARTIAL: _partial(log),
        Situation.BAD_MESSAGE: lambda request: refusal(400, 21617),
        Situation.BAD_KEY: lambda request: refusal(401, 20003),
        Situation.THROTTLED_FOR: lambda request: refusal(429, 20429, **{"Retry-After": "7"}),
        Situation.THROTTLED: lambda request: refusal(429, 20429),
        Situation.SERVER_ERROR: lambda request: refusal(500, 20500),
        Situation.OPTED_OUT: lambda request: refusal(400, 21610),
        Situation.BAD_RECIPIENT: lambda request: refusal(400, 21211),
        Situation.UNREADABLE: lambda request: Response(201, b"<html>Created</html>"),
    }


class Provider:
    """What the suite looks at."""

    def __init__(self, http: HttpProvider, log: Log) -> None:
        self._http = http
        self._log = log

    def accepted(self) -> Sequence[int]:
        """The deliveries of the requests that were answered with a message."""
        if not self._log.entries:
            return []
        refused = {2} if self._http.situation is Situation.PARTIAL else set()
        return [number for number in map(delivery, self._http.requests) if number not in refused]


class TwilioRig:
    """Stages of a transport with one number for a sender."""

    def message(self, delivery_id: int) -> Message:
        return sms(delivery_id)

    def stage(self, situation: Situation) -> AbstractAsyncContextManager[Stage] | None:
        return self._stage(situation)

    @asynccontextmanager
    async def _stage(self, situation: Situation) -> AsyncIterator[Stage]:
        log = Log()
        seconds: dict[str, object] = {}
        if situation is Situation.SILENT_BEFORE:
            seconds = {"connect_seconds": 0.3}
        elif situation in {Situation.SILENT_AFTER, Situation.SLOW}:
            seconds = {"answer_seconds": 0.3, "connect_seconds": 0.5}
        async with staged(situation, _answers(log)) as http:
            yield Stage(transport(http, **seconds), Provider(http, log))


def transport(http: HttpProvider, **options: object) -> TwilioTransport:
    """The transport, set up for a provider on loopback."""
    usual: dict[str, object] = {"base_url": http.base_url, "messaging_url": http.base_url}
    return configured(**(usual | ({"ca_file": str(http.ca_file)} if http.ca_file else {}) | options))


def configured(public_url: str = PUBLIC_URL, **options: object) -> TwilioTransport:
    """The transport as its table sets it up."""
    usual: dict[str, object] = {"account_sid": ACCOUNT, "auth_token": TOKEN, "sender": SENDER}
    return TwilioTransport.configure(Setup("twilio", usual | options, public_url))


RIG = TwilioRig()
