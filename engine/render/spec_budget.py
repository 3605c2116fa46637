"""What all the operations of one rendering may touch together, and what one of them may.

Ten thousand steps of a loop, each of which may turn over a long text, or one `map` over the letters of it, would take
minutes or gigabytes though no single operation does.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import GeneratorType
from typing import Any

from engine.render.spec_errors import RenderError

_MAX_WORK = 16 * 1024 * 1024  # characters, or items of a list, that one operation may touch on its way to a result
_MAX_IN_ALL = 4 * _MAX_WORK  # that all of one rendering may

_left: ContextVar[int | None] = ContextVar("left", default=None)


@contextmanager
def one_rendering() -> Iterator[None]:
    """Until it ends all work is added up. Outside, as where a trace runs, only single operations are bounded."""
    token = _left.set(_MAX_IN_ALL)
    try:
        yield
    finally:
        _left.reset(token)


def work(characters: int) -> None:
    """Refuse an operation that may touch too much by itself, or after those before it."""
    if characters > _MAX_WORK:
        raise RenderError("an operation here would touch too much text")
    left = _left.get()
    if left is not None:
        if characters > left:
            raise RenderError("its operations together touch too much text")
        _left.set(left - characters)


def weight(value: Any) -> int:
    """What it takes to go over a value once: its characters or items."""
    return 1 + len(value) if isinstance(value, str | list | tuple | dict | range) else 1


def paid(made: Any) -> Any:
    """What a filter made: a list whose items have been paid for, or a generator that pays for each as it comes."""
    if isinstance(made, GeneratorType):
        return _each_paid(made)
    if isinstance(made, list | tuple):
        work(sum(map(weight, made)))
    return made


def _each_paid(items: Iterable[Any]) -> Iterator[Any]:
    total = 0
    for item in items:
        total += weight(item)
        work(weight(item) if total <= _MAX_WORK else total)
        yield item
