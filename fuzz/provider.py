"""The provider at the other end: it takes messages or does not, by seed, and calls back, signed.

What becomes of a hand-over depends on the seed, the delivery and how often it was tried. It writes down what it takes
before it answers.
"""

import hmac
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Protocol

from engine.model.campaign import Channel
from engine.model.event import Event, EventType, Heard, Inbound, Unreadable
from engine.model.suppression import SuppressReason
from engine.transport import base, lease
from engine.transport.base import Message, Outcome, OutcomeUnknown, SmsMessage
from engine.transport.source import Answer, Forged, Hook, NotOurs
from fuzz.machine import Process
from fuzz.notebook import Notebook
from fuzz.record import Accepted
from fuzz.script import Script

KEY = b"the provider's own key"
FATES = ("refused", "throttled", "rejected", "bad_recipient", "misconfigured", "lost_answer", "lost_message", "death")
UNKNOWN = OutcomeUnknown("No answer came.")
ANSWERS: dict[str, Outcome] = {
    "refused": base.ConnectionFailed("The connection was refused."),
    "throttled": base.Throttled(timedelta(minutes=1), "Too many requests."),
    "rejected": base.MessageRejected("bad", "The message was refused."),
    "bad_recipient": base.RecipientRejected("gone", SuppressReason.INVALID, "There is no such recipient."),
    "misconfigured": base.Misconfigured("The key is wrong."),
    "lost_message": UNKNOWN,
    "down": base.ConnectionFailed("The connection was refused."),
    "silent": UNKNOWN,
}


class Surroundings(Protocol):
    """What a provider needs of the world that it is in."""

    notebook: Notebook

    def between(self, process: Process, where: str) -> None: ...

    async def stall(self, process: Process, where: str) -> None: ...

    def call_later(self, channel: str, message: Message, receipt: str, *, surely: bool) -> None: ...


class Provider:
    """The provider of one channel, for all processes."""

    def __init__(self, channel: Channel, script: Script, world: Surroundings) -> None:
        self.channel = channel
        self.name = "post" if channel is Channel.EMAIL else "texts"
        self.world = world
        self.taken: dict[int, str] = {}  # receipts by delivery
        self.out: list[tuple[float, str]] = []  # until when, and how
        self._seed = script.seed
        self._rates = script.rates
        self._tries: Counter[int] = Counter()

    def chance(self, *about: object) -> float:
        """A number from 0 to 1 that is always the same for the same things."""
        return chance(self._seed, self.name, *about)

    def outage(self, at: float) -> str | None:
        """What is wrong with it as a whole now."""
        return next((how for until, how in self.out if at < until), None)

    def fate(self, message: Message) -> str:
        """What becomes of this hand-over; "" when it goes through."""
        out = self.outage(self.world.notebook.at)
        if out is not None:
            return out
        self._tries[message.delivery_id] += 1
        point = self.chance("fate", message.delivery_id, self._tries[message.delivery_id])
        for fate in FATES:
            point -= self._rates.get(fate, 0.0)
            if point < 0:
                return fate
        return ""

    def take(self, message: Message, asked: int) -> str:
        """Accept a message; the receipt."""
        book = self.world.notebook
        receipt = f"{self.name}-{message.delivery_id}-{self._tries[message.delivery_id]}"
        self.taken.setdefault(message.delivery_id, receipt)
        channel = message.channel.value if isinstance(message, SmsMessage) else Channel.EMAIL.value
        text = message.body if isinstance(message, SmsMessage) else f"{message.subject}\n{message.text}\n{message.html}"
        n = book.next()
        book.accepted.append(Accepted(n, asked, book.at, message.delivery_id, channel, message.to, text, False))
        return receipt


class Line:
    """The provider as one process reaches it: a transport, and the source of its calls."""

    signed = True

    def __init__(self, provider: Provider, process: Process) -> None:
        self.provider = provider
        self.name = provider.name
        self.channels = frozenset({provider.channel})
        self._process = process

    async def send(self, batch: Sequence[Message]) -> Sequence[Outcome]:
        world, book = self.provider.world, self.provider.world.notebook
        self._process.store.must_live()
        asked, first = book.next(), len(book.accepted)
        still_ours = lease.question()
        await world.stall(self._process, "before")
        world.between(self._process, "sending")
        outcomes: list[Outcome] = []
        for message in batch:
            self._process.store.must_live()
            outcomes.append(self._one(message, asked) if still_ours() else lease.OVERTAKEN)
        world.between(self._process, "taken")
        await world.stall(self._process, "after")
        told = {message.delivery_id for message, outcome in zip(batch, outcomes, strict=True) if outcome is not UNKNOWN}
        for place, each in enumerate(book.accepted[first:], first):
            if each.asked == asked and each.delivery in told:
                book.accepted[place] = replace(each, answered=True)
        return outcomes

    def _one(self, message: Message, asked: int) -> Outcome:
        provider, book = self.provider, self.provider.world.notebook
        fate = provider.fate(message)
        if fate:
            book.faults[f"provider: {fate}"] += 1
            book.fates.setdefault(message.delivery_id, set()).add(fate)
        if fate == "bad_recipient":
            book.refused.add(message.to)
        if fate in ANSWERS:
            return ANSWERS[fate]
        receipt = provider.take(message, asked)
        provider.world.call_later(provider.channel.value, message, receipt, surely=bool(fate))
        if fate == "death":
            self._process.die()
        return UNKNOWN if fate else base.Accepted(receipt)

    async def find(self, asked: base.Asked) -> base.Accepted | base.ConnectionFailed | None:
        """Whether it has a message; it cannot always tell."""
        provider = self.provider
        blank = provider.chance("blank", asked.delivery_id) < provider._rates.get("find_blank", 0.0)
        if blank:
            provider.world.notebook.blank.add(asked.delivery_id)
        if blank or provider.outage(provider.world.notebook.at) is not None:
            return None
        receipt = provider.taken.get(asked.delivery_id)
        return base.ConnectionFailed("It never arrived.") if receipt is None else base.Accepted(receipt)

    async def aclose(self) -> None:
        """Nothing is held open."""

    def verify(self, hook: Hook) -> None:
        if hook.kind != "events":
            raise NotOurs
        if not hmac.compare_digest(hook.headers.get("x-signature", ""), signature(hook.body)):
            raise Forged

    def parse(self, hook: Hook) -> Sequence[Heard]:
        try:
            entries = json.loads(hook.body)
        except ValueError:
            return [Unreadable("It is torn.")]
        return [self._heard(entry) for entry in entries] if isinstance(entries, list) else [Unreadable("No list.")]

    def answer(self, text: str | None) -> Answer:
        return Answer("text/plain", (text or "").encode())

    def _heard(self, entry: Any) -> Heard:
        try:
            told = {
                "source": self.name,
                "key": entry["key"],
                "at": datetime.fromisoformat(entry["at"]),
                "channel": self.provider.channel,
            }
            if "text" in entry:
                return Inbound(**told, sender=entry["sender"], text=entry["text"])
            suppress = entry.get("suppress")
            return Event(
                **told,
                type=EventType(entry["type"]),
                reference=entry.get("reference"),
                receipt=entry.get("receipt"),
                address=entry.get("address"),
                suppress=suppress and SuppressReason(suppress),
            )
        except (KeyError, TypeError, ValueError):
            return Unreadable("It makes no sense.")


def signature(body: bytes) -> str:
    """What proves that the provider makes a call."""
    return hmac.new(KEY, body, "sha256").hexdigest()


def call(name: str, entries: object, at: datetime) -> Hook:
    """A signed call, as it comes in."""
    body = json.dumps(entries).encode()
    headers = {"x-signature": signature(body), "content-type": "application/json"}
    return Hook("events", f"https://rekindle.example/webhooks/{name}/events", headers, body, at)


def chance(*about: object) -> float:
    """A number from 0 to 1 that is always the same for the same things."""
    digest = blake2b(repr(about).encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64
