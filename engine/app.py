"""The composition root: `build(settings)` makes an Engine of its parts, whose methods are the engine's verbs."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from engine.assembly import Assembly
from engine.clock import Clock, SystemClock, stopwatch
from engine.deliver.due import Planned
from engine.deliver.outcomes import Delivered
from engine.deliver.reconcile import Reconciled
from engine.deliver.rehearsal import rehearse
from engine.deliver.sentinel import Looked
from engine.enroll.unconfirmed import forget_unconfirmed
from engine.errors import StoreError
from engine.hear.caught import Caught
from engine.model.campaign import Campaign
from engine.model.couple import Consent
from engine.parts import campaign_folders, load_vault, workshop_of
from engine.plan.calendar import Calendars
from engine.settings import Settings
from engine.store import alerts, jobs, places
from engine.store.database import file_of, open_database
from engine.store.version import is_current
from engine.transport.base import Transport

if TYPE_CHECKING:
    from engine.deliver.estimate import Estimate
    from engine.deliver.forecast import Upcoming
    from engine.deliver.outlook import Outlook
    from engine.enroll.changes import Changed, Changes
    from engine.enroll.enrollment import Enrolled
    from engine.enroll.foresight import Foresight
    from engine.enroll.importer import ImportReport
    from engine.enroll.mover import Upgraded
    from engine.hear.clearing import Cleared

T = TypeVar("T")

TIDY_EVERY = timedelta(hours=1)


@dataclass
class Tick:
    """What one plan-and-deliver pass did."""

    planned: Planned = field(default_factory=Planned)
    delivered: Delivered = field(default_factory=Delivered)
    reconciled: Reconciled = field(default_factory=Reconciled)
    caught: Caught = field(default_factory=Caught)


class Engine(Assembly):
    """One Rekindle: its store, clock, library and transports, and what is done with them."""

    stopping = False
    _tidied_at: datetime | None = None
    _tried: Mapping[str, Transport] = MappingProxyType({})

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

    def call_workers(self) -> jobs.Called:
        """Wake workers for what is due now; see `store.jobs.call`. Only on a server."""
        return jobs.call(self.database, self.clock.now())

    async def look(self) -> Looked:
        """See what is out of order, beside the passes; see `deliver.watching`."""
        return await self._aside(self.watch.look)

    def alerts(self) -> tuple[int, int]:
        """How many alerts wait for the operator, and the number of the newest of them; 0 and 0 when none does."""
        with self.database.read() as connection:
            return alerts.waiting(connection), alerts.newest_waiting(connection)

    def waiting(self) -> tuple[int, int]:
        """What a tick would take up now: places that have fallen due, and planned deliveries whose instant has come."""
        with self.database.read() as connection:
            return places.waiting(connection, self.clock.now())

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

    def outlook(self, *, until: date | None = None, couple: str | None = None) -> "Outlook":
        """All that is to come, counted: whether it goes, first and last, and what it costs; see `deliver.outlook`."""
        from engine.deliver.outlook import ahead, summed

        with self.database.read() as connection:
            coming = ahead(connection, self._definitions, until, couple)
            return summed(coming, self.clock.now(), partial(self._cost, connection))

    def estimate(self, *, until: date | None, couple: str | None, limit: int) -> "list[Estimate]":
        """What messages to come will cost; see `deliver.estimate`, and `deliver.forecast` for whose are counted."""
        from engine.deliver.forecast import schedule

        with self.database.read() as connection:
            upcoming = schedule(connection, self._definitions, until=until, couple=couple, limit=limit)
            return self._cost(connection, upcoming)

    def _cost(self, connection: Any, upcoming: "Iterable[Upcoming]") -> "list[Estimate]":
        """What messages to come will cost; see `deliver.estimate`."""
        from engine.deliver.estimate import estimate

        return estimate(connection, self._definitions, self._composer, self.vault, self._prices, upcoming)

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
