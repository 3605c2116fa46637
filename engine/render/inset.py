"""The style sheet and the scripts that a page brings along, as they are in the files: what CSP is told to allow.

A template writes `{{ style() }}` in its head and `{{ scripts("exit.js") }}` at its end. Whatever needs a script of its
own writes `{{ wants("counter.js") }}` anywhere before. Only these are allowed to a page: a script that somebody
smuggled into it has no digest in its policy and does not run.
"""

import re
from collections.abc import Callable

from markupsafe import Markup

from engine.render.spec_errors import RenderError

STYLE = "style.css"

_NAME = re.compile(r"[a-z][a-z0-9-]*\.(?:css|js)")
_ENDS = re.compile(r"<!--|</?(?:script|style)", re.IGNORECASE)


class Inset:
    """What one page has so far. `source` gives a file of the template folders by name."""

    def __init__(self, source: Callable[[str], str]) -> None:
        self._source = source
        self.begin()

    def begin(self) -> None:
        """A new page."""
        self._wanted: list[str] = []
        self._given: set[str] = set()
        self.styles: list[str] = []
        self.scripts: list[str] = []

    def style(self) -> Markup:
        """The style sheet; nothing when the page has it."""
        if self.styles:
            return Markup()
        text = self._read(STYLE)
        self.styles.append(text)
        return Markup(f"<style>{text}</style>")  # noqa: S704 - a file of the template folders

    def want(self, name: str) -> Markup:
        """Nothing yet: the script is put in by `all_scripts`."""
        self._wanted.append(str(name))
        return Markup()

    def all_scripts(self, *names: str) -> Markup:
        """These, and what was wanted so far; what the page has it gets no second time."""
        names = tuple(name for name in dict.fromkeys(map(str, (*names, *self._wanted))) if name not in self._given)
        texts = [self._read(name) for name in names]
        self._given.update(names)
        self._wanted.clear()
        self.scripts += texts
        return Markup("\n".join(f"<script>{text}</script>" for text in texts))  # noqa: S704 - as above

    def _read(self, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise RenderError("this is no name of a style sheet or script", "Such as counter.js.")
        text = self._source(name)
        if _ENDS.search(text):
            raise RenderError(f"{name} holds what would end it early", "Write such a word in two pieces.")
        return text
