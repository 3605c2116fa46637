"""Finds transports by name, ours and others', through the entry point group `rekindle.transports`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from engine.errors import SettingsError
from engine.transport.base import Transport
from engine.transport.setup import Setup, TransportFactory

GROUP = "rekindle.transports"
USE = "use"
"""The option that says which installed transport a table is for, when its name does not."""


@cache
def available() -> dict[str, EntryPoint]:
    """Every installed transport by name; nothing is imported yet."""
    return {point.name: point for point in entry_points(group=GROUP)}


@dataclass(frozen=True, slots=True)
class Workshop:
    """Builds the transports of one workspace from its `[transports.*]` tables."""

    tables: Mapping[str, Mapping[str, object]] = field(repr=False)  # some options are secret
    public_url: str = "https://rekindle.example"
    folder: Path = Path()
    mailbox: str = "hello@rekindle.example"

    def kind(self, name: str) -> str:
        """The installed transport that `name` stands for: its own name, or what its table's `use` says."""
        return str(self.tables.get(name, {}).get(USE, name))

    def refuse_unknown(self, names: Iterable[str]) -> None:
        """SettingsError for the first of `names` that no installed transport has, with the nearest that one has."""
        known = available()
        for name in names:
            kind = self.kind(name)
            if kind not in known:
                nearest = get_close_matches(kind, known, n=1)
                mend = f"Did you mean `{nearest[0]}`?" if nearest else f"Installed: {', '.join(sorted(known))}."
                raise SettingsError(f"There is no transport called `{kind}`.", fix=mend)

    def build(self, name: str) -> Transport:
        """The transport called `name`, set up with its table; its package is imported now and not before."""
        self.refuse_unknown([name])
        factory: TransportFactory = available()[self.kind(name)].load()
        options = {key: value for key, value in self.tables.get(name, {}).items() if key != USE}
        return factory.configure(Setup(name, options, self.public_url, self.folder, self.mailbox, self.build))
