"""The composition root: `build(settings)` wires the parts into an Engine, whose methods are the engine's verbs."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from engine.clock import Clock, SystemClock, stopwatch
from engine.deliver.costs import Prices
from engine.deliver.definitions import Definitions
from engine.deliver.dispatch import Dispatcher, ProtocolStep
from engine.deliver.due import Planned, Planner
from engine.deliver.messages import Letters
from engine.deliver.outcomes import Delivered
from engine.deliver.pacing import pace_of
from engine.deliver.reconcile import Reconciled, Reconciler
from engine.deliver.rehearsal import rehearse
from engine.deliver.routes import Routes
from engine.deliver.sentinel import Limits, Looked
from engine.deliver.telling import Addresses, Teller
from engine.deliver.traffic import Traffic
from engine.deliver.watching import Watch
from engine.enroll.unconfirmed import forget_unconfirmed
from engine.errors import SettingsError, StoreError
from engine.hear.caught import Caught
from engine.measures import Measures
from engine.model.campaign import Campaign, Channel
from engine.model.couple import Consent
from engine.model.danger import Danger
from engine.model.sender import Sender
from engine.parts import campaign_folders, load_vault, routes_of, sender_of, template_folders, workshop_of
from engine.plan.calendar import Calendars
from engine.render.compose import Composer
from engine.render.links import Links
from engine.render.sandbox import RenderError
from engine.settings import Settings
from engine.store import alerts, jobs, owners, places
from engine.store.chain import PURPOSE as AUDIT
from engine.store.database import Database, file_of, open_database
from engine.store.retention import Forgetting
from engine.store.vault import Vault
from engine.store.version import is_current
from engine.transport.base import Transport
from engine.transport.source import EventSource

if TYPE_CHECKING:
    from engine.define.load import Library
    from engine.deliver.estimate import Estimate
    from engine.deliver.forecast import Upcoming
    from engine.deliver.outlook import Outlook
    from engine.enroll.changes import Changed, Changes
    from engine.enroll.enrollment import Enrolled
    from engine.enroll.foresight import Foresight
    from engine.enroll.importer import ImportReport
    from engine.enroll.mover import Upgraded
    from engine.enroll.reception import Reception
    from engine.hear.clearing import Cleared
    from engine.hear.intake import Hearing
    from engine.hear.means import Means
    from engine.hear.texting import Texting
    from engine.render.resources import Help, Resources

T = TypeVar("T")

TIDY_EVERY = timedelta(hours=1)


@dataclass
class Tick:
    """What one plan-and-deliver pass did."""

    planned: Planned = field(default_factory=Planned)
    delivered: Delivered = field(default_factory=Delivered)
    reconciled: Reconciled = field(default_factory=Reconciled)
    caught: Caught = field(default_factory=Caught)


class Engine:
    """One Rekindle: its store, clock, library and transports. Heavy parts are made when first used."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        vault: Vault,
        clock: Clock,
        transports: Mapping[Channel, Transport] | Routes | None = None,
        announce: Callable[[ProtocolStep], None] = lambda step: None,
    ) -> None:
        self.settings = settings
        self.database = database
        self.database.audit_key = vault.subkey(AUDIT)
        self.vault = vault
        self.clock = clock
        self._transports = transports
        self._announce = announce
        self._definitions = Definitions()
        self._tried: Mapping[str, Transport] = {}
        self._tidied_at: datetime | None = None
        self.measures = Measures()
        self.stopping = False

    @cached_property
    def routes(self) -> Routes:
        """The transports of each channel, as the settings say."""
        if isinstance(self._transports, Routes):
            return self._transports
        if self._transports is not None:
            return Routes.of(self._transports)
        return routes_of(self.settings)

    @cached_property
    def library(self) -> "Library":
        """The strategies: the workspace's own over the shipped ones."""
        from engine.define.load import load_library

        return load_library(campaign_folders(self.settings))

    @cached_property
    def _planner(self) -> Planner:
        return Planner(self.database, self._definitions)

    @cached_property
    def _composer(self) -> Composer:
        return Composer(template_folders(self.settings), self.sender, self.settings.public_url)

    @cached_property
    def _prices(self) -> Prices:
        return Prices(self.settings.prices)

    @cached_property
    def _letters(self) -> Letters:
        return Letters(self.vault, self._composer, self.links, self.sender.email.rpartition("@")[2])

    @cached_property
    def _traffic(self) -> Traffic:
        return Traffic(self.routes, {name: pace_of(given) for name, given in self.settings.pace.items()})

    @cached_property
    def _dispatcher(self) -> Dispatcher:
        return Dispatcher(
            self.database,
            self._definitions,
            self._letters,
            self._traffic,
            self.clock,
            owner=owners.this_process(),
            prices=self._prices,
            batch=self.settings.batch,
            lease=timedelta(seconds=self.settings.lease_seconds),
            announce=self._announce,
            measures=self.measures,
        )

    @cached_property
    def watch(self) -> Watch:
        """Sees what is out of order, and tells the operator."""
        given = self.settings.alerts
        secret = "" if given.webhook_secret is None else given.webhook_secret.get_secret_value()
        addresses = Addresses(given.email, given.webhook, secret)
        limits = Limits(
            timedelta(minutes=given.queue_minutes),
            timedelta(minutes=given.doubt_minutes),
            given.complaint_percent / 100,
            given.complaint_least,
        )
        teller = Teller(self.database, lambda: self.routes, self.clock, self.sender, addresses)
        return Watch(self.database, self.clock, self.measures, teller, addresses, limits)

    @cached_property
    def means(self) -> "Means":
        """What reacting to people needs."""
        from engine.define.digest import freeze
        from engine.define.notices import notices
        from engine.enroll.redraw import redraw
        from engine.hear.means import Means
        from engine.store.notices import Post, sealed_to

        campaign = notices()
        operator = self.settings.alerts.email
        return Means(
            self.vault,
            Post(campaign, freeze(campaign), self.vault),
            None if operator is None else sealed_to(self.vault, Channel.EMAIL, operator),
            partial(redraw, campaign_of=self._campaign_of),
        )

    def _campaign_of(self, connection: Any, digest: str) -> Campaign:
        """A stored campaign, as rooms beside `deliver` ask for it."""
        return self._definitions.get(connection, digest).campaign

    @cached_property
    def reception(self) -> "Reception":
        """Where people come in by themselves."""
        from engine.define.load import campaign_files, load_campaign
        from engine.enroll.reception import Reception

        def campaigns() -> Mapping[str, Callable[[], Campaign]]:
            files = campaign_files(campaign_folders(self.settings))
            return {name: partial(load_campaign, file, self.library) for name, file in files.items()}

        return Reception(
            self.database,
            self.vault,
            self.means.post,
            self.means.redraw,
            campaigns,
            self.settings.join,
            self.vault.subkey("enrollments"),
        )

    @cached_property
    def _forgetting(self) -> Forgetting:
        return Forgetting(self.database, self.settings.retention)

    @cached_property
    def links(self) -> Links:
        """Signs and reads the links of this site."""
        return Links(self.settings.public_url, self.vault.subkey("links"))

    @cached_property
    def _reconciler(self) -> Reconciler:
        return Reconciler(self.database, self._definitions, self._letters, self.routes.transports)

    @cached_property
    def hearing(self) -> "Hearing":
        """What providers tell us: the webhooks of those transports that read any."""
        return self.hearing_of(self._sources)

    def hearing_of(self, sources: Mapping[str, EventSource]) -> "Hearing":
        """The webhooks of these sources."""
        from engine.hear.intake import Hearing

        return Hearing(self.database, sources, self.clock, self.texting)

    @cached_property
    def texting(self) -> "Texting":
        """What reacting to somebody's text needs."""
        from engine.hear.texting import Texting
        from engine.render.notices import Notices

        return Texting(
            self.means,
            Notices(template_folders(self.settings), self.sender),
            self.links,
            self._campaign_of,
            self._help_for,
        )

    @cached_property
    def _resources(self) -> "Resources":
        from engine.render.resources import Resources

        return Resources(template_folders(self.settings))

    def _help_for(self, phone: str, timezone: str | None, danger: Danger) -> "Help":
        """Where help is for somebody with this phone ("": none) in this zone.

        Where an operator's own file is wrong, it is as shipped: whoever asks is raising an alarm, which must not fail.
        """
        from engine.enroll.countries import country_of_person
        from engine.render.resources import Resources

        country = country_of_person(phone, timezone)
        try:
            return self._resources.of(country, danger)
        except RenderError:
            return Resources(template_folders(self.settings)[-1:]).of(country, danger)

    @cached_property
    def _sources(self) -> Mapping[str, EventSource]:
        """The event sources among the transports that are used, and those only described: they may have been used."""
        transports = dict(self.routes.transports)
        for name in self.settings.transports.keys() - transports.keys():
            with suppress(SettingsError):  # one that nothing uses need not be whole
                transports[name] = workshop_of(self.settings).build(name)
        return {name: each for name, each in transports.items() if isinstance(each, EventSource)}

    def campaign(self, name: str) -> Campaign:
        """The campaign with this id in the campaign folders, or in the file with this path; NotFound otherwise."""
        from engine.define.load import find_campaign

        return find_campaign(name, campaign_folders(self.settings), self.library)

    def import_couples(
        self, file: Path, consent: Consent, progress: Callable[[int, int], None] | None = None
    ) -> "ImportReport":
        """Bring in the couples of a file; see `enroll.importer.import_couples`."""
        from engine.enroll.importer import import_couples  # numbering plans of the whole world: not for who only sends
        from engine.enroll.latecomers import seat_latecomers

        now = self.clock.now()
        report = import_couples(self.database, self.vault, file, consent=consent, now=now, progress=progress)
        seat_latecomers(self.database, now, self.means.redraw)
        return report

    def add_partner(self, cells: Mapping[str, str], consent: Consent) -> int:
        """Add one person; see `enroll.partner.add_partner`."""
        from engine.enroll.latecomers import seat_latecomers
        from engine.enroll.partner import add_partner

        now = self.clock.now()
        position = add_partner(self.database, self.vault, cells, consent=consent, now=now)
        seat_latecomers(self.database, now, self.means.redraw)
        return position

    def enroll(
        self,
        campaign: Campaign,
        start: date,
        refs: Sequence[str] | None = None,
        *,
        where: str | None = None,
        dry_run: bool = False,
    ) -> "Enrolled":
        """Enroll every couple, those named or those for whom `where` holds; see `enroll.enrollment.enroll`."""
        from engine.enroll.enrollment import enroll

        return enroll(
            self.database,
            campaign,
            start,
            seed_key=self.vault.subkey("enrollments"),
            now=self.clock.now(),
            refs=refs,
            where=where,
            dry_run=dry_run,
        )

    def upgrade_couples(
        self,
        campaign: Campaign,
        digests: Sequence[str],
        *,
        actor: str,
        refs: Sequence[str] | None = None,
        dry_run: bool = False,
        progress: Callable[[int], None] = lambda couples: None,
    ) -> "list[Upgraded]":
        """Move couples from these versions of a campaign to `campaign`; see `enroll.upgrade.upgrade`."""
        from engine.enroll.upgrade import upgrade

        now = self.clock.now()
        return upgrade(
            self.database, campaign, digests, now=now, actor=actor, refs=refs, dry_run=dry_run, progress=progress
        )

    def change_partner(self, partner_id: int, changes: "Changes", *, dry_run: bool = False) -> "Changed":
        """Change what a partner said of themselves, and all that follows from it; see `enroll.changes`."""
        from engine.enroll.changes import change_partner

        def calendars_of(connection: Any, digest: str) -> Calendars:
            return self._definitions.get(connection, digest).calendars

        now = self.clock.now()
        with self.database.begin() as connection:
            changed = change_partner(connection, calendars_of, partner_id, changes, now, dry_run=dry_run)
            if changed.tastes and not dry_run:
                self.means.redraw(connection, changed.couple_id, now)
        return changed

    def own_data(self, connection: Any, partner_id: int, locale: str) -> dict[str, Any]:
        """What is kept of a partner, for themselves; see `hear.own_file`."""
        from engine.hear.own_file import data_of

        return data_of(connection, self.vault, self._campaign_of, partner_id, locale)

    async def clear_leftovers(self) -> "Cleared":
        """Delete what is left elsewhere of people who were erased; see `hear.clearing`."""
        from engine.hear.clearing import clear

        return await clear(self.database, self.vault, self.routes.transports, self.clock.now())

    @property
    def transport_names(self) -> frozenset[str]:
        """The transports of the channels by name, also where one is set up too wrongly to be built."""
        if self._transports is not None:
            return frozenset(self.routes.transports)
        return frozenset(name for _, shares in self.settings.channels for name in shares)

    async def tick(self) -> Tick:
        """One pass: take in what was heard and left, settle doubts if anyone knows, plan and send what is due."""
        began = stopwatch()
        done = await self.care()
        done.planned = await self.plan()
        done.delivered = await self.deliver()
        self.measures.tick.observe(stopwatch() - began)
        return done

    async def care(self) -> Tick:
        """The first part of a pass: what was heard and left, what need not be kept, what is in doubt."""
        caught = await self._aside(self.hearing.catch_up) if self._sources else Caught()
        now = self.clock.now()
        await self._tidy(now)
        return Tick(reconciled=await self._reconciler.reconcile(now), caught=caught)

    async def plan(self) -> Planned:
        """The second part of a pass; any number of processes may be at it."""
        now = self.clock.now()
        due = self._planner.anything_due(now)
        planned = await self._aside(partial(self._planner.plan_due, now)) if due else Planned()
        self.measures.add(planned.ends)
        return planned

    async def deliver(self) -> Delivered:
        """The last part of a pass; any number of processes may be at it."""
        return await self._dispatcher.drain()

    def rehearse(self) -> None:
        """Have at hand what the first message would otherwise wait for."""
        rehearse(self.database, self._definitions, self._letters, self._traffic, self.clock.now())

    def call_workers(self) -> jobs.Called:
        """Wake workers for what is due now; see `store.jobs.call`. Only on a server."""
        return jobs.call(self.database, self.clock.now())

    async def look(self) -> Looked:
        """See what is out of order, beside the passes; see `deliver.watching`."""
        return await self._aside(self.watch.look)

    async def _tidy(self, now: datetime) -> None:
        """Forget what need not be kept any longer, once an hour."""
        if self._tidied_at is None or now >= self._tidied_at + TIDY_EVERY:
            self._tidied_at = now
            await self._aside(partial(forget_unconfirmed, self.database, now))
            await self._aside(partial(self._forgetting.forget, now))
            await self.clear_leftovers()

    async def _aside(self, work: Callable[[], T]) -> T:
        """Long work in a thread: webhooks and signals are heard meanwhile. In memory nobody else is waiting."""
        if self.database.in_memory:
            return work()
        try:
            return await asyncio.to_thread(work)
        except asyncio.CancelledError:  # Ctrl-C: the process ends when the thread does
            self.stop()
            raise

    @property
    def sender(self) -> Sender:
        """Who messages are from."""
        return sender_of(self.settings)

    def trial_transports(self, names: Sequence[str]) -> Mapping[str, Transport]:
        """These transports, or else those that channels use, to be tried out; they close with the engine."""
        if names and self._transports is None:  # the others need not be whole
            built = {name: workshop_of(self.settings).build(name) for name in names}
        else:
            built = {name: each for name, each in self.routes.transports.items() if not names or name in names}
        self._tried = built
        return built

    def is_real(self, transport: str) -> bool:
        """Whether what it carries reaches people."""
        return workshop_of(self.settings).kind(transport) not in {"outbox", "memory", "chaos"}

    def alerts(self) -> tuple[int, int]:
        """How many alerts wait for the operator, and the number of the newest of them; 0 and 0 when none does."""
        with self.database.read() as connection:
            return alerts.waiting(connection), alerts.newest_waiting(connection)

    def waiting(self) -> tuple[int, int]:
        """What a tick would take up now: places that have fallen due, and planned deliveries whose instant has come."""
        with self.database.read() as connection:
            return places.waiting(connection, self.clock.now())

    def outlook(self, *, until: date | None = None, couple: str | None = None) -> "Outlook":
        """All that is to come, counted: whether it goes, first and last, and what it costs; see `deliver.outlook`."""
        from engine.deliver.outlook import ahead, summed

        with self.database.read() as connection:
            coming = ahead(connection, self._definitions, until, couple)
            return summed(coming, self.clock.now(), partial(self._cost, connection))

    def foresee(
        self, campaign: Campaign, start: date, refs: Sequence[str] | None = None, *, where: str | None = None
    ) -> "tuple[Foresight, Outlook]":
        """What `enroll` with the same arguments would do, and all that would then be to come; nothing is changed."""
        from engine.deliver.outlook import summed, were_they_enrolled
        from engine.enroll.foresight import Foresight, foresee

        done, seed_key = Foresight(), self.vault.subkey("enrollments")
        self._definitions.know(campaign)
        with self.database.read() as connection:
            now = self.clock.now()
            seats = foresee(connection, campaign, start, done, seed_key=seed_key, now=now, refs=refs, where=where)
            coming = were_they_enrolled(connection, self._definitions, seats)
            return done, summed(coming, now, partial(self._cost, connection))

    def _cost(self, connection: Any, upcoming: "Iterable[Upcoming]") -> "list[Estimate]":
        """What messages to come will cost; see `deliver.estimate`."""
        from engine.deliver.estimate import estimate

        return estimate(connection, self._definitions, self._composer, self.vault, self._prices, upcoming)

    def estimate(self, *, until: date | None, couple: str | None, limit: int) -> "list[Estimate]":
        """What messages to come will cost; see `deliver.estimate`, and `deliver.forecast` for whose are counted."""
        from engine.deliver.forecast import schedule

        with self.database.read() as connection:
            upcoming = schedule(connection, self._definitions, until=until, couple=couple, limit=limit)
            return self._cost(connection, upcoming)

    def stop(self, *, patient: bool = False) -> None:
        """Claim nothing more; a tick that is under way records what it has handed over and returns.

        `patient`: however long it takes until that can be recorded.
        """
        self.stopping = True
        self._planner.stop()
        self._dispatcher.stop(patient=patient)

    def next_wake(self, after: datetime = places.BEFORE_ALL) -> datetime | None:
        """The earliest instant later than `after` at which a tick would find something to do; None if there is none."""
        with self.database.read() as connection:
            return places.next_wake(connection, after)

    @property
    def definitions(self) -> Definitions:
        """The stored definitions this process works with."""
        return self._definitions

    async def aclose(self) -> None:
        """Let go of transports and the database."""
        for transport in {**self._tried, **self.routes.transports}.values():
            await transport.aclose()
        self.database.close()


def build(settings: Settings, clock: Clock | None = None) -> Engine:
    """The engine of a workspace. SettingsError or StoreError when it has not been set up, with what to run."""
    workshop_of(settings).refuse_unknown(settings.transports)
    file = file_of(settings.resolved_database_url)
    if file is not None and not file.exists():  # opening would make an empty one, where a backup may have to go
        raise StoreError(
            f"There is no database at {file}.",
            fix="Run `rekindle init` in a new workspace; in an old one, put the file back or restore it from a backup.",
        )
    database = open_database(settings.resolved_database_url)
    if not is_current(database):
        raise StoreError(
            "This workspace has no database for this version yet.",
            fix="Run `rekindle init` in a new workspace, or `rekindle db upgrade` in an old one.",
        )
    return Engine(settings, database, load_vault(settings), clock or SystemClock())
