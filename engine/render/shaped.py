"""Emails that keep their shape: many of one step, alike but for a few slots each."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from engine.render.mime import UNSUBSCRIBE, Skeleton, header_values
from engine.render.mime_frame import Frame
from engine.render.recipient import Recipient
from engine.render.spec_errors import RenderError
from engine.render.trace import Slots, Trace, interleaved
from engine.transport.base import EmailMessage, Shape

MOST_SHAPES = 8
Header = tuple[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Mould:
    """What emails of one shape share."""

    shape: Shape
    sender: str
    headers: tuple[Header, ...]
    assemble: Callable[[EmailMessage], bytes]
    frame: Frame | None


class Moulds:
    """The moulds of one step's emails, by the paths that rendering took; the first so many are kept."""

    def __init__(self, skeleton: Skeleton, sender: str, headers: tuple[Header, ...]) -> None:
        self._skeleton = skeleton
        self._sender = sender
        self._headers = headers
        self._kept: dict[tuple[Trace, Trace], Mould] = {}

    def of(self, text: Trace, html: Trace) -> Mould | None:
        """The same one for the same paths; None when too many others came first, or it cannot be encoded."""
        found = self._kept.get((text, html))
        if found is None and len(self._kept) < MOST_SHAPES and encodable("".join((*text.constants, *html.constants))):
            shape = Shape(text.constants, html.constants)
            found = Mould(shape, self._sender, self._headers, self._skeleton.assemble, self._skeleton.frame(shape))
            self._kept[text, html] = found
        return found


class ShapedEmail(EmailMessage):
    """An email that holds only what is its own; text and HTML are joined for whoever reads them, and not kept.

    RenderError, on making it, for whatever could fail later. Not for `dataclasses.replace`, which makes another from
    all that can be read of one.
    """

    __slots__ = ("_mould", "_to", "_values")
    _mould: Mould
    _to: Recipient
    _values: tuple[bytes, ...]

    def __init__(self, mould: Mould, to: Recipient, subject: str, slots: Slots) -> None:
        values = header_values(to.address, subject, to.date, to.message_id, f"<{to.links.unsubscribe}>")
        refuse_halves("".join(slots))
        keep = object.__setattr__  # it is frozen
        keep(self, "_mould", mould)
        keep(self, "_to", to)
        keep(self, "_values", values)
        keep(self, "subject", subject)
        keep(self, "slots", slots)

    def mime(self) -> bytes:
        """As any email's."""
        frame = self._mould.frame
        ready = frame.filled(self._values, self.slots) if frame is not None and self._to.address else None
        return self.assemble(self) if ready is None else ready

    @property
    def text(self) -> str:
        return interleaved(self.shape.text, self.slots[: len(self.shape.text) - 1])

    @property
    def html(self) -> str:
        return interleaved(self.shape.html, self.slots[len(self.shape.text) - 1 :])

    @property
    def headers(self) -> tuple[Header, ...]:
        return ((UNSUBSCRIBE, f"<{self._to.links.unsubscribe}>"), *self._mould.headers)

    @property
    def delivery_id(self) -> int:
        return self._to.delivery_id

    @property
    def to(self) -> str:
        return self._to.address

    @property
    def message_id(self) -> str:
        return self._to.message_id

    @property
    def date(self) -> datetime:
        return self._to.date

    @property
    def sender(self) -> str:
        return self._mould.sender

    @property
    def assemble(self) -> Callable[[EmailMessage], bytes]:
        return self._mould.assemble

    @property
    def shape(self) -> Shape:
        return self._mould.shape


def encodable(text: str) -> bool:
    """Whether UTF-8 can carry it."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def refuse_halves(text: str) -> None:
    """RenderError when `text` holds half of a surrogate pair, which UTF-8 cannot carry."""
    if not encodable(text):
        raise RenderError("the message holds half of a surrogate pair", "Correct the partner's name.")
