"""Where faults happen: a PostgreSQL server of its own, a workspace on it, people with a message due, and the sink."""

import shutil
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from faults.receiving import Sink
from faults.server import Server
from made import campaign as made_campaign
from world import CONSENT, person, talk

from engine.app import Engine
from engine.clock import VirtualClock
from engine.define.digest import identified
from engine.model.hold import HoldKind
from engine.parts import load_vault
from engine.settings import load
from engine.store import holds, joining
from engine.store.database import open_database
from engine.store.migrate import upgrade
from engine.store.sealing import sealed
from engine.store.vault import Vault

ROOT = Path(__file__).parents[2]
WORKSPACE = """\
database_url = "{url}"
batch = {batch}
lease_seconds = {lease}
tick_seconds = 1
[channels]
email = "smtp"
[transports.smtp]
host = "127.0.0.1"
port = {port}
security = "none"
connections = {connections}
connect_seconds = 5
"""
WITNESS = """
CREATE TABLE doubted (id bigserial, delivery_id bigint, owner text, detail text);
CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO doubted (delivery_id, owner, detail) VALUES (NEW.id, OLD.lease_owner, NEW.detail); RETURN NEW;
END $$;
CREATE TRIGGER witness AFTER UPDATE ON deliveries FOR EACH ROW
    WHEN (NEW.status = 'in_doubt' AND OLD.status <> 'in_doubt') EXECUTE FUNCTION witness();
"""
"""Keeps whose delivery it was that came to be in doubt: the row itself forgets."""
STEP = "talk"
BEFORE, AT_ONCE, LATER = timedelta(minutes=5), timedelta(minutes=10), timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Size:
    """How many deliveries, in what batches, and how long the sink takes to answer each message."""

    deliveries: int = 400
    batch: int = 20
    lease: int = 10
    latency: float = 0.02
    connections: int = 4
    seconds: int = 0  # over which they fall due, by whole minutes; 0: all of them have already
    later: int = 0  # more people, whose messages fall due long after the test
    disk: int | None = None  # megabytes of each of the server's disks, where they can be filled


class Place:
    """A server that runs, a workspace in a folder, and a sink that counts."""

    def __init__(self, folder: Path, size: Size) -> None:
        self.folder, self.size = folder, size
        self.workspace = folder / "ws"
        self.workspace.mkdir()
        self.clock = folder / "clock"
        self.set_clock(0)
        with ExitStack() as open_now:
            open_now.callback(shutil.rmtree, folder, ignore_errors=True)
            self.server = open_now.enter_context(closing(Server(folder, size.disk)))
            self.sink = open_now.enter_context(closing(Sink(folder / "accepted", size.latency)))
            self._settle()
            self._people()
            self._open = open_now.pop_all()

    def close(self) -> None:
        self._open.close()

    def _settle(self) -> None:
        """Set the workspace up."""
        size = self.size
        given = {"batch": size.batch, "lease": size.lease, "connections": size.connections}
        settings = WORKSPACE.format(url=self.server.url, port=self.sink.port, **given)
        (self.workspace / "rekindle.toml").write_text(settings)
        key = self.workspace / "rekindle.key"
        key.write_text(Vault.generate_key_text())
        key.chmod(0o600)

    def set_clock(self, seconds: float) -> None:
        """By how much the clock of those that look at it is fast: see staged.py."""
        fresh = self.clock.with_suffix(".new")
        fresh.write_text(str(seconds))
        fresh.replace(self.clock)

    def hold(self, all_of_it: bool) -> None:
        """Hold everything back, as `rekindle pause --all` does, or let it go on."""
        with closing(open_database(self.server.url)) as database, database.begin() as connection:
            if all_of_it:
                holds.hold(connection, HoldKind.EVERYTHING, "", actor="tests", now=datetime.now(UTC))
            else:
                holds.release(connection, HoldKind.EVERYTHING, "")

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """What the store says, read without the engine; an order returns nothing."""
        with psycopg.connect(self.server.conninfo, autocommit=True, connect_timeout=10) as connection:
            found = connection.execute(statement)  # type: ignore[arg-type]
            return found.fetchall() if found.description else []

    def _people(self) -> None:
        """Couples for whom it is noon, enrolled in a campaign whose one step fell due minutes ago, or will."""
        database = open_database(self.server.url)
        upgrade(database)
        self.ask(WITNESS)
        now = datetime.now(UTC)
        hours = 12 - now.hour
        noon = now + timedelta(hours=hours)
        settings = load(self.workspace, environment={})
        vault = load_vault(settings)
        engine = Engine(settings, database, vault, VirtualClock(now - AT_ONCE))
        zone = f"Etc/GMT{-hours:+d}"
        first_due = noon - (timedelta(0) if self.size.seconds else BEFORE)
        times = [
            (first_due + timedelta(seconds=later)).time().replace(microsecond=0)
            for later in range(max(self.size.seconds, 1))
        ]
        couples, later = self.size.deliveries // 2, (noon + LATER).time()
        times = [*(times[number % len(times)] for number in range(couples)), *[later] * (self.size.later // 2)]
        for first in range(0, len(times), 500):
            arrivals = [
                joining.Arrival(f"c{number:06d}", each, sealed(vault, each), position)
                for number, at in enumerate(times[first : first + 500], first)
                for position in (1, 2)
                for each in [person(f"P{number}x{position}", zone=zone, send_at=at, phone=None)]
            ]
            with database.begin() as connection:
                joining.put_in(connection, arrivals, CONSENT, now - AT_ONCE)
        campaign = identified(made_campaign(talk(STEP, days=(noon.weekday(),))))
        began: date = noon.date() - timedelta(days=noon.weekday())
        engine.enroll(campaign, began)
        database.close()
