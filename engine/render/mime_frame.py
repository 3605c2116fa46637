"""The bytes that all emails of one shape share, ready made: encoded, with CRLF line ends, and open where they differ.

A frame takes usual slots only: printable, and so short that no line can become too long. Of these it is known
beforehand what assembling would find out: which encoding carries a part, and that nothing needs quoting. For any other
it declines, and the message is assembled from its text and HTML. Same bytes either way.
"""

from collections.abc import Sequence
from typing import Self

from engine.render.mime_layout import BOUNDARIES, LONGEST_LINE, coding, layout
from engine.transport.base import Shape

_GAP = "\0"  # stands for a slot while lines are measured


class Frame:
    """The emails of one shape. `heading` is what stands around their header values, and so has one more part."""

    def __init__(self, heading: Sequence[bytes], boundary: bytes, shape: Shape, room: int) -> None:
        self._heading = list(heading)
        self._boundary = boundary
        self._shape = shape
        self._room = room
        self._in_text = len(shape.text) - 1
        self._ends_open = "" in (shape.text[-1], shape.html[-1])
        # Whether a slot could go on with a boundary that a constant begins.
        starts = tuple(boundary.decode("ascii")[:length] for length in range(1, len(boundary)))
        self._may_meet = any(constant.endswith(starts) for constant in (*shape.text, *shape.html))
        self._parts: dict[tuple[bool, bool], list[bytes]] = {}

    @classmethod
    def of(cls, heading: Sequence[bytes], boundary: bytes, shape: Shape) -> Self | None:
        """The frame of `shape`; None when its constants are unusual, so that every message must be looked at."""
        whole = _GAP.join((*shape.text, *shape.html))
        gaps = len(shape.text) + len(shape.html) - 1
        if "\r" in whole or whole.count(_GAP) != gaps or boundary.decode("ascii") in whole:
            return None
        room = min(_room(shape.text), _room(shape.html))
        return None if room < 0 else cls(heading, boundary, shape, room)

    def filled(self, values: Sequence[bytes], slots: Sequence[str]) -> bytes | None:
        """The message with these header values and slots, which UTF-8 can encode; None when a slot is unusual."""
        words = "".join(slots)
        # An empty slot at the end would leave it to what is before it whether a line end must be added.
        if not words.isprintable() or (self._ends_open and "" in slots):
            return None
        encoded = [slot.encode() for slot in slots]
        if words.isascii():
            wide = (False, False)
        else:
            wide = (not "".join(slots[: self._in_text]).isascii(), not "".join(slots[self._in_text :]).isascii())
        if encoded and max(map(len, encoded)) > self._room:
            return None
        parts = self._with(*wide).copy()
        parts[1::2] = [*values, *encoded]
        message = b"".join(parts)
        if (self._may_meet or "=" in words) and message.count(self._boundary) != BOUNDARIES:
            return None
        return message

    def _with(self, wide_text: bool, wide_html: bool) -> list[bytes]:
        """A message whose text's or HTML's slots hold letters beyond ASCII, or do not: constants and, between, gaps."""
        key = (wide_text, wide_html)
        if key not in self._parts:
            text, html = ([_crlf(constant) for constant in part] for part in (self._shape.text, self._shape.html))
            around = layout(
                self._boundary,
                coding(not wide_text and all(map(bytes.isascii, text))),
                coding(not wide_html and all(map(bytes.isascii, html))),
            )
            parts = _chained(self._heading, around.before, text)
            parts = _chained(parts, _line_end(text) + around.between, html)
            parts = _chained(parts, _line_end(html) + around.after, [b""])
            self._parts[key] = [part for constant in parts for part in (constant, b"")][:-1]
        return self._parts[key]


def _room(constants: Sequence[str]) -> int:
    """How many octets each slot may have so that no line is too long; negative: one is, whatever its slots are."""
    room = LONGEST_LINE
    for line in _GAP.join(constants).split("\n"):
        gaps = line.count(_GAP)
        left = LONGEST_LINE - len(line.encode()) + gaps
        room = min(room, left // gaps if gaps else min(left, 0) or room)
    return room


def _crlf(constant: str) -> bytes:
    return constant.replace("\n", "\r\n").encode()


def _line_end(constants: Sequence[bytes]) -> bytes:
    return b"" if constants[-1].endswith(b"\n") else b"\r\n"


def _chained(first: Sequence[bytes], between: bytes, then: Sequence[bytes]) -> list[bytes]:
    """Both with their gaps, and no gap but `between` where they meet."""
    return [*first[:-1], first[-1] + between + then[0], *then[1:]]
