"""The words that people agree to, from `consent/LANGUAGE.toml` in the template folders.

They are data, so that a lawyer can change them, and whole files, so that nobody agrees to two languages at once.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.files import toml_file
from engine.model.campaign import Channel
from engine.model.locale import places
from engine.model.reply import ConsentPurpose
from engine.model.sender import Sender
from engine.model.signup import Ticked
from engine.model.strategy import DEFAULT_LOCALE
from engine.render.spec_errors import RenderError

FOLDER = "consent"
LONGEST_VERSION = 32
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_OPTIONAL = tuple(purpose for purpose in ConsentPurpose if purpose is not ConsentPurpose.MESSAGES)


class ConsentWords:
    """Reads them from `folders`: the closest language wins, then the first folder."""

    def __init__(self, folders: Sequence[Path], sender: Sender) -> None:
        self._folders = [folder / FOLDER for folder in folders]
        self._sender = sender

    def messages(self, channel: Channel, locale: str, per_week: int) -> Ticked:
        """Consent to at most so many messages a week on a channel."""
        return self._ticked(ConsentPurpose.MESSAGES, channel.value, locale, per_week)

    def optional(self, locale: str) -> tuple[Ticked, ...]:
        """Every other consent there is to give."""
        return tuple(self.of(purpose, locale) for purpose in _OPTIONAL)

    def of(self, purpose: ConsentPurpose, locale: str) -> Ticked:
        """One of the others."""
        return self._ticked(purpose, purpose.value, locale, None)

    def _ticked(self, purpose: ConsentPurpose, key: str, locale: str, per_week: int | None) -> Ticked:
        file, words = self._file(locale)
        table = "messages" if purpose is ConsentPurpose.MESSAGES else "optional"
        text, version = words.get(table, {}).get(key), words.get("version")
        name = f"{FOLDER}/{file.name}"
        if not isinstance(text, str) or not text.strip():
            raise RenderError(f"there are no words for {table}.{key}", "Write them, in quotes.", template=name)
        if not isinstance(version, str) or not 0 < len(version) <= LONGEST_VERSION:
            raise RenderError("it has no version", f'Such as version = "{file.stem} 1".', template=name)
        return Ticked(purpose, self._filled(text, per_week, name), version)

    def _filled(self, text: str, per_week: int | None, name: str) -> str:
        sender = self._sender
        values = {"sender": sender.name, "email": sender.email, "postal_address": sender.postal_address}
        if per_week is not None:
            values["per_week"] = str(per_week)

        def value(found: re.Match[str]) -> str:
            if found[1] not in values:
                raise RenderError(f"{{{found[1]}}} means nothing here", f"Use {', '.join(values)}.", template=name)
            return values[found[1]]

        return _PLACEHOLDER.sub(value, text.strip())

    def _file(self, locale: str) -> tuple[Path, Mapping[str, Any]]:
        for place in (*places(locale), DEFAULT_LOCALE):
            for folder in self._folders:
                file = folder / f"{place}.toml"
                if file.is_file():
                    return file, _read(file)
        raise RenderError("there are no words of consent", f"Put back {FOLDER}/{DEFAULT_LOCALE}.toml.")


def _read(file: Path) -> Mapping[str, Any]:
    try:
        return toml_file(file)
    except OSError as error:
        what = f"the file cannot be read: {error.strerror}"
        raise RenderError(what, "Check the file.", template=f"{FOLDER}/{file.name}") from None
    except ValueError as error:
        what = str(error).partition(" (at")[0].lower()
        raise RenderError(f"the file is not TOML: {what}", "See toml.io.", template=f"{FOLDER}/{file.name}") from None
