"""What somebody who texts us is answered: one text from a template in `sms/`, which names nobody but the sender.

Every template sees `sender`, `lang` and the fields of a Response. None of them sees anything of the other partner, so
that no answer can tell what they did or did not do.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Lock

from engine.model.campaign import Channel
from engine.model.sender import Sender
from engine.model.strategy import DEFAULT_LOCALE
from engine.render.resources import Help
from engine.render.segments import plainer
from engine.render.shelf import Shelf, names
from engine.render.spec_errors import RenderError

STOPPED = "stopped"
STARTED = "started"
HELP = "help"
MENU = "menu"
SIGN_UP = "sign_up"  # START from somebody who never agreed to texts
DANGER = "danger"
KEPT_SHARED = "kept_shared"  # the first words of an answer, which is to be shared
KEPT_PRIVATE = "kept_private"  # the same, which is not
KEPT_OWN = "kept_own"  # the same, where nobody else is asked
SHARE = "share"
PRIVATE = "private"
CLOSED = "closed"  # both have seen both answers: nothing can be changed
UNASKED = "unasked"  # we may not keep answers of theirs
SHARED_PHONE = "shared_phone"  # a text from it may be anyone's
RATED = "rated"
DONE = "done"
SMALLER = "smaller"
LATER = "later"
NO_LATER = "no_later"  # it was put off often enough
PAUSED = "paused"
RESUMED = "resumed"
NOTHING = "nothing"  # an order about the latest activity, and there is none
NOTICES = (
    STOPPED, STARTED, HELP, MENU, SIGN_UP, DANGER, KEPT_SHARED, KEPT_PRIVATE, KEPT_OWN, SHARE, PRIVATE, CLOSED, UNASKED,
    SHARED_PHONE, RATED, DONE, SMALLER, LATER, NO_LATER, PAUSED, RESUMED, NOTHING,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class When:
    """A moment on the reader's own calendar, in parts: each language's templates put them into words."""

    year: int
    month: int
    day: int
    weekday: int  # 0 Monday
    hour: int
    minute: int
    clock: str  # 19:05

    @classmethod
    def of(cls, wall: datetime) -> "When":
        """The parts of a wall time."""
        clock = wall.strftime("%H:%M")
        return cls(wall.year, wall.month, wall.day, wall.weekday(), wall.hour, wall.minute, clock)


@dataclass(frozen=True, slots=True)
class Response:
    """What to answer: a notice by name, in the reader's language, and what it is filled with.

    `link` leads to a page of the reader's own, `when` is when something comes or ends, `smaller` an activity's smaller
    version, `number` what they rated, `help` where to find help (render.resources). Each may be missing.
    """

    name: str
    locale: str = DEFAULT_LOCALE
    channel: Channel = Channel.SMS
    link: str = field(default="", repr=False)
    when: When | None = None
    smaller: str = field(default="", repr=False)
    number: int | None = None
    help: Help | None = None


class Notices:
    """Writes responses from the templates in `folders`, the first of which wins. Safe to share between threads."""

    def __init__(self, folders: Sequence[Path], sender: Sender) -> None:
        self._shelf = Shelf(folders)
        self._shipped = Shelf(folders[-1:])
        self._sender = sender
        self._lock = Lock()  # webhooks are answered by several threads, and a sandbox is for one at a time

    def text(self, response: Response) -> str:
        """The response in the language closest to its reader's; RenderError when its template is wrong.

        One that says where help is comes out whatever an operator's own template does: as it is shipped, if need be.
        """
        with self._lock:
            try:
                text = self._rendered(self._shelf, response)
            except RenderError:
                if response.name != DANGER:
                    raise
                text = self._rendered(self._shipped, response)
        return plainer(text) if response.channel is Channel.SMS else text

    def nameless(self, locale: str) -> str:
        """What to call the other partner where their name is not known, or would make a text too long."""
        with self._lock:
            return self._shelf.text(f"{Channel.SMS.form}/other_name.txt", locale)

    def _rendered(self, shelf: Shelf, response: Response) -> str:
        (file,) = names(Channel.SMS, response.name)
        sandbox = shelf.sandbox(response.locale, html=False)
        seen = {
            "sender": self._sender,
            "lang": shelf.language(Channel.SMS, response.name, response.locale) or DEFAULT_LOCALE,
            **{each: getattr(response, each) for each in FILLED},
        }
        return sandbox.rendered(sandbox.compiled(file), seen).strip()


FILLED = ("link", "when", "smaller", "number", "help")
"""The fields of a Response that templates see."""
