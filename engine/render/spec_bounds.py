"""What one operation in a template may cost: its operators, containers and ranges, bounded.

Sandboxed Jinja keeps a template away from Python's internals but not from the machine's memory: `'a' * 10**9`,
`'%999999999d' % 1` and `x|replace('', x)` are all allowed there. Here each is refused before it allocates.
"""

import operator
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, time, timedelta
from typing import Any

from jinja2 import Undefined
from jinja2.runtime import markup_join as _markup_join
from jinja2.runtime import str_join as _str_join

from engine.render.spec_budget import HEAVY, made, whole, work
from engine.render.spec_errors import RenderError

MAX_TEXT = 256 * 1024  # characters of one message part, and of any value inside it
MAX_STEPS = 10_000  # loop iterations, calls and includes of one rendering
_MAX_COUNT = 1_000  # widths, range lengths and other numbers that become sizes
_MAX_BITS = 256

_PRINTABLE = (str, int, float, date, time, timedelta, type(None), Undefined)


def printable(value: Any) -> Any:
    """`value` if it is text, a number, a moment or nothing; a list, dict or object is refused: its repr is no prose."""
    if isinstance(value, _PRINTABLE):
        return value
    raise RenderError(f"a {type(value).__name__} cannot be printed", "Print its parts, or join them.")


def fits(text: str) -> str:
    """`text` if it is no longer than a message may be."""
    if len(text) > MAX_TEXT:
        raise RenderError(f"text grows past {MAX_TEXT} characters")
    return text


def number(value: Any) -> Any:
    """`value` if it is no whole number of more digits than anybody counts in."""
    if isinstance(value, int) and value.bit_length() > _MAX_BITS:
        raise RenderError("a number is too large")
    return value


def size(number: int) -> int:
    """`number` if it is small enough to be a width or a length."""
    if abs(number) > _MAX_COUNT:
        raise RenderError(f"a size here is more than {_MAX_COUNT}")
    return number


def width(value: Any) -> int:
    """An upper bound on the characters `value` prints as."""
    if isinstance(printable(value), str):
        return len(value)
    return value.bit_length() if isinstance(value, int) else 400  # the longest float is 309 digits


def contained(value: Any) -> Any:
    """A list, tuple or dict made by a template, if all it holds (shared parts counted each time) is small."""
    held = whole(value, MAX_TEXT)
    if held > MAX_TEXT:
        raise RenderError("a list here holds too much")
    work(HEAVY * held)
    return value


# --- operators ---------------------------------------------------------------------------------------------------


def _sequences(left: Any, right: Any) -> bool:
    return any(isinstance(side, Sequence) and not isinstance(side, str) for side in (left, right))


def add(left: Any, right: Any) -> Any:
    if _sequences(left, right):
        raise RenderError("lists cannot be added in a template")
    if isinstance(left, str) and isinstance(right, str):
        if len(left) + len(right) > MAX_TEXT:
            raise RenderError(f"text grows past {MAX_TEXT} characters")
        work(len(left) + len(right))
    return number(left + right)


def multiply(left: Any, right: Any) -> Any:
    for one, other in ((left, right), (right, left)):
        if isinstance(one, str) and isinstance(other, int):
            if len(one) * max(other, 0) > MAX_TEXT:
                raise RenderError(f"text grows past {MAX_TEXT} characters")
            work(len(one) * max(other, 0))
    if _sequences(left, right):
        raise RenderError("lists cannot be repeated in a template")
    return number(left * right)


def power(left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int) and left.bit_length() * abs(right) > _MAX_BITS:
        raise RenderError("a number is too large")
    return number(left**right)


def modulo(left: Any, right: Any) -> Any:
    if not isinstance(left, str):
        return number(left % right)
    values = right if isinstance(right, tuple) else tuple(right.values()) if isinstance(right, dict) else (right,)
    widest = max((width(value) for value in values), default=0)
    for digits in re.findall(r"\d+", left):
        if len(digits) > 5:
            raise RenderError("a number in the format is too large")
        widest = max(widest, int(digits))
    if "*" in left and "%" in left:  # a width may come from a value: `%*d`
        for value in values:
            if isinstance(value, int):
                size(value)
    work(len(left) + left.count("%") * (widest + 1000))
    return made(fits(left % right))


def _counted(function: Callable[..., Any]) -> Callable[..., Any]:
    """An operator of numbers, whose result is one that templates count in."""

    def checked(*numbers: Any) -> Any:
        return number(function(*numbers))

    return checked


BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "+": add,
    "-": _counted(operator.sub),
    "*": multiply,
    "/": _counted(operator.truediv),
    "//": _counted(operator.floordiv),
    "%": modulo,
    "**": power,
}
UNARY: dict[str, Callable[[Any], Any]] = {"+": _counted(operator.pos), "-": _counted(operator.neg)}


def bounded_range(*arguments: int) -> range:
    """Python's range of at most a thousand numbers."""
    numbers = range(*arguments)
    if len(numbers[: _MAX_COUNT + 1]) > _MAX_COUNT:
        raise RenderError(f"a range here is longer than {_MAX_COUNT}")
    return numbers


def markup_join(parts: Iterable[Any]) -> str:
    """The `~` operator where text is escaped."""
    return _joined(_markup_join, parts)


def str_join(parts: Iterable[Any]) -> str:
    """The `~` operator where it is not."""
    return _joined(_str_join, parts)


def _joined(join: Callable[[Iterable[Any]], str], parts: Iterable[Any]) -> str:
    parts = tuple(parts)
    work(sum(map(width, parts)))
    joined = fits(join(parts))
    work(len(joined))
    return joined
