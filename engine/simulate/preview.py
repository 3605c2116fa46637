"""Every message of a campaign before it goes out: lived on a virtual clock in memory, and left as pages to look at.

Nothing is sent, and the workspace's database is only read, and only where couples of it are named.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from hashlib import blake2b
from pathlib import Path

from engine.app import Engine, build
from engine.check.templates import check_files
from engine.clock import VirtualClock
from engine.define.findings import Finding
from engine.define.load import find_campaign, load_library
from engine.deliver.costs import Prices
from engine.deliver.messages import Letters as Writer
from engine.deliver.unsent import Unsent, unsent
from engine.enroll.enrollment import keep, would_be
from engine.errors import NotFound
from engine.model.campaign import Campaign, Channel
from engine.model.couple import Consent, NewPartner
from engine.parts import campaign_folders, sender_of, template_folders
from engine.render.compose import Composer
from engine.render.links import Links
from engine.render.shelf import Shelf
from engine.report.gallery import Preview, Written, write_gallery
from engine.report.gallery_letters import Letters
from engine.report.gallery_looks import Beside
from engine.report.gallery_terms import share
from engine.settings import Settings
from engine.simulate.acts import agree
from engine.simulate.folder import begin
from engine.simulate.life import live
from engine.simulate.people import made_up
from engine.simulate.samples import samples
from engine.simulate.simulation import FIRST_MIDNIGHT
from engine.store import couples, learning
from engine.store.copying import copy_couples
from engine.store.database import IN_MEMORY, Database, open_database
from engine.store.vault import SEALED_PHONE, Vault
from engine.transport.outbox import OutboxTransport

CONSENT = Consent("previewed", "preview")
OUTBOX = "outbox"
UNSENT = "unsent"
"""The folder in the outbox with what was held back; what other arms say is in one called `arm-NAME`."""
NOBODY = "+999"
"""Where no price is known for the beginning of somebody's number: this one begins no number at all."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What to preview. Whom: the couples called `refs`, else `number` made-up ones, else the samples.

    `start` is the first day for those who are not in the campaign already; `locale` is read by everyone, where named.
    """

    campaign: str
    start: date
    week: int | None = None
    refs: Sequence[str] = ()
    number: int = 0
    locale: str | None = None


@dataclass(frozen=True, slots=True)
class Previewed:
    """A preview that was written. `findings` say where the templates are wrong that some message could not do with."""

    title: str
    gallery: Written
    findings: tuple[Finding, ...] = ()


@dataclass
class _World:
    """An engine with couples in it that nobody outside knows of."""

    settings: Settings
    start: date
    outbox: Path
    vault: Vault = field(default_factory=lambda: _vault("preview"))
    database: Database = field(default_factory=lambda: open_database(IN_MEMORY))
    sentences: list[str] = field(default_factory=list)

    def engine(self, start: date) -> tuple[Engine, VirtualClock]:
        clock = VirtualClock(datetime.combine(start, time(0), UTC) - FIRST_MIDNIGHT)
        transports = dict.fromkeys(Channel, OutboxTransport(self.outbox))
        # Other transports need not be whole to look at words, and nothing may be heard by any.
        settings = self.settings.model_copy(update={"transports": {}})
        return Engine(settings, self.database, self.vault, clock, transports), clock


def find_previewed(settings: Settings, name: str) -> Campaign:
    """The campaign with this id, or in this file, which no workspace need hold; strategies beside it count first."""
    folders = campaign_folders(settings)
    if name.endswith((".yaml", ".yml")):
        folders = [Path(name).parent, *folders]
    return find_campaign(name, folders, load_library(folders))


def preview(settings: Settings, asked: Asked, out: Path, *, made: str = "") -> Previewed:
    """Write the gallery of a campaign into `out`, which is made anew; see `simulate.folder`.

    NotFound where the campaign, the week or a couple does not exist, FindingsError with all that is wrong in a file.
    """
    campaign = find_previewed(settings, asked.campaign)
    if asked.week is not None and not 1 <= asked.week <= campaign.weeks:
        raise NotFound(f"{campaign.title} has no week {asked.week}.", fix=f"Its weeks are 1 to {campaign.weeks}.")
    begin(out, "preview")
    world = _World(settings, asked.start, out / OUTBOX)
    world.database.create_all()
    try:
        first = _workspace_couples(world, campaign, asked) if asked.refs else asked.start
        engine, clock = world.engine(first)
        if not asked.refs:
            _join(engine, made_up(asked.number, "preview") if asked.number else samples(), asked.locale)
            engine.enroll(campaign, asked.start)
        asyncio.run(live(engine, clock))
        with world.database.read() as connection:
            besides = _besides(world, unsent(connection, engine.definitions, _writer(world)))
            shown = Preview(besides, asked.week, made, world.sentences)
            currency = settings.prices.currency if settings.prices.any() else ""
            gallery = write_gallery(
                connection, world.outbox, out, title=campaign.title, currency=currency, preview=shown
            )
    finally:
        world.database.close()
    if not gallery.wrong:
        return Previewed(campaign.title, gallery)
    templates = template_folders(settings)
    return Previewed(campaign.title, gallery, tuple(check_files(templates, Shelf(templates))))


def _join(engine: Engine, people: Iterable[tuple[str, Sequence[NewPartner]]], locale: str | None) -> None:
    refs = []
    with engine.database.begin() as connection:
        for ref, partners in people:
            read = [partner if locale is None else replace(partner, locale=locale) for partner in partners]
            couples.add(connection, engine.vault, ref, read, CONSENT, engine.clock.now())
            refs.append(ref)
    agree(engine, refs)


def _workspace_couples(world: _World, campaign: Campaign, asked: Asked) -> date:
    """Copy the couples that were named, and enroll each as it is or would be; the first day of the earliest."""
    workspace = build(world.settings)
    try:
        with workspace.database.read() as source, world.database.begin() as target:
            phones = _Phones(workspace.vault, world.settings.prices.prefixes)
            ids = copy_couples(source, target, world.vault, asked.refs, phones.made_up, asked.locale)
            starts = []
            for ref, couple_id in zip(dict.fromkeys(asked.refs), ids, strict=True):
                now = workspace.clock.now()
                running = {row.campaign: row for row in learning.running(source, couple_id)}.get(campaign.id)
                start = asked.start if running is None else running.start
                seed_key = workspace.vault.subkey("enrollments")
                made = would_be(source, campaign, ref, start, seed_key=seed_key, now=now)
                if made is None:
                    raise NotFound(f"Nobody is left in couple {ref!r}.", fix="`rekindle couples list` shows every one.")
                if running is not None and running.digest == campaign.digest:
                    same = {name: getattr(running, name) for name in ("seed", "variants", "draws", "learned")}
                    made = replace(made, **{**same, "learned": running.learned or made.learned})
                elif running is not None:
                    world.sentences.append(
                        f"{ref} is on another version of this campaign, and stays on it; this is how it would be on"
                        " the one in the file, from its own start date."
                    )
                keep(target, campaign, made, now)
                starts.append(start)
    finally:
        workspace.database.close()
    return min(starts)


class _Phones:
    """Made-up addresses. A number keeps the beginning that its price goes by, and nothing else."""

    def __init__(self, vault: Vault, prefixes: Mapping[str, float]) -> None:
        self._vault = vault
        self._prefixes = sorted(prefixes, key=len, reverse=True)
        self._given = 0

    def made_up(self, channel: Channel, sealed: bytes) -> str:
        self._given += 1
        if channel is Channel.EMAIL:
            return f"reader-{self._given}@example.com"
        number = self._vault.open(sealed, SEALED_PHONE) if self._prefixes else ""
        begins = next((prefix for prefix in self._prefixes if number.startswith(prefix)), NOBODY)
        return f"{begins}{5550000 + self._given}"


def _writer(world: _World) -> Writer:
    """Writes what was not sent, as the engine would have."""
    sender = sender_of(world.settings)
    composer = Composer(template_folders(world.settings), sender, world.settings.public_url)
    links = Links(world.settings.public_url, world.vault.subkey("links"))
    return Writer(world.vault, composer, links, sender.email.rpartition("@")[2])


def _besides(world: _World, found: Iterable[Unsent]) -> Mapping[int, Sequence[Beside]]:
    """Leave what was not sent as files beside what was, and say of each in which case it would have been."""
    prices = Prices(world.settings.prices)
    besides: dict[int, list[Beside]] = defaultdict(list)
    by_folder: dict[str, list[Unsent]] = defaultdict(list)
    for each in found:
        by_folder[UNSENT if each.arm is None else f"arm-{each.arm}"].append(each)
    for folder, its in by_folder.items():
        messages = [each.message for each in its if each.message is not None]
        asyncio.run(OutboxTransport(world.outbox / folder).send(messages))
        letters = Letters(world.outbox, folder)
        for each in its:
            words = "As it would read" if each.arm is None else f"Arm {each.arm}, for {share(each.step, each.arm)}"
            cost = 0 if each.message is None else prices.of(each.message)[1]
            if each.message is not None or each.wrong:
                letter = letters.find(each.delivery_id) if each.message is not None else None
                besides[each.delivery_id].append(Beside(words, letter, each.wrong, cost, own=each.arm is None))
    return besides


def _vault(seed: str) -> Vault:
    """Keys that everybody knows: nothing is kept, and no link that they sign opens anything."""
    keys = [blake2b(seed.encode(), person=who, digest_size=32).digest() for who in (b"seal", b"lasting")]
    return Vault({"sim": keys[0]}, "sim", keys[1])
