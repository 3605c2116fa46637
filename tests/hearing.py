"""A provider that can be made to say anything, and a world that hears it: for tests of hearing back."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

from made import activity
from sqlalchemy import select
from world import VAULT, World, person, talk

from engine.hear.intake import Hearing
from engine.model.campaign import Audience, Channel, StepPurpose
from engine.model.event import Command, Event, EventType, Heard, Inbound, Unreadable
from engine.model.strategy import ActivityText
from engine.model.suppression import SuppressReason
from engine.render.links import reference
from engine.store import couples_schema, schema
from engine.store.answers import SEALED_ANSWER
from engine.store.replies import SEALED_TEXT
from engine.store.vault import address_index
from engine.transport.source import Answer, Forged, Hook, NotOurs

SOURCE = "memory"  # the name of the transport whose provider it speaks for
TABLES = (schema.intake, schema.events, schema.heard, schema.replies, schema.suppressions)


class Provider:
    """An event source whose calls are JSON arrays of entries, each the fields of an event or of a text."""

    name = SOURCE
    signed = True

    def __init__(self) -> None:
        self.broken = False

    def verify(self, hook: Hook) -> None:
        if hook.kind not in ("events", "inbound"):
            raise NotOurs
        if hook.headers.get("x-signature") != "good":
            raise Forged

    def parse(self, hook: Hook) -> Sequence[Heard]:
        if self.broken:
            raise LookupError("a bug of ours, about ana@example.com")
        return [self._one(entry) for entry in json.loads(hook.body)]

    def answer(self, text: str | None) -> Answer:
        return Answer("text/plain", (text or "").encode())

    def _one(self, entry: dict[str, Any]) -> Heard:
        if entry.get("senseless"):
            return Unreadable("senseless")
        moment = datetime.fromisoformat(entry.pop("at"))
        told = {"source": SOURCE, "at": moment if entry.pop("naive", False) else moment.replace(tzinfo=UTC)}
        told["channel"] = Channel(entry.pop("channel", "email"))
        if "text" in entry:
            handled = entry.pop("handled", None)
            return Inbound(**told, **entry, handled=handled and Command(handled))
        suppress = entry.pop("suppress", None)
        return Event(**told, type=EventType(entry.pop("type")), suppress=suppress and SuppressReason(suppress), **entry)


class Unsigned(Provider):
    """The same, but anyone may make its calls."""

    signed = False


class Line:
    """A world's connection to a provider."""

    def __init__(self, world: World, provider: Provider | None = None) -> None:
        self.world = world
        self.provider = provider or Provider()
        self.hearing = self.another()
        self._numbers = count(1)

    def another(self) -> Hearing:
        """The same line after a restart."""
        return self.world.another_engine().hearing_of({SOURCE: self.provider})

    def hook(self, *entries: dict[str, Any], kind: str = "events", signature: str = "good") -> Hook:
        """A call with these entries, as it would come in."""
        return Hook(
            kind=kind,
            url=f"https://rekindle.example/webhooks/{SOURCE}/{kind}",
            headers={"x-signature": signature, "content-type": "application/json"},
            body=json.dumps(entries).encode(),
            received_at=self.world.clock.now(),
        )

    def tell(self, *entries: dict[str, Any]) -> str | None:
        """Receive a call and react to it; the text that it is answered with."""
        answer = self.hearing.react(self.hearing.receive(SOURCE, self.hook(*entries)))
        return None if answer is None else answer.body.decode()

    def text(self, sender: str, words: str, **given: Any) -> str | None:
        """Somebody texts us now; what they are answered."""
        now = self.world.clock.now().replace(tzinfo=None).isoformat()
        entry = {
            "key": f"text {next(self._numbers)}",
            "at": now,
            "channel": "sms",
            "sender": sender,
            "text": words,
            **given,
        }
        return self.tell(entry)

    def reference(self, delivery_id: int) -> str:
        """What we gave the provider to bring back."""
        (row,) = [row for row in self.world.rows() if row.id == delivery_id]
        with self.world.database.read() as connection:
            wanted = select(schema.enrollments.c.seed).where(schema.enrollments.c.id == row.enrollment_id)
            return reference(connection.execute(wanted).scalar_one(), delivery_id)

    def event(self, kind: str, delivery_id: int, at: str = "2026-03-03T09:05", **given: Any) -> dict[str, Any]:
        """An event about one of our deliveries, with its proof."""
        key = f"{delivery_id} {kind} {at}"
        return {"key": key, "type": kind, "at": at, "reference": self.reference(delivery_id), **given}

    def stopped(self) -> dict[bytes, str]:
        """Why, by the hash of each address that is suppressed."""
        return {row.address_index: row.reason for row in self.world.rows(schema.suppressions)}

    def stored(self) -> list[list[Any]]:
        """Everything that hearing stores, but for ids and seals, which differ from run to run."""
        hidden = ("id", "cipher", "text_cipher", "received_at")
        return [
            sorted(
                [tuple(value for name, value in row._mapping.items() if name not in hidden) for row in rows], key=str
            )
            for rows in (self.world.rows(table) for table in TABLES)
        ]


class Couple(Line):
    """Ana and Ben by text, in a campaign of a question (Tuesday) and a pulse (Thursday) a week, at nine. They let us
    keep their answers, and share them, unless told otherwise.
    """

    def __init__(
        self,
        ana: dict[str, Any] | None = None,
        ben: dict[str, Any] | None = None,
        audience: Audience = Audience.BOTH,
        **given: Any,
    ) -> None:
        weeks = (1, 2, 3)
        pulse = talk("pulse", weeks=weeks, days=(3,), purpose=StepPurpose.PULSE, template="pulse", draw=None)
        world = World(talk("ask", weeks=weeks, audience=audience), pulse, **{"activities": [HUG], **given})
        world.join("x", person("Ana", channel=Channel.SMS), person("Ben", channel=Channel.SMS))
        for name, values in (("Ana", ana), ("Ben", ben)):
            world.alter(name, **{"answers_consent": True, "share_texts": True, **(values or {})})
        world.enroll()
        super().__init__(world)

    def partner(self, name: str) -> int:
        """The id of the partner called `name`."""
        (found,) = [row.id for row in self.world.rows(schema.partners) if row.given_name == name]
        return int(found)

    def delivery(self, name: str, step: str = "ask", week: int = 1) -> int:
        """The delivery of a step of a week to the partner called `name`."""
        partner = self.partner(name)
        (found,) = [
            row.id
            for row in self.world.rows()
            if (row.partner_id, row.step, row.week) == (partner, step, week) and row.occurrence < 10_000
        ]
        return int(found)

    def answer(self, name: str, week: int = 1) -> str | None:
        """The words of a partner's answer, shared or not."""
        row = self.answered(name, week)
        return None if row is None or row.text_cipher is None else VAULT.open(row.text_cipher, SEALED_ANSWER)

    def answered(self, name: str, week: int = 1) -> Any:
        """The row of a partner's answer."""
        occurrence = 1 + 7 * (week - 1)
        partner = self.partner(name)
        rows = self.world.rows(couples_schema.answers)
        return next((row for row in rows if (row.partner_id, row.occurrence) == (partner, occurrence)), None)

    def replies(self) -> list[tuple[str, str]]:
        """What every reply says, and what it was taken for."""
        return [(VAULT.open(row.text_cipher, SEALED_TEXT), row.read_as) for row in self.world.rows(schema.replies)]


HUG = replace(
    activity(0),
    texts={
        "en": ActivityText(
            "Hug", "Hug {{ other_name }}.\n\n**On a hard day:** hold {{ other_name }}'s hand.", "Hug.", "How?"
        ),
        "es": ActivityText(
            "Abrazo", "Abraza.\n\n**Un día difícil:** dale la mano a {{ other_name }}.", "Abraza.", "¿Cómo?"
        ),
    },
)


def email_index(address: str) -> bytes:
    return address_index(VAULT, Channel.EMAIL, address)


def phone_index(number: str) -> bytes:
    return address_index(VAULT, Channel.SMS, number)
