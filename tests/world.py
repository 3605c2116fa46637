"""A small world for tests of the engine: couples, a campaign, a clock that only tests move, an attentive transport."""

import asyncio
import os
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import stores
from made import campaign as made_campaign
from made import step
from remembering import empty
from sqlalchemy import Row, select, update
from sqlalchemy.util import LRUCache

from engine.app import Engine, Tick
from engine.clock import VirtualClock
from engine.define.digest import identified
from engine.deliver.dispatch import ProtocolStep
from engine.deliver.routes import Routes
from engine.enroll.enrollment import Enrolled
from engine.model.campaign import Campaign, Channel, Step
from engine.model.couple import Consent, NewPartner
from engine.operating import Operator
from engine.report.deliveries import Line, lines
from engine.settings import PREFIX, Settings
from engine.store import couples, schema
from engine.store.database import IN_MEMORY, Database, open_database
from engine.store.vault import Vault
from engine.transport.base import Accepted, Asked, ConnectionFailed, Message, Outcome, Transport
from engine.transport.memory import MemoryTransport

MONDAY = date(2026, 3, 2)
THE_DAY_BEFORE = datetime(2026, 3, 1, 9, tzinfo=UTC)
CONSENT = Consent("Yes, send me prompts.", "a test")
VAULT = Vault({"k1": bytes(32)}, "k1", bytes(range(32)))  # worthless keys, so that seeds and draws repeat


def at(text: str) -> datetime:
    """A UTC instant, written `2026-03-03T09:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def person(name: str, zone: str = "UTC", send_at: time = time(9), **given: Any) -> NewPartner:
    """Someone with an email and a phone of their own, who prefers email."""
    values = {"email": f"{name.lower()}@example.com", "phone": phone(name), "locale": "en", "channel": Channel.EMAIL}
    return NewPartner(given_name=name, timezone=zone, send_at=send_at, **{**values, **given})


def phone(name: str) -> str:
    return f"+1202{int.from_bytes(name.encode()) % 9_000_000 + 1_000_000}"


def talk(key: str = "talk", **given: Any) -> Step:
    """A Tuesday step at each partner's own time, in week 1 unless told otherwise."""
    return step(key, **{"at": None, **given})


class World:
    """An engine on a virtual clock. It begins on Sunday 2026-03-01, the day before MONDAY, with nobody in it."""

    def __init__(
        self,
        *steps: Step,
        transport: Transport | None = None,
        transports: Mapping[Channel, Transport] | None = None,
        routes: Routes | None = None,
        database: Database | Path | None = None,
        begins: datetime = THE_DAY_BEFORE,
        templates: Sequence[Path] = (),
        announce: Callable[[ProtocolStep], None] = lambda step: None,
        batch: int = 500,
        settings: Mapping[str, Any] | None = None,
        **campaign: Any,
    ) -> None:
        self.clock = VirtualClock(begins)
        self.inbox = MemoryTransport()
        self.campaign: Campaign = identified(made_campaign(*(steps or (talk(),)), **campaign))
        self.database = database if isinstance(database, Database) else opened(database)
        self._closed_with_me = weakref.finalize(self, self.database.close)
        self.settings = _settings(templates=list(templates), batch=batch, **settings or {})
        self._transports = routes or transports or dict.fromkeys(Channel, transport or self.inbox)
        self._announce = announce
        self.engine = self.another_engine()

    def another_engine(self, database: Database | None = None) -> Engine:
        """A second process, as far as the store can tell."""
        return Engine(self.settings, database or self.database, VAULT, self.clock, self._transports, self._announce)

    def restart(self) -> None:
        """Let the process end where it is, and another start."""
        self.engine = self.another_engine()

    def join(self, ref: str, *partners: NewPartner) -> int:
        """Store a couple that consents to everything; its id."""
        with self.database.begin() as connection:
            return couples.add(connection, VAULT, ref, partners, CONSENT, self.clock.now())

    def enroll(self, start: date = MONDAY, *refs: str) -> Enrolled:
        return self.engine.enroll(self.campaign, start, refs or None)

    def stop(self, ref: str) -> int:
        return Operator(self.engine).stop_couple(ref)

    def go_to(self, moment: str) -> Tick:
        """Be away until an instant, then do one pass."""
        self.clock.move_to(at(moment))
        return self.tick()

    def fast_forward(self, **by: int) -> Tick:
        """Be away for so long (days, hours, minutes), then do one pass."""
        self.clock.fast_forward(timedelta(**by))
        return self.tick()

    def tick(self) -> Tick:
        return asyncio.run(self.engine.tick())

    def live(self, until: str = "2027-01-01T00:00") -> None:
        """Wake whenever there is something to do, until nothing is to come or that instant has passed."""
        while (wake := self.engine.next_wake()) is not None and wake <= at(until):
            # What a transport that needs mending leaves behind is due at once, and again at once: let time pass.
            self.clock.move_to(max(wake, self.clock.now() + timedelta(seconds=1)))
            self.tick()

    def lines(self) -> list[Line]:
        """Every delivery as the report tells it."""
        with self.database.read() as connection:
            return [numbered.line for numbered in lines(connection)]

    def rows(self, table: Any = schema.deliveries) -> Sequence[Row[Any]]:
        """Every row of a table (deliveries, unless told otherwise), oldest first."""
        with self.database.read() as connection:
            return connection.execute(select(table).order_by(*table.primary_key.columns)).all()

    def became(self) -> list[tuple[str, str, str, str | None]]:
        """(partner, local day and time, status, reason) of every delivery, by instant."""
        return [(line.partner, line.local_time[:16], line.status, line.reason) for line in self.lines()]

    def ends(self) -> list[tuple[str, str | None]]:
        """(status, reason) of every delivery, by instant."""
        return [(line.status, line.reason) for line in self.lines()]

    def alter(self, name: str, **values: Any) -> None:
        """Change what is stored of the partner called `name`."""
        self._set(schema.partners, schema.partners.c.given_name == name, values)

    def alter_couple(self, ref: str, **values: Any) -> None:
        """Change what is stored of the couple called `ref`."""
        self._set(schema.couples, schema.couples.c.ref == ref, values)

    def _set(self, table: Any, which: Any, values: Mapping[str, Any]) -> None:
        with self.database.begin() as connection:
            assert connection.execute(update(table).where(which).values(**values)).rowcount == 1


class Answering:
    """A transport that accepts and keeps everything, but for what `answer` has something else to say about.

    `answer(message, attempt)` may return an outcome, None to accept, or raise; attempts count from 1 by delivery.
    """

    channels = frozenset(Channel)

    def __init__(self, answer: Callable[[Message, int], Outcome | None], name: str = "answering") -> None:
        self.name = name
        self.heard: list[Message] = []  # every hand-over
        self.accepted: list[int] = []  # delivery ids, twice when accepted twice
        self._answer = answer

    async def send(self, batch: Sequence[Message]) -> Sequence[Outcome]:
        return [self._one(message) for message in batch]

    def _one(self, message: Message) -> Outcome:
        self.heard.append(message)
        outcome = self._answer(message, sum(each.delivery_id == message.delivery_id for each in self.heard))
        if outcome is None or isinstance(outcome, Accepted):
            self.accepted.append(message.delivery_id)
        return outcome or Accepted(f"receipt-{message.delivery_id}")

    async def aclose(self) -> None:
        pass


class Knowing(Answering):
    """An `Answering` that can be asked later what it accepted."""

    async def find(self, asked: Asked) -> Accepted | ConnectionFailed | None:
        return Accepted("found") if asked.delivery_id in self.accepted else ConnectionFailed("It never arrived.")


def _settings(**given: Any) -> Settings:
    """A copy of what comes to the same each time: where nobody set a variable, what is given says it all."""
    key = repr(given)
    if "SecretStr" in key or any(name.startswith(PREFIX) for name in os.environ):
        return Settings(workspace=Path("nowhere"), **given)
    if key not in _read:
        _read[key] = Settings(workspace=Path("nowhere"), **given)
    read: Settings = _read[key]
    return read.model_copy(deep=True)


_read: Any = LRUCache(200)


def opened(file: Path | None) -> Database:
    """A database in memory, or the one in `file`, set up; of the store that the test is for."""
    if file is not None and (url := stores.of_file(file)) is not None:
        return open_database(url)
    if file is None and stores.current() == stores.POSTGRESQL:
        url = stores.database()
        database = open_database(url)
        weakref.finalize(database, _let_go, database.engine, url)
        return database
    if file is not None and not file.exists():
        file.write_bytes(empty())
    database = open_database(IN_MEMORY if file is None else f"sqlite:///{file}")
    if file is None:
        with closing(database.engine.raw_connection()) as connection:
            connection.driver_connection.deserialize(empty())  # type: ignore[union-attr]
    return database


def _let_go(engine: Any, url: str) -> None:
    engine.dispose()
    stores.give_back(url)


def plain_templates(folder: Path, **bodies: str) -> Path:
    """A folder of one-line templates by name (default: `prompt`), quick to compile; for `templates=[…]`."""
    for name, body in {"prompt": "Hello {{ partner.given_name }}", **bodies}.items():
        for file in (f"email/{name}.subject.txt", f"email/{name}.html", f"email/{name}.txt", f"sms/{name}.txt"):
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(body, encoding="utf-8")
    for channel in Channel:
        (folder / channel.form / "other_name.txt").write_text("your partner", encoding="utf-8")
    return folder
