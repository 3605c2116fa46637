"""Web pages, from `web/NAME.html` in the template folders: the closest language wins, then the first folder."""

import re
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

from engine.model.sender import Sender
from engine.render.sandbox import Sandbox, environment

WEB = "web"
MOST_SANDBOXES = 16
_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")  # nothing else becomes a path


class Pages:
    """Writes pages; safe to share between threads, which a sandbox is not."""

    def __init__(self, folders: Sequence[Path], sender: Sender) -> None:
        self._folders = [folder / WEB for folder in folders]
        self._sender = sender
        self._sandboxes: dict[str, Sandbox] = {}
        self._turn = Lock()

    def write(self, name: str, locale: str, **variables: object) -> str:
        """The page for a reader of `locale`, with `sender` and these variables; RenderError when it cannot be."""
        with self._turn:
            sandbox = self._sandbox(locale)
            return sandbox.rendered(sandbox.compiled(name), {"sender": self._sender, **variables})

    def _sandbox(self, locale: str) -> Sandbox:
        if locale not in self._sandboxes:
            if len(self._sandboxes) >= MOST_SANDBOXES:
                self._sandboxes.clear()
            parts = locale.split("-") if _LOCALE.fullmatch(locale) else []
            languages = ["-".join(parts[:length]) for length in range(len(parts), 0, -1)]
            folders = [folder / language for language in languages for folder in self._folders]
            self._sandboxes[locale] = environment([*folders, *self._folders], html=True)
        return self._sandboxes[locale]
