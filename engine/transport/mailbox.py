"""Mails from where a mail server puts them: a Maildir, an mbox or single files. Nothing is moved, marked or locked."""

import mailbox
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from engine.model.event import Heard
from engine.transport.bounce import read_bounce
from engine.transport.bounce_report import MOST_BYTES
from engine.transport.source import Hook

BOUNCE = "bounce"


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail: where it is, and its bytes; None when it cannot be read. Of a long one only the beginning."""

    place: str
    content: bytes | None = field(repr=False)


@dataclass
class BounceMailbox:
    """The event source that a mailbox of bounces is, under the name of the transport whose mails they answer.

    Whoever reads their own mailbox needs no signature, but anyone may have written to it.
    """

    name: str
    signed: bool = False

    def verify(self, hook: Hook) -> None:
        """Nothing to hold a mail in one's own mailbox against."""

    def parse(self, hook: Hook) -> Sequence[Heard]:
        """As `read_bounce`."""
        return read_bounce(self.name, hook.body, hook.received_at)


def mails(paths: Iterable[Path]) -> Iterator[Mail]:
    """Every mail under `paths`, in order: a folder is a Maildir, a file that begins with `From ` is an mbox.

    A path that is neither is one Mail without content.
    """
    for path in paths:
        if path.is_dir():
            yield from _maildir(path)
        elif _begins_as_mbox(path):
            yield from _mbox(path)
        else:
            yield _file(path)


def _maildir(folder: Path) -> Iterator[Mail]:
    rooms = [folder / name for name in ("new", "cur") if (folder / name).is_dir()]
    if not rooms:
        yield Mail(str(folder), None)
    for room in rooms:
        for path in sorted(room.iterdir()):
            if path.is_file() and not path.name.startswith("."):
                yield _file(path)


def _mbox(path: Path) -> Iterator[Mail]:
    with closing(mailbox.mbox(path, create=False)) as box:
        for number, key in enumerate(box.iterkeys(), start=1):
            with closing(box.get_file(key)) as file:
                yield Mail(f"{path}, mail {number}", file.read(MOST_BYTES + 1))


def _file(path: Path) -> Mail:
    try:
        with path.open("rb") as file:
            return Mail(str(path), file.read(MOST_BYTES + 1))
    except OSError:
        return Mail(str(path), None)


def _begins_as_mbox(path: Path) -> bool:
    content = _file(path).content
    return content is not None and content.startswith(b"From ")
