"""Texts and WhatsApp messages through Twilio, and what Twilio says of them later.

Creating a message is not idempotent and takes no key of ours: an answer that does not come, makes no sense or is a
5xx leaves it in doubt (twilio.com/docs/api/errors/20500). The delivery's reference rides in its StatusCallback URL,
for the API knows no other field to carry it.
"""

import asyncio
import json
from base64 import b64encode
from collections.abc import Sequence
from datetime import timedelta
from typing import Self
from urllib.parse import urlencode

from engine.model.event import Heard
from engine.transport import source, twilio_hooks, twilio_log
from engine.transport.base import (
    Accepted,
    Asked,
    ConnectionFailed,
    Finding,
    Message,
    MessageRejected,
    Misconfigured,
    Outcome,
    OutcomeUnknown,
    RecipientRejected,
    SmsMessage,
    Throttled,
)
from engine.transport.http import Answer, HttpClient, retry_after
from engine.transport.setup import Setup
from engine.transport.twilio_codes import MEANINGS, Fault, said
from engine.transport.twilio_log import json_object, on_one_line
from engine.transport.twilio_options import SERVICE, Options

FORM = "application/x-www-form-urlencoded"
LONGEST_WAIT = 36_000
"""Seconds a message may wait in Twilio's queue at most (twilio.com/docs/api/errors/90007)."""

WRONG = 3
"""Messages that the set-up is blamed for, with none accepted, after which the rest of a batch is not tried."""
LOST = 3
"""So many in a row without an answer, and the rest of a batch is held back rather than put in doubt too."""


class TwilioTransport:
    """One Twilio sender: a number, short code, name or messaging service for texts, or a WhatsApp number."""

    def __init__(self, options: Options) -> None:
        self.name = options.name
        self.channels = frozenset({options.channel})
        self._options = options
        self._api = self._client(options.base_url)
        whom = "MessagingServiceSid" if SERVICE.fullmatch(options.sender) else "From"
        self._constant = {whom: options.sender} | ({"ContentSid": options.content} if options.content else {})

    @classmethod
    def configure(cls, setup: Setup) -> Self:
        """See `twilio_options` for what its table may say."""
        return cls(Options.read(setup))

    async def send(self, batch: Sequence[Message]) -> Sequence[Outcome]:
        """One request a message, `in_flight` of them at a time.

        Once Twilio has said that there are too many, or that key or sender is wrong, those not yet begun are not sent:
        they come to the same. Once some in a row got no answer, they come to ConnectionFailed.
        """
        outcomes: list[Outcome] = [ConnectionFailed()] * len(batch)
        brake = _Brake()
        waiting = iter(enumerate(batch))

        async def work() -> None:
            for place, message in waiting:
                form = self._form(message)
                outcomes[place] = (
                    form if isinstance(form, Outcome) else brake.held or brake.seen(await self._create(form))
                )

        async with asyncio.TaskGroup() as workers:
            for _ in range(min(self._options.in_flight, len(batch))):
                workers.create_task(work())
        return outcomes

    async def find(self, asked: Asked) -> Accepted | ConnectionFailed | None:
        """See `twilio_log.find`."""
        return await twilio_log.find(self._api, self._options, asked)

    async def forget(self, receipts: Sequence[str]) -> Sequence[bool | None]:
        """Delete messages, sent or received, from Twilio's log: see `twilio_log.forget`."""
        return await twilio_log.forget(self._api, self._options, receipts)

    async def check(self) -> Sequence[Finding]:
        """What can be known without sending: key, account, sender, and whether Twilio can call back."""
        from engine.transport.twilio_check import findings

        services = self._client(self._options.messaging_url)
        try:
            return await findings(self._options, self._api, services)
        finally:
            await services.aclose()

    def verify(self, hook: source.Hook) -> None:
        """See `twilio_hooks.verify`."""
        twilio_hooks.verify(hook, self._options.token)

    def parse(self, hook: source.Hook) -> Sequence[Heard]:
        """See `twilio_hooks.parse`."""
        return twilio_hooks.parse(hook, self.name)

    def answer(self, text: str | None) -> source.Answer:
        """See `twilio_hooks.answer`."""
        return twilio_hooks.answer(text)

    async def aclose(self) -> None:
        """Close idle connections; twice is harmless."""
        await self._api.aclose()

    def _client(self, url: str) -> HttpClient:
        options = self._options
        signed = b64encode(f"{options.user}:{options.password}".encode()).decode()
        return HttpClient(
            url,
            headers={"Authorization": f"Basic {signed}", "Accept": "application/json"},
            connections=options.in_flight,
            connect_seconds=options.connect_seconds,
            answer_seconds=options.answer_seconds,
            ca_file=options.ca_file,
        )

    def _form(self, message: Message) -> bytes | Outcome:
        """The request's body, or what a message comes to that is not sent at all."""
        if not isinstance(message, SmsMessage) or message.channel not in self.channels:
            return MessageRejected("channel", f"{self.name} carries {self._options.channel} only.")
        left = int(message.valid_for.total_seconds())
        if left < 1:
            return Throttled(timedelta(0), "Its window closed before it was sent.")
        form = {"To": self._options.addressed(message.to), **self._constant, "ValidityPeriod": min(left, LONGEST_WAIT)}
        if self._options.content:
            # WhatsApp takes no line breaks in a variable (twilio.com/docs/api/errors/92007).
            form["ContentVariables"] = json.dumps({"1": on_one_line(message.body)}, ensure_ascii=False)
        else:
            form["Body"] = message.body
        if self._options.callbacks:
            form["StatusCallback"] = f"{self._options.hook('status')}?{urlencode({'delivery': message.reference})}"
        try:
            return urlencode(form).encode("ascii")
        except UnicodeEncodeError:
            return MessageRejected("unicode", "Its text holds half a character.")

    async def _create(self, form: bytes) -> Outcome:
        answer = await self._api.post(self._options.path("/Messages"), form, FORM)
        return outcome_of(answer) if isinstance(answer, Answer) else answer


class _Brake:
    """What is to become of the messages of a batch that have not been begun: `held`, or nothing yet."""

    def __init__(self) -> None:
        self.held: Outcome | None = None
        self._lost = 0
        self._wrong = 0
        self._sound = False  # one was accepted: a code that blames the sender is then about one country

    def seen(self, outcome: Outcome) -> Outcome:
        """The same outcome, and what follows from it for the others."""
        self._sound = self._sound or isinstance(outcome, Accepted)
        self._lost = self._lost + 1 if isinstance(outcome, ConnectionFailed | OutcomeUnknown) else 0
        if isinstance(outcome, Throttled):
            self.held = Throttled(outcome.retry_after, "Held back: Twilio refused one before it for now.")
        elif isinstance(outcome, Misconfigured):
            self._wrong += 1
            if self._wrong >= WRONG and not self._sound:
                self.held = outcome
        elif self._lost >= LOST and self.held is None:
            self.held = ConnectionFailed(f"Held back: {LOST} before it got no answer.")
        return outcome


def outcome_of(answer: Answer) -> Outcome:
    """What Twilio's answer to a new message comes to; its own words are in none of it.

    A 4xx created nothing. A 5xx may have (twilio.com/docs/api/errors/20500), and so may an answer that makes no sense.
    """
    given = json_object(answer.body)
    if answer.status in (200, 201):
        sid = given.get("sid")
        if not isinstance(sid, str) or not sid:
            return OutcomeUnknown("Twilio's answer names no message.")
        return _meant(_code(given.get("error_code")), answer) or Accepted(sid)
    if 300 <= answer.status < 400:
        return Misconfigured("base_url answers with a redirect; it is not Twilio's.")
    if not 400 <= answer.status < 500 or answer.status == 408:
        return OutcomeUnknown(f"Twilio answered {answer.status}.")
    code = _code(given.get("code"))
    if answer.status == 429:
        return Throttled(retry_after(answer), said(code or "HTTP 429", MEANINGS.get(code)))
    return _meant(code, answer) or _by_status(answer.status, code)


def _meant(code: int, answer: Answer) -> Outcome | None:
    """What a code comes to; None when it is unknown or decides nothing."""
    meaning = MEANINGS.get(code)
    words = said(code, meaning)
    match meaning.fault if meaning else Fault.OPEN:
        case Fault.RECIPIENT:
            return RecipientRejected(str(code), meaning.suppress if meaning else None, words)
        case Fault.MESSAGE:
            return MessageRejected(str(code), words)
        case Fault.OURS:
            return Misconfigured(words)
        case Fault.BUSY:
            return Throttled(retry_after(answer), words)
    return None


def _by_status(status: int, code: int) -> Outcome:
    words = said(code or f"HTTP {status}")
    if status in (401, 403):
        return Misconfigured(f"{words} The key is wrong, or may not send.")
    if status in (404, 405):
        return Misconfigured(f"{words} There is no such account, or base_url is not Twilio's.")
    return MessageRejected(str(code or status), words)


def _code(given: object) -> int:
    """An error code, 0 for none."""
    text = str(given)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
