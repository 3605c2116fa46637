"""What all the operations of one rendering may touch together, and what one of them may.

Ten thousand steps of a loop, each of which may turn over a long text, or one `map` over the letters of it, would take
minutes or gigabytes though no single operation does. So each pays before it begins, in characters: whatever is slower
than going over a character of text, or keeps more than one, costs as many more. All that may be paid is about a second.
"""

from collections.abc import Iterable, Iterator, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from types import GeneratorType
from typing import Any

from engine.render.spec_errors import RenderError

MOST_WORK = 16 * 1024 * 1024  # characters that one rendering, or compiling, may touch: ten times our longest page

HEAVY = 4  # of what is gone over letter by letter, or copied as part of a list
SLOT = 16  # of an item in a list that is made
ITEM = 64  # of an item that a filter sorts, groups, tests or maps
NODE = 32  # of a word of the template's own, each time that it may be carried out

_left: ContextVar[int | None] = ContextVar("left", default=None)
_SIZED: tuple[type[Sized], ...] = (str, list, tuple, dict, range, type({}.keys()), type({}.values()), type({}.items()))


@contextmanager
def one_rendering() -> Iterator[None]:
    """Until it ends all work is added up. Outside, as where a trace is taken, only single operations are bounded."""
    token = _left.set(MOST_WORK)
    try:
        yield
    finally:
        _left.reset(token)


def work(characters: int) -> None:
    """Refuse an operation that may touch too much by itself, or after those before it."""
    if characters > MOST_WORK:
        raise RenderError("an operation here would touch too much text")
    left = _left.get()
    if left is not None:
        if characters > left:
            raise RenderError("its operations together touch too much text")
        _left.set(left - characters)


def weight(value: Any) -> int:
    """What it takes to go over a value once: its characters or items."""
    return 1 + len(value) if isinstance(value, _SIZED) else 1


def whole(value: Any, most: int = MOST_WORK) -> int:
    """What it takes to go over all that a value holds, shared parts each time; of more than `most`, only that it is."""
    if not isinstance(value, list | tuple | dict):
        return weight(value) if isinstance(value, str) else 1
    total, inside = 0, [value]
    while inside:
        part = inside.pop()
        total += weight(part)
        if total > most:
            break
        if isinstance(part, dict):
            inside += part
            inside += part.values()
        elif isinstance(part, list | tuple):
            inside += part
    return total


def weighed(value: Any) -> Any:
    """`value`, which is about to be compared or cut, once all that it holds has been paid for."""
    if isinstance(value, _SIZED):
        work(HEAVY * whole(value))
    return value


def made(value: Any) -> Any:
    """`value`, just made and perhaps kept, once its characters or slots have been paid for."""
    if isinstance(value, str):
        work(len(value))
    elif isinstance(value, _SIZED):
        work(SLOT * len(value))
    return value


def paid(result: Any) -> Any:
    """What a filter made: a list whose items have been paid for, or a generator that pays for each as it comes."""
    if isinstance(result, GeneratorType):
        return _each_paid(result)
    if isinstance(result, list | tuple):
        work(SLOT * len(result) + sum(map(weight, result)))
    return result


def _each_paid(items: Iterable[Any]) -> Iterator[Any]:
    total = 0
    for item in items:
        cost = ITEM + weight(item)
        total += cost
        work(cost if total <= MOST_WORK else total)
        yield item
