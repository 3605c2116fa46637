"""What a workspace's settings are made into: its keys, sender, folders, and the routes of its channels."""

from collections.abc import Callable, Sequence
from pathlib import Path

from engine.deliver.routes import Route, Routes
from engine.errors import SettingsError
from engine.model.campaign import Channel
from engine.model.sender import Sender
from engine.settings import Settings
from engine.shipped import shipped
from engine.store.vault import Vault
from engine.transport.base import Transport
from engine.transport.registry import Workshop


def workshop_of(settings: Settings) -> Workshop:
    """Where this workspace's transports are built."""
    return Workshop(settings.transports, settings.public_url, settings.workspace, settings.sender.email)


def routes_of(settings: Settings, build: Callable[[str], Transport] | None = None) -> Routes:
    """The transports of each channel, built; SettingsError when one does not carry what it is named for, and so on.

    A rehearsal gives `build`, for transports that stand for those that are named.
    """
    build = build or workshop_of(settings).build
    shares = {channel: dict(getattr(settings.channels, channel)) for channel in Channel}
    built = {name: build(name) for names in shares.values() for name in names}
    for channel, names in shares.items():
        for name in names:
            if channel not in built[name].channels:
                raise SettingsError(
                    f"channels.{channel}: the transport {name} does not carry {channel}.",
                    fix=f"It carries {', '.join(sorted(built[name].channels))}; `rekindle transports list` shows all.",
                )
    routes = Routes(
        {
            channel: tuple(Route(built[name], share, _paces(settings, channel, name)) for name, share in names.items())
            for channel, names in shares.items()
        }
    )
    _refuse_idle_paces(settings, routes)
    return routes


def _paces(settings: Settings, channel: Channel, transport: str) -> tuple[str, ...]:
    """The limits that a message on `channel` by `transport` keeps to: the transport's, its sender's, its domain's."""
    sender = str(settings.transports.get(transport, {}).get("sender", ""))
    if channel is Channel.EMAIL:
        sender = settings.sender.email
    names = (transport, sender, sender.rpartition("@")[2])
    return tuple(name for name in dict.fromkeys(names) if name in settings.pace)


def _refuse_idle_paces(settings: Settings, routes: Routes) -> None:
    """A limit that holds for nothing is a misspelt one."""
    used = {name for each in routes.by_channel.values() for route in each for name in route.paces}
    for name in settings.pace:
        if name not in used:
            raise SettingsError(
                f"pace.{name} is the limit of nothing: no channel uses a transport, sender or domain of that name.",
                fix="Name it as in [channels], or as a sender: an address, its domain, or a number, in quotes.",
            )


def load_vault(settings: Settings) -> Vault:
    """The keys from REKINDLE_KEY, else from the key file."""
    if settings.key is not None:
        return Vault.from_text(settings.key.get_secret_value(), "REKINDLE_KEY")
    return Vault.load_key_file(settings.path(settings.key_file))


def sender_of(settings: Settings) -> Sender:
    """Who messages are from."""
    return Sender(**settings.sender.model_dump())


def campaign_folders(settings: Settings) -> list[Path]:
    """Where campaigns and strategies are looked for: the workspace first, then what is shipped."""
    return _folders(settings, settings.campaigns, "campaigns")


def template_folders(settings: Settings) -> list[Path]:
    """Where templates are looked for: the workspace first, then what is shipped."""
    return _folders(settings, settings.templates, "templates")


def _folders(settings: Settings, own: Sequence[Path], name: str) -> list[Path]:
    found = [settings.path(folder) for folder in own if settings.path(folder).is_dir()]
    return list(dict.fromkeys([*(folder.resolve() for folder in found), shipped(name).resolve()]))
