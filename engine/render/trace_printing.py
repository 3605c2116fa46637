"""What is recorded of calls with markers, and above all of printing: what `{{ value }}` adds to a text."""

from collections.abc import Callable
from typing import Any

from markupsafe import Markup, escape

from engine.render import spec_bounds as bounds
from engine.render.markdown import Piece, named
from engine.render.trace_marker import Marker, marked

_ENTITIES = (("&", "&amp;"), (">", "&gt;"), ("<", "&lt;"), ("'", "&#39;"), ('"', "&#34;"))


def printed_html(value: Any) -> str:
    """What `{{ value }}` adds to HTML."""
    if type(value) is not str:
        return str(value) if type(value) is int else str(escape(bounds.printable(value)))
    text: str = value
    if not text.isalnum():
        for character, entity in _ENTITIES:  # the bytes of markupsafe.escape, without the object it wraps them in
            text = text.replace(character, entity)
    return text


def printed_text(value: Any) -> str:
    """What `{{ value }}` adds to plain text."""
    return value if type(value) is str else str(bounds.printable(value))


def recording(function: Callable[..., Any], traced: Callable[..., Any] | None = None) -> Callable[..., Any]:
    """`function`, recorded (as `traced`, if that is given) when an argument is or holds a marker."""

    def record(*arguments: Any, **named: Any) -> Any:
        recorder = marked(arguments) or marked(named)
        if recorder is None:
            return function(*arguments, **named)
        return recorder.apply(traced or function, arguments, named)

    if hasattr(function, "jinja_pass_arg"):
        record.jinja_pass_arg = function.jinja_pass_arg  # type: ignore[attr-defined]
    return record


def printing(function: Callable[..., Any], printed: Callable[[Any], str]) -> Callable[..., Any]:
    """`function`, which makes text of a value, recorded as `printed`; text in pieces is printed piece by piece."""
    record = recording(function, printed)

    def show(value: Any) -> Any:
        if type(value) is not Marker:
            return record(value)
        pieces = value.recorder.pieces(value)
        if pieces is None:
            return record(value)
        if printed is printed_html and not isinstance(value.value, Markup):
            pieces = [
                each.recorder.apply(printed, (each,), lazy=True) if type(each) is Marker else printed(each)
                for each in pieces
            ]
        return value.recorder.in_pieces(value.recorder.apply(printed, (value,), lazy=True), pieces)

    return show


def named_in_pieces(words: tuple[Piece, ...], name: Any) -> Any:
    """The filter `named`, recorded: an activity's words stay constants, and each name in them is a slot of its own."""
    if type(name) is not Marker or type(name.value) is not str or marked(words) is not None:
        return _named(words, name)
    if not any(piece.then for piece in words):
        return named(words, "")
    recorder = name.recorder
    recorder.guard_type(name)  # of a str nothing below can fail
    html = any(isinstance(piece.text, Markup) for piece in words)
    pieces: list[Any] = []
    for piece in words:
        pieces.append(piece.text)
        if piece.then:
            shown = name if piece.then == "name" else recorder.apply(_capital, (name,), lazy=True)
            pieces.append(recorder.apply(printed_html, (shown,), lazy=True) if html else shown)
    return recorder.in_pieces(recorder.apply(named, (words, name), lazy=True), pieces)


_named = recording(named)


def _capital(name: str) -> str:
    """As `named` writes it where a sentence begins."""
    return name[:1].upper() + name[1:]
