"""Finds transports by name, ours and others', through the entry point group `rekindle.transports`."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points

from engine.errors import SettingsError
from engine.transport.base import Transport, TransportFactory

GROUP = "rekindle.transports"


def available() -> dict[str, EntryPoint]:
    """Every installed transport by name; nothing is imported yet."""
    return {point.name: point for point in entry_points(group=GROUP)}


def refuse_unknown(names: Iterable[str]) -> None:
    """SettingsError for the first of `names` that no installed transport has, with the nearest that one has."""
    known = available()
    for name in names:
        if name not in known:
            nearest = get_close_matches(name, known, n=1)
            mend = f"Did you mean `{nearest[0]}`?" if nearest else f"Installed: {', '.join(sorted(known))}."
            raise SettingsError(f"There is no transport called `{name}`.", fix=mend)


def build(name: str, options: Mapping[str, Mapping[str, object]]) -> Transport:
    """The transport called `name`, configured with `options[name]`; its package is imported now and not before."""
    refuse_unknown([name])
    factory: TransportFactory = available()[name].load()
    return factory.configure(options.get(name, {}), lambda inner: build(inner, options))
