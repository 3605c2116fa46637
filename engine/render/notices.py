"""What is said to someone who texts us STOP, START or HELP: one text, which names nobody but the sender.

The templates are sms/stopped.txt, sms/started.txt and sms/help.txt; they see `sender` and `lang`, and nothing personal.
"""

from collections.abc import Sequence
from pathlib import Path
from threading import Lock

from engine.model.campaign import Channel
from engine.model.sender import Sender
from engine.model.strategy import DEFAULT_LOCALE
from engine.render.shelf import Shelf, names

STOPPED = "stopped"
STARTED = "started"
HELP = "help"
NOTICES = (STOPPED, STARTED, HELP)


class Notices:
    """Writes notices from the templates in `folders`, the first of which wins. Safe to share between threads."""

    def __init__(self, folders: Sequence[Path], sender: Sender) -> None:
        self._shelf = Shelf(folders)
        self._sender = sender
        self._lock = Lock()  # webhooks are answered by several threads, and a sandbox is for one at a time

    def text(self, name: str, locale: str) -> str:
        """The notice called `name` in the language closest to `locale`; RenderError when its template is wrong."""
        (file,) = names(Channel.SMS, name)
        with self._lock:
            sandbox = self._shelf.sandbox(locale, html=False)
            lang = self._shelf.language(Channel.SMS, name, locale) or DEFAULT_LOCALE
            return sandbox.rendered(sandbox.compiled(file), {"sender": self._sender, "lang": lang}).strip()
