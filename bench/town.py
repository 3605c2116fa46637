"""A workspace full of people with messages due: the ground that the delivery benchmarks stand on.

Everything is real: couples through the store with their addresses encrypted, the shipped flagship campaign, its own
activities and templates, a SQLite file with the pragmas the engine always uses.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.app import Engine
from engine.clock import VirtualClock
from engine.deliver.definitions import Definitions
from engine.deliver.due import Planner
from engine.model.campaign import Campaign, Channel
from engine.model.couple import Consent, NewPartner
from engine.run.process import settle_in
from engine.settings import load
from engine.store import couples
from engine.store.database import Database, open_database
from engine.store.vault import Vault
from engine.transport.memory import MemoryTransport

CAMPAIGN = "eight-weeks"
ZONE = "Europe/London"
START = date(2026, 3, 2)  # a Monday
WELCOME = datetime(2026, 3, 2, 9, tzinfo=UTC)
TALK = datetime(2026, 3, 3, 19, tzinfo=UTC)  # the first conversation prompt falls due for everyone
NAMES = ("Ana", "Ben", "Chidi", "Dana", "Emre", "Fatima", "Goran", "Hana", "Iris", "Zoë")


class Town:
    """An engine over a file, with one message due for each of its people, all on `channel`."""

    def __init__(self, folder: Path, people: int, channel: Channel = Channel.EMAIL) -> None:
        self.settings = load(folder, environment={})
        self.path = folder / "town.sqlite3"
        self.database = self._opened()
        self.key = Vault.generate_key_text()
        self.vault = Vault.from_text(self.key)
        self.clock = VirtualClock(WELCOME)
        null = MemoryTransport(keep=False)  # assembles the MIME of every email, and forgets it
        self.engine = Engine(self.settings, self.database, self.vault, self.clock, dict.fromkeys(Channel, null))
        self.campaign: Campaign = self.engine.campaign(CAMPAIGN)
        with self.database.begin() as connection:
            for number in range(people // 2):
                pair = [_person(number, position, channel) for position in (1, 2)]
                couples.add(connection, self.vault, f"c{number:06d}", pair, Consent("bench", "bench"), WELCOME)
        self.engine.enroll(self.campaign, START)
        asyncio.run(self.engine.tick())  # the welcome, so that what follows is nobody's first message
        self.clock.move_to(TALK)
        Planner(self.database, Definitions()).plan_due(TALK)
        settle_in()  # as `rekindle run` and `rekindle tick` do

    def _opened(self) -> Database:
        made = open_database(f"sqlite:///{self.path}")
        made.create_all()
        return made

    def send(self) -> int:
        """One tick of the engine; how many it sent."""
        return asyncio.run(self.engine.tick()).delivered.sent

    def unsend(self, most: int = -1) -> None:
        """Make today's messages due again: all of them, or `most` and not the others."""
        with self.database.begin() as connection:
            connection.exec_driver_sql(
                "UPDATE deliveries SET status = 'cancelled', sent_on = NULL, sent_at = NULL, receipt = NULL,"
                " transport = NULL, attempts = 0, lease_owner = NULL, lease_until = NULL WHERE step = 'talk'"
            )
            connection.exec_driver_sql(
                "UPDATE deliveries SET status = 'planned'"
                " WHERE id IN (SELECT id FROM deliveries WHERE step = 'talk' ORDER BY id LIMIT ?)",
                (most,),
            )


@contextmanager
def town(people: int, channel: Channel = Channel.EMAIL) -> Iterator[Town]:
    """A town in a folder that is gone afterwards."""
    with TemporaryDirectory() as folder:
        built = Town(Path(folder), people, channel)
        yield built
        built.database.close()


def _person(number: int, position: int, channel: Channel) -> NewPartner:
    name = NAMES[(number + position) % len(NAMES)]
    email, phone = f"person{number}.{position}@example.com", f"+9198{2 * number + position + 10_000_000:08d}"
    if channel is Channel.EMAIL:
        return NewPartner(name, email, None, ZONE, "en", channel, send_at=time(19))
    return NewPartner(name, None, phone, ZONE, "en", channel, send_at=time(19))
