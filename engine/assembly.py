"""What an engine is made of: each part is made when it is first used, of the settings, the database and the keys."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from engine.clock import Clock
from engine.deliver.costs import Prices
from engine.deliver.definitions import Definitions
from engine.deliver.dispatch import Dispatcher, ProtocolStep
from engine.deliver.due import Planner
from engine.deliver.messages import Letters
from engine.deliver.pacing import pace_of
from engine.deliver.reconcile import Reconciler
from engine.deliver.routes import Routes
from engine.deliver.sentinel import Limits
from engine.deliver.telling import Addresses, Teller
from engine.deliver.traffic import Traffic
from engine.deliver.watching import Watch
from engine.errors import SettingsError
from engine.measures import Measures
from engine.model.campaign import Campaign, Channel
from engine.model.danger import Danger
from engine.model.sender import Sender
from engine.parts import campaign_folders, routes_of, sender_of, template_folders, workshop_of
from engine.render.compose import Composer
from engine.render.links import Links
from engine.render.sandbox import RenderError
from engine.settings import Settings
from engine.store import owners
from engine.store.chain import PURPOSE as AUDIT
from engine.store.database import Database
from engine.store.retention import Forgetting
from engine.store.vault import Vault
from engine.transport.base import Transport
from engine.transport.source import EventSource

if TYPE_CHECKING:
    from engine.define.load import Library
    from engine.enroll.reception import Reception
    from engine.hear.intake import Hearing
    from engine.hear.means import Means
    from engine.hear.texting import Texting
    from engine.render.resources import Help, Resources


class Assembly:
    """The parts of one Rekindle, wired; what is done with them are the verbs of an Engine (`engine/app.py`)."""

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
        self.measures = Measures()

    @property
    def sender(self) -> Sender:
        """Who messages are from."""
        return sender_of(self.settings)

    @property
    def transport_names(self) -> frozenset[str]:
        """The transports of the channels by name, also where one is set up too wrongly to be built."""
        if self._transports is not None:
            return frozenset(self.routes.transports)
        return frozenset(name for _, shares in self.settings.channels for name in shares)

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

    @property
    def definitions(self) -> Definitions:
        """The stored definitions this process works with."""
        return self._definitions

    @cached_property
    def links(self) -> Links:
        """Signs and reads the links of this site."""
        return Links(self.settings.public_url, self.vault.subkey("links"))

    @cached_property
    def _planner(self) -> Planner:
        return Planner(self.database, self._definitions)

    @cached_property
    def _prices(self) -> Prices:
        return Prices(self.settings.prices)

    @cached_property
    def _composer(self) -> Composer:
        return Composer(template_folders(self.settings), self.sender, self.settings.public_url)

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
    def _reconciler(self) -> Reconciler:
        return Reconciler(self.database, self._definitions, self._letters, self.routes.transports)

    @cached_property
    def _forgetting(self) -> Forgetting:
        return Forgetting(self.database, self.settings.retention)

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
    def _sources(self) -> Mapping[str, EventSource]:
        """The event sources among the transports that are used, and those only described: they may have been used."""
        transports = dict(self.routes.transports)
        for name in self.settings.transports.keys() - transports.keys():
            with suppress(SettingsError):  # one that nothing uses need not be whole
                transports[name] = workshop_of(self.settings).build(name)
        return {name: each for name, each in transports.items() if isinstance(each, EventSource)}

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
