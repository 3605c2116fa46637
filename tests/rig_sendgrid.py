"""The SendGrid transport in front of a loopback provider that answers as the v3 API does, situation by situation.

The provider is stricter than it must be: it keeps to the letter of SendGrid's limits, and it fills tags in whatever
order they come, so that what people would read can be held against what was meant.
"""

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime

from engine.testing.http import Answerer, HttpProvider, Request, Response, staged
from engine.testing.situations import Situation, Stage
from engine.testing.transports import email
from engine.transport.base import EmailMessage, Message, Shape
from engine.transport.sendgrid import SendGridTransport
from engine.transport.setup import Setup

KEY = "SG.a-key.of-ours"
NOW = datetime(2026, 3, 3, 9, 0, 30, tzinfo=UTC)
RESERVED = {"x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding"} | {
    "to",
    "from",
    "subject",
    "reply-to",
    "cc",
    "bcc",
}
"""Headers that mail/send refuses to be given."""

SHAPE = Shape(("Hello ", ",\n"), ("<p>Hello ", '</p><a href="', '">Leave</a>'))

SECOND = 2
"""The message that PARTIAL refuses."""


@dataclass(frozen=True)
class Mail:
    """What one recipient would get."""

    reference: str
    to: str
    sender: Mapping[str, str]
    subject: str
    text: str
    html: str
    headers: Mapping[str, str]

    @property
    def delivery_id(self) -> int:
        return int(self.reference.partition(".")[0])


@dataclass
class SendGrid:
    """The v3 API as far as we call it. `refuse` may answer in its stead, with nothing accepted."""

    refuse: Callable[[Mapping[str, object]], Response | None] = lambda call: None
    mails: list[Mail] = field(default_factory=list)
    calls: list[dict[str, object]] = field(default_factory=list)

    def answer(self, request: Request) -> Response:
        """To mail/send."""
        if (request.method, request.path) != ("POST", "/v3/mail/send"):
            return errors(404, ("", "not found"))
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return errors(401, ("", "The provided authorization grant is invalid, expired, or revoked"))
        call = json.loads(request.body)
        self.calls.append(call)
        wrong = self.refuse(call) or invalid(call)
        if wrong is not None:
            return wrong
        self.mails += [mail_of(call, each) for each in call["personalizations"]]
        return Response(202, b"", {"X-Message-Id": f"message-{len(self.calls)}"})

    def accepted(self) -> Sequence[int]:
        return [mail.delivery_id for mail in self.mails]


def errors(status: int, *said: tuple[str, str], headers: Mapping[str, str] | None = None) -> Response:
    """An answer that refuses, in SendGrid's form; its words quote what they refuse, as they do in life."""
    listed = [{"field": field or None, "message": f"{message} (ana@example.com)"} for field, message in said]
    body = json.dumps({"errors": listed}).encode()
    return Response(status, body, {"Content-Type": "application/json", **(headers or {})})


def invalid(call: dict[str, object]) -> Response | None:
    """The 400 that a call deserves by the letter of the documentation."""
    personal = call["personalizations"]
    content = call["content"]
    assert isinstance(personal, list)
    assert isinstance(content, list)
    addresses = [to["email"].lower() for each in personal for to in each["to"]]
    if not 1 <= len(personal) <= 1_000 or any(len(each["to"]) != 1 for each in personal):
        return errors(400, ("personalizations", "too many, or not alone"))
    if len(set(addresses)) < len(addresses):
        return errors(400, ("personalizations", "Each unique email address should only be included once."))
    if [part["type"] for part in content] not in (["text/plain"], ["text/html"], ["text/plain", "text/html"]):
        return errors(400, ("content", "wrong order"))
    if not all(part["value"] for part in content):
        return errors(400, ("content.0.value", "must be a string at least one character in length"))
    for number, each in enumerate(personal):
        tags: Mapping[str, str] = each.get("substitutions", {})
        if sum(len(key.encode()) + len(value.encode()) for key, value in tags.items()) > 10_000:
            return errors(400, (f"personalizations.{number}.substitutions", "too large"))
        if any(name.lower() in RESERVED for name in each["headers"]):
            return errors(400, (f"personalizations.{number}.headers", "reserved"))
        if any(not isinstance(value, str) for value in each["custom_args"].values()) or not each["subject"]:
            return errors(400, ("", "Bad Request"))
    return None


def mail_of(call: Mapping[str, object], own: Mapping[str, object]) -> Mail:
    """What a recipient of a call gets: the tags of content and subject filled, the last of them first."""
    tags = own.get("substitutions", {})
    content = call["content"]
    assert isinstance(tags, dict)
    assert isinstance(content, list)

    def filled(value: str) -> str:
        for tag in reversed(list(tags)):
            value = value.replace(tag, tags[tag])
        return value

    parts = {part["type"]: filled(part["value"]) for part in content}
    return Mail(
        reference=own["custom_args"]["delivery"],  # type: ignore[index]
        to=own["to"][0]["email"],  # type: ignore[index]
        sender=call["from"],  # type: ignore[arg-type]
        subject=filled(str(own["subject"])),
        text=parts.get("text/plain", ""),
        html=parts.get("text/html", ""),
        headers=own["headers"],  # type: ignore[arg-type]
    )


def named(what: str) -> Callable[[Mapping[str, object]], Response | None]:
    """Refuses the second message by name, in whatever call and position it comes."""

    def refuse(call: Mapping[str, object]) -> Response | None:
        personal = call["personalizations"]
        assert isinstance(personal, list)
        said = [
            (f"personalizations.{number}{what}", "Does not contain a valid address.")
            for number, each in enumerate(personal)
            if each["custom_args"]["delivery"].startswith(f"{SECOND}.")
        ]
        return errors(400, *said) if said else None

    return refuse


def everyone(call: Mapping[str, object]) -> Response:
    """Refuses every recipient."""
    personal = call["personalizations"]
    assert isinstance(personal, list)
    said = [
        (f"personalizations.{number}.to.0.email", "Does not contain a valid address.")
        for number in range(len(personal))
    ]
    return errors(400, *said)


def limits(seconds: int) -> Mapping[str, str]:
    """The headers of a 429 as SendGrid documents them: the instant at which the limit is lifted."""
    return {"Date": format_datetime(NOW, usegmt=True), "X-RateLimit-Reset": str(int(NOW.timestamp()) + seconds)}


BUSY = ("", "too many requests")

REFUSALS: Mapping[Situation, Callable[[Mapping[str, object]], Response | None]] = {
    Situation.PARTIAL: named(".to.0.email"),
    Situation.BAD_MESSAGE: lambda call: errors(400, ("content.1.value", "The template must not be that.")),
    Situation.BAD_KEY: lambda call: errors(401, ("", "The provided authorization grant is invalid.")),
    Situation.THROTTLED_FOR: lambda call: errors(429, BUSY, headers=limits(7)),
    Situation.THROTTLED: lambda call: errors(429, BUSY),
    Situation.SERVER_ERROR: lambda call: Response(500, b"<html>"),
    Situation.BAD_RECIPIENT: everyone,
    Situation.UNREADABLE: lambda call: Response(202, b"?"),
}

WAITS = {Situation.SILENT_BEFORE, Situation.SILENT_AFTER, Situation.SLOW}
"""Only what waits gets short time-outs, so that a busy machine does not make the others."""


class Rig:
    """SendGrid in front of us."""

    def message(self, delivery_id: int) -> Message:
        return shaped(delivery_id)

    def stage(self, situation: Situation) -> AbstractAsyncContextManager[Stage] | None:
        """None for OPTED_OUT: SendGrid accepts what it then drops, and says so by an event."""
        return None if situation is Situation.OPTED_OUT else self._staged(situation)

    @asynccontextmanager
    async def _staged(self, situation: Situation) -> AsyncIterator[Stage]:
        sendgrid = SendGrid(REFUSALS.get(situation, lambda call: None))
        answers: Mapping[Situation, Answerer] = {situation: sendgrid.answer}
        async with staged(situation, answers) as http:
            yield Stage(transport(http, brief=situation in WAITS), sendgrid)


def transport(http: HttpProvider, *, brief: bool = False, **options: object) -> SendGridTransport:
    """A transport in front of `http`; a brief one waits for a few tenths of a second at most."""
    given: dict[str, object] = {"api_key": KEY, "base_url": http.base_url, **options}
    if http.ca_file is not None:
        given["ca_file"] = str(http.ca_file)
    if brief:
        given |= {"connect_seconds": 0.3, "answer_seconds": 0.3}
    return SendGridTransport.configure(Setup("sendgrid", given))


def emails(*numbers: int) -> list[EmailMessage]:
    """Messages without a shape, each to an address of its own."""
    return [email(number, to=f"ana{number}@example.com") for number in numbers]


def shaped(
    number: int, *, shape: Shape = SHAPE, slots: Sequence[str] = ("Ana", "Ana", "https://x.example/u/1"), to: str = ""
) -> EmailMessage:
    """A message of a shape, with the text and HTML that its slots make of it."""
    return replace(
        email(number, to=to or f"ana{number}@example.com"),
        text=joined(shape.text, slots[: len(shape.text) - 1]),
        html=joined(shape.html, slots[len(shape.text) - 1 :]),
        shape=shape,
        slots=tuple(slots),
    )


def joined(constants: Sequence[str], slots: Sequence[str]) -> str:
    """A part as its recipient is to read it."""
    return "".join(part for pair in zip(constants, (*slots, ""), strict=True) for part in pair)


RIG = Rig()
