"""What a transport is configured with: its options from rekindle.toml, read by name and refused with the mend."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Protocol

from engine.errors import SettingsError
from engine.transport.base import Transport


@dataclass(frozen=True, slots=True)
class Setup:
    """A table `[transports.NAME]`, and what a transport may need of its surroundings.

    `name` is what the operator calls it: one kind of transport may be set up twice under two names. `public_url` is
    where providers reach this engine; `mailbox` is the one that emails come from; `folder` is where relative paths
    start; `build` makes another transport by name.
    """

    name: str
    options: Mapping[str, object] = field(default_factory=dict, repr=False)  # some are secret
    public_url: str = "https://rekindle.example"
    folder: Path = Path()
    mailbox: str = "hello@rekindle.example"
    build: Callable[[str], Transport] | None = field(default=None, repr=False)

    def refuse_unknown(self, *known: str) -> None:
        """SettingsError for the first option that is not in `known`, with the nearest that is."""
        for key in self.options:
            if key not in known:
                nearest = get_close_matches(key, known, n=1)
                mend = f"Did you mean `{nearest[0]}`?" if nearest else f"Known: {', '.join(sorted(known)) or 'none'}."
                raise SettingsError(f"Transport {self.name} has no option `{key}`.", fix=mend)

    def text(self, key: str, default: str | None = None) -> str:
        """An option as text; SettingsError when there is neither it nor a default."""
        value = self.options.get(key, default)
        if value is None or (isinstance(value, str) and not value.strip()):
            raise self._wrong(key, "is missing", f'Set `{key} = "…"` under [transports.{self.name}].')
        return str(value).strip()

    def has(self, key: str) -> bool:
        """Whether the option is given and says something."""
        return str(self.options.get(key, "") or "").strip() != ""

    def secret(self, key: str) -> str:
        """A secret: `KEY` itself (best by environment), or the first line of the file named by `KEY_file`."""
        file = f"{key}_file"
        if not self.has(file):
            if not self.has(key):
                raise self._wrong(key, "is missing", self._ways_to_give(key, file))
            return self.text(key)
        try:
            lines = (self.folder / self.text(file)).read_text(encoding="utf-8").strip().splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise self._wrong(file, "names a file that cannot be read", "Check the path and its owner.") from error
        if not lines:
            raise self._wrong(file, "names an empty file", "Put the secret on its first line.")
        return lines[0].strip()

    def number(self, key: str, default: float, *, least: float = 0.0, most: float = 1e9) -> float:
        """A number from `least` to `most`."""
        given = self.options.get(key, default)
        try:
            value = float(str(given))
        except ValueError:
            value = float("nan")
        if isinstance(given, bool) or not least <= value <= most:
            raise self._wrong(key, f"is {given!r}", f"Give a number from {least:g} to {most:g}.")
        return value

    def whole(self, key: str, default: int, *, least: int = 0, most: int = 1_000_000) -> int:
        """A whole number from `least` to `most`."""
        value = self.number(key, default, least=least, most=most)
        if value != int(value):
            raise self._wrong(key, f"is {value:g}", "Give a whole number.")
        return int(value)

    def flag(self, key: str, default: bool) -> bool:
        """true or false; the environment's spellings of them too."""
        given = self.options.get(key, default)
        known = {"true": True, "false": False, "1": True, "0": False}
        if str(given).lower() not in known:
            raise self._wrong(key, f"is {given!r}", "Give true or false.")
        return known[str(given).lower()]

    def choice(self, key: str, default: str, *known: str) -> str:
        """One of `known`."""
        value = self.text(key, default)
        if value not in known:
            raise self._wrong(key, f"is {value!r}", f"Give one of: {', '.join(known)}.")
        return value

    def another(self, name: str) -> Transport:
        """Another transport of this workspace, for one that wraps it."""
        if self.build is None:
            raise SettingsError(f"Transport {self.name} cannot reach {name} from here.")
        return self.build(name)

    def _ways_to_give(self, key: str, file: str) -> str:
        """By variable too, where one can lead to this table: they have no hyphens, and lose the case of its name."""
        if not re.fullmatch(r"[a-z0-9]+(?:_[a-z0-9]+)*", self.name):
            return f"Name a file in `{file}`."
        return f"Set REKINDLE_TRANSPORTS__{self.name.upper()}__{key.upper()}, or name a file in `{file}`."

    def _wrong(self, key: str, what: str, mend: str) -> SettingsError:
        return SettingsError(f"transports.{self.name}.{key} {what}.", fix=mend)


class TransportFactory(Protocol):
    """What an entry point of the group `rekindle.transports` names: a class that can be set up."""

    def configure(self, setup: Setup) -> Transport: ...
