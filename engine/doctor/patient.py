"""What checks look at: a workspace, and the world around it as far as it may be asked."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from engine.clock import Clock, SystemClock
from engine.errors import SettingsError, StoreError
from engine.model.campaign import Channel
from engine.parts import workshop_of
from engine.settings import Settings
from engine.store.database import Database, open_database
from engine.store.version import is_current
from engine.transport.base import Transport
from engine.transport.http import HttpClient, Said

PRETENDED = {"outbox", "memory", "chaos"}
"""Transports that reach nobody."""

Ask = Callable[[str], Sequence[str] | None]
"""The TXT records of a name, each joined: none when there are none, None when DNS does not answer."""

Fetch = Callable[[str], Said]
"""GET an address, once, following nothing."""


def fetch(address: str) -> Said:
    """Over the network, within a few seconds."""
    where = urlsplit(address)

    async def get() -> Said:
        client = HttpClient(f"{where.scheme}://{where.netloc}", connections=1, connect_seconds=5, answer_seconds=5)
        try:
            return await client.get(where.path or "/")
        finally:
            await client.aclose()

    return asyncio.run(get())


def ask(name: str) -> Sequence[str] | None:
    """By the resolver that this machine is set up with, within a few seconds."""
    from dns.exception import DNSException
    from dns.resolver import NXDOMAIN, NoAnswer, Resolver

    try:
        resolver = Resolver()
        resolver.lifetime = 4.0
        answer = resolver.resolve(name, "TXT")
    except (NXDOMAIN, NoAnswer):
        return []
    except (DNSException, OSError):
        return None
    return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]


@dataclass
class Patient:
    """A workspace that is looked over. `offline` asks nobody outside this machine."""

    settings: Settings
    clock: Clock = field(default_factory=SystemClock)
    offline: bool = False
    ask: Ask = ask
    fetch: Fetch = fetch

    @property
    def domain(self) -> str:
        """What emails come from, after the @."""
        return self.settings.sender.email.rpartition("@")[2].lower()

    def used(self, channel: Channel | None = None) -> list[str]:
        """The transports that a channel, or any, uses; each once, in order."""
        channels = [channel] if channel is not None else list(Channel)
        names = [name for each in channels for name in getattr(self.settings.channels, each)]
        return list(dict.fromkeys(names))

    def kind(self, name: str) -> str:
        """What the transport called `name` is."""
        return workshop_of(self.settings).kind(name)

    def real(self, channel: Channel | None = None) -> list[str]:
        """Those that reach people."""
        return [name for name in self.used(channel) if self.kind(name) not in PRETENDED]

    def has(self, transport: str, option: str) -> bool:
        """Whether a transport's table gives an option, or names a file with it."""
        table = self.settings.transports.get(transport, {})
        return any(str(table.get(key) or "").strip() for key in (option, f"{option}_file"))

    @cached_property
    def built(self) -> dict[str, Transport | SettingsError]:
        """Every transport that is used, or why it cannot be set up."""
        found: dict[str, Transport | SettingsError] = {}
        for name in self.used():
            try:
                found[name] = workshop_of(self.settings).build(name)
            except SettingsError as error:
                found[name] = error
        return found

    @property
    def database_file(self) -> Path | None:
        """The database's file; None where it has none."""
        prefix, url = "sqlite:///", self.settings.resolved_database_url
        return Path(url.removeprefix(prefix)) if url.startswith(prefix) else None

    @cached_property
    def database(self) -> Database | None:
        """The database; None where there is none that this version can work with (the check of it says why)."""
        file = self.database_file
        if file is not None and not file.exists():  # opening would make one
            return None
        try:
            opened = open_database(self.settings.resolved_database_url)
            return opened if is_current(opened) else None
        except StoreError:
            return None

    def close(self) -> None:
        """Let go of what was opened."""
        if self.database is not None:
            self.database.close()
