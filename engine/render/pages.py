"""Web pages, from `web/NAME.html` in the template folders: the closest language wins, then the first folder. Those of
another room, such as `operator`, are in a folder of their own beside it.

A page sees `sender`, `lang` (the language its words are in), `direction`, `say` (words), `zones` (speech), `style`,
`wants` and `scripts` (inset), and what its route gives it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from engine.model.locale import places
from engine.model.sender import Sender
from engine.render.inset import Inset
from engine.render.sandbox import Sandbox, environment
from engine.render.speech import Speech, direction
from engine.render.words import languages, words_for

WEB = "web"
MOST_READERS = 16


@dataclass(frozen=True, slots=True)
class Page:
    """A page, with the style sheets and scripts in it: each the exact text between its tags."""

    html: str
    styles: tuple[str, ...]
    scripts: tuple[str, ...]


class Pages:
    """Writes pages; safe to share between threads, which a sandbox is not."""

    def __init__(self, folders: Sequence[Path], sender: Sender, room: str = WEB) -> None:
        self._folders = [folder / room for folder in folders]
        self._sender = sender
        self._readers: dict[str, _Reader] = {}
        self._turn = Lock()
        self.languages = languages(self._folders)

    def write(self, name: str, locale: str, /, **variables: object) -> Page:
        """The page called `name` for a reader of `locale`, with these variables; RenderError when it cannot be."""
        with self._turn:
            return self.reader(locale).write(name, variables)

    def reader(self, locale: str) -> "_Reader":
        """What is set up once for readers of a language. Not for several threads at once."""
        if locale not in self._readers:
            if len(self._readers) >= MOST_READERS:
                self._readers.clear()
            self._readers[locale] = _Reader(self._folders, self._sender, locale)
        return self._readers[locale]


class _Reader:
    def __init__(self, folders: Sequence[Path], sender: Sender, locale: str) -> None:
        searched = [folder / place for place in places(locale) for folder in folders]
        words, self.lang = words_for(folders, locale)
        # A reader of a language that pages do not speak gets English, and days and times in English with it.
        speech = Speech(locale if self.lang.partition("-")[0] == locale.partition("-")[0] else self.lang)
        self.sandbox: Sandbox = environment([*searched, *folders], html=True)
        self._inset = Inset(self.sandbox.source)
        self.sandbox.filters.update(speech.filters)
        given: dict[str, Any] = {
            "sender": sender,
            "lang": self.lang,
            "direction": direction(self.lang),
            "zones": lambda: speech.zones,
            "say": words.say,
            "knows": words.has,
            "style": self._inset.style,
            "wants": self._inset.want,
            "scripts": self._inset.all_scripts,
        }
        self.sandbox.globals.update(given)

    def write(self, name: str, variables: dict[str, object]) -> Page:
        self._inset.begin()
        html = self.sandbox.rendered(self.sandbox.compiled(f"{name}.html"), variables)
        return Page(html, tuple(self._inset.styles), tuple(self._inset.scripts))
