"""Where templates are found: by channel, name and locale, in the workspace's folders before the shipped ones.

    email/NAME.subject.txt, email/NAME.html, email/NAME.txt      an email has all three
    sms/NAME.txt                                                 a text message has one

For the locale `es-MX`, `email/es-MX/NAME.html` comes before `email/es/NAME.html`, and that before `email/NAME.html`,
wherever the folders are in order: the closest language wins, then the first folder. The same holds for what a template
extends or includes, and for email/style.css.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import jinja2

from engine.model.campaign import Channel
from engine.model.locale import places
from engine.render.inline import inline
from engine.render.markdown import named
from engine.render.sandbox import Sandbox, environment
from engine.render.spec_errors import RenderError
from engine.render.spec_source import Folders

STYLE = "email/style.css"

_FORMATS = {"email": (".subject.txt", ".html", ".txt"), "sms": (".txt",)}
_MOST_SANDBOXES = 64
_MOST_SOURCES = 4_096  # of files that are there and of those that are not


def names(channel: Channel, template: str) -> tuple[str, ...]:
    """The files that make the message `template` on `channel`: an email's are subject, HTML and text."""
    return tuple(f"{channel.form}/{template}{ending}" for ending in _FORMATS[channel.form])


class Shelf:
    """The templates in some folders, the first of which wins; each file is read, inlined and compiled once."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)
        self._files = Folders(self._folders, None, None)
        self._reader = environment((), html=False)
        self._sandboxes: dict[tuple[str, bool], Sandbox] = {}
        self._source = lru_cache(_MOST_SOURCES)(self._read)

    def sandbox(self, locale: str, *, html: bool) -> Sandbox:
        """Templates as a reader of `locale` gets them; an HTML one escapes what it prints."""
        key = (locale, html)
        if key not in self._sandboxes:
            if len(self._sandboxes) >= _MOST_SANDBOXES:
                self._sandboxes.clear()
            made = self._sandboxes[key] = environment(
                self._folders,
                html=html,
                extra=lambda name: self._localised(name, locale),
                preprocess=lambda name, source: self._styled(name, source, locale),
            )
            made.filters["named"] = named
        return self._sandboxes[key]

    def language(self, channel: Channel, template: str, locale: str) -> str:
        """The closest to `locale` that the message's first file exists in; "" when only the root's."""
        name = names(channel, template)[0]
        return next((place for place in places(locale) if self._source(_within(name, place)) is not None), "")

    def languages(self, channel: Channel, template: str) -> list[str]:
        """The locales that have a version of their own of the message's first file, in alphabetical order."""
        first = names(channel, template)[0]
        folder, _, file = first.partition("/")
        return sorted({found.parent.name for root in self._folders for found in (root / folder).glob(f"*/{file}")})

    def missing(self, channel: Channel, template: str, locale: str = "") -> list[str]:
        """Which of the message's files do not exist."""
        return [name for name in names(channel, template) if self._found(name, locale) is None]

    def css(self, locale: str) -> str:
        """The stylesheet that is put on every element of an email."""
        return self._found(STYLE, locale) or ""

    def text(self, name: str, locale: str) -> str:
        """A file's own text, stripped; RenderError when there is none."""
        source = self._found(name, locale)
        if source is None:
            raise RenderError("there is no such file in the template folders", "Add it.", template=name)
        return source.strip()

    def _found(self, name: str, locale: str) -> str | None:
        return self._localised(name, locale) or self._source(name)

    def _localised(self, name: str, locale: str) -> str | None:
        found = (self._source(_within(name, place)) for place in places(locale))
        return next((source for source in found if source is not None), None)

    def _read(self, name: str) -> str | None:
        try:
            return self._files.get_source(self._reader, name)[0]
        except jinja2.TemplateNotFound:
            return None
        except UnicodeDecodeError:
            raise RenderError("the file is not UTF-8 text", "Save it as UTF-8.", template=name) from None

    def _styled(self, name: str, source: str, locale: str) -> str:
        if not name.endswith(".html"):
            return source
        return inline(source, self.css(locale))


def _within(name: str, place: str) -> str:
    folder, _, file = name.partition("/")
    return f"{folder}/{place}/{file}"
