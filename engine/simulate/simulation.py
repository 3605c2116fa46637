"""Runs a campaign to its end on a virtual clock. Same inputs, same output, byte for byte."""

import asyncio
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.app import Engine
from engine.clock import VirtualClock
from engine.define.load import find_campaign, load_library
from engine.deliver.routes import Routes
from engine.enroll.importer import import_couples
from engine.model.campaign import Campaign, Channel
from engine.model.couple import Consent, NewPartner
from engine.parts import campaign_folders, routes_of
from engine.plan.calendar import DAYS
from engine.report.deliveries import Line, lines
from engine.settings import Settings
from engine.simulate.faults import Faults
from engine.simulate.life import live
from engine.simulate.nowhere import Nowhere
from engine.simulate.people import made_up
from engine.simulate.unfollowed import UnfollowedLinks
from engine.store import couples, joining
from engine.store.database import IN_MEMORY, Database, open_database
from engine.store.sealing import sealed
from engine.store.vault import Vault
from engine.transport.base import Transport
from engine.transport.chaos import ChaosTransport, Died

# Before midnight on the start date has come anywhere: the date line's far side is 14 hours ahead of UTC.
FIRST_MIDNIGHT = timedelta(hours=14)
CONSENT = Consent("simulated", "simulation")
PAGE = 1_000  # couples
MOST_WEEKS = 520
CHAOS = "chaos+"


class Simulation:
    """A campaign with some couples in it, on a clock of its own."""

    def __init__(
        self,
        settings: Settings,
        seed: str,
        start: date,
        faults: Faults | None = None,
        transport: Transport | None = None,
        *,
        weeks: int = MOST_WEEKS,
        database: Database | None = None,
    ) -> None:
        """`transport` carries everything; without one, transports that forget everything stand for those of the
        settings, with their shares and paces. `weeks` bounds outages that come every week. `database` is one in which
        couples are already.
        """
        self.clock = VirtualClock(datetime.combine(start, time(0), UTC) - FIRST_MIDNIGHT)
        self.start = start
        self._seed = seed
        self.deaths = 0
        self._settings = settings
        self._database = database or open_database(IN_MEMORY)
        if database is None:
            self._database.create_all()
        self._vault = _vault(seed)
        outages = faults.outages(start, weeks) if faults else ()

        def build(name: str) -> Transport:
            inner = transport or Nowhere(name)
            if faults is None:
                return inner
            return ChaosTransport(inner, seed=faults.seed, rates=faults.rates, outages=outages, clock=self.clock)

        self._looked_at = transport is not None
        self._routes = routes_of(settings, build) if transport is None else Routes.of(dict.fromkeys(Channel, build("")))
        if faults is not None:
            faults.refuse_unknown([name.removeprefix(CHAOS) for name in self._routes.transports])
        self.engine = self._engine()

    def _engine(self) -> Engine:
        engine = Engine(self._settings, self._database, self._vault, self.clock, self._routes)
        if not self._looked_at:
            engine.links = UnfollowedLinks(self._settings.public_url)
        return engine

    @property
    def paced(self) -> bool:
        """Whether limits hold messages back, so that couples are in one another's way."""
        return any(route.paces for routes in self._routes.by_channel.values() for route in routes)

    @property
    def database(self) -> Database:
        return self._database

    @property
    def vault(self) -> Vault:
        return self._vault

    def join(self, people: int | Path) -> int:
        """Let so many made-up couples join, or those of a CSV file; how many rows of that were refused."""
        if isinstance(people, Path):
            return self.read(people)
        self.make_up(people)
        return 0

    def make_up(self, number: int) -> None:
        """Let this many made-up couples join; no two of them share an address, so they go in by the page."""
        people = made_up(number, self._seed)
        while page := list(islice(people, PAGE)):
            arrivals = [
                joining.Arrival(ref, partner, sealed(self._vault, partner), position)
                for ref, partners in page
                for position, partner in enumerate(partners, 1)
            ]
            with self._database.begin() as connection:
                joining.put_in(connection, arrivals, CONSENT, self.clock.now())

    def read(self, file: Path) -> int:
        """Let the couples of a CSV file join; how many rows were refused."""
        with TemporaryDirectory() as folder:
            # A simulation leaves nothing beside the operator's file.
            copy = Path(shutil.copy(file, folder)) if file.is_file() else file
            report = import_couples(self._database, self._vault, copy, consent=CONSENT, now=self.clock.now())
        return report.rejected

    def add(self, people: Iterable[tuple[str, Sequence[NewPartner]]]) -> None:
        """Let these couples join."""
        with self._database.begin() as connection:
            for ref, partners in people:
                couples.add(connection, self._vault, ref, partners, CONSENT, self.clock.now())

    def run(self, campaign: Campaign, progress: Callable[[int, int], None] | None = None) -> None:
        """Enroll every couple and live through the campaign until nothing is left to come.

        `progress` is told the days lived and the days there are.
        """
        self.enroll(campaign)
        self.live(campaign.weeks, progress)

    def enroll(self, campaign: Campaign) -> int:
        """Enroll every couple; how many there are."""
        return self.engine.enroll(campaign, self.start).enrolled

    def live(self, weeks: int, progress: Callable[[int, int], None] | None = None) -> None:
        """Live until nothing is left to come."""
        began, days = self.clock.now(), weeks * DAYS + 1

        def on_tick(now: datetime) -> None:
            if progress is not None:
                progress(min((now - began).days, days), days)

        while True:
            try:
                asyncio.run(live(self.engine, self.clock, on_tick=on_tick))
                return
            except Died:
                # The process is gone; another starts, and finds in the store what the dead one left there.
                self.deaths += 1
                self.engine = self._engine()

    def lines(self) -> Iterator[Line]:
        """What became of every delivery, by instant, couple, partner and step."""
        with self._database.read() as connection:
            yield from (numbered.line for numbered in lines(connection))


def _vault(seed: str) -> Vault:
    """Keys that follow from the seed: nothing is kept, so nothing needs to be secret."""
    keys = [blake2b(seed.encode(), person=who, digest_size=32).digest() for who in (b"seal", b"lasting")]
    return Vault({"sim": keys[0]}, "sim", keys[1])


def find_campaign_for(settings: Settings, name: str) -> Campaign:
    """The campaign with this id or path, for which no workspace need exist."""
    folders = campaign_folders(settings)
    return find_campaign(name, folders, load_library(folders))
