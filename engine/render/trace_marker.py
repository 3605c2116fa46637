"""A marker stands for something personal while a template is traced; the recorder writes down what is done with it.

A marker carries the value of the recipient at hand, so that conditions have an answer, and the name of the variable
that will hold the value in the compiled trace. Whatever Python may ask of a value and a marker cannot answer exactly
raises UntraceableError, and the template is rendered in the ordinary way.
"""

import operator
from collections.abc import Callable, Iterator
from typing import Any, NoReturn, Protocol


class Recording(Protocol):
    """What a marker asks of the recorder it belongs to; see trace_recorder."""

    def give_up(self) -> NoReturn: ...
    def truth(self, marker: "Marker") -> bool: ...
    def length(self, marker: "Marker") -> int: ...
    def parts(self, marker: "Marker") -> list["Marker"]: ...
    def field(self, owner: "Marker", name: str) -> "Marker | None": ...
    def guard_type(self, marker: "Marker") -> None: ...
    def pieces(self, marker: "Marker") -> list[Any] | None: ...
    def in_pieces(self, whole: "Marker", pieces: list[Any]) -> "Marker": ...
    def apply(
        self,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        named: dict[str, Any] | None = None,
        *,
        lazy: bool = False,
    ) -> "Marker": ...


class Marker:
    """See the module. It has no attributes but its own three, so that nothing can take it for a plain value."""

    __slots__ = ("name", "recorder", "value")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, recorder: Recording, name: str, value: Any) -> None:
        self.recorder = recorder
        self.name = name
        self.value = value

    def __bool__(self) -> bool:
        return self.recorder.truth(self)

    def __len__(self) -> int:
        return self.recorder.length(self)

    def __iter__(self) -> Iterator["Marker"]:
        return iter(self.recorder.parts(self))

    def __getitem__(self, key: Any) -> "Marker":
        return self.recorder.apply(operator.getitem, (self, key))

    def __contains__(self, item: Any) -> bool:
        return bool(self.recorder.apply(operator.contains, (self, item)))

    def __eq__(self, other: object) -> Any:
        return self.recorder.apply(operator.eq, (self, other))

    def __ne__(self, other: object) -> Any:
        return self.recorder.apply(operator.ne, (self, other))

    def __lt__(self, other: Any) -> "Marker":
        return self.recorder.apply(operator.lt, (self, other))

    def __le__(self, other: Any) -> "Marker":
        return self.recorder.apply(operator.le, (self, other))

    def __gt__(self, other: Any) -> "Marker":
        return self.recorder.apply(operator.gt, (self, other))

    def __ge__(self, other: Any) -> "Marker":
        return self.recorder.apply(operator.ge, (self, other))

    def __getattr__(self, name: str) -> NoReturn:
        self.recorder.give_up()

    def _give_up(self, *arguments: Any) -> NoReturn:
        self.recorder.give_up()

    __str__ = __repr__ = __format__ = __index__ = __int__ = __float__ = __reversed__ = _give_up


def marked(value: Any) -> Recording | None:
    """The recorder of a marker in `value`, which may be a list, tuple or dict that holds one somewhere."""
    if type(value) is Marker:
        return value.recorder
    if isinstance(value, dict):
        value = value.values()  # a marker cannot be a key
    elif not isinstance(value, list | tuple):
        return None
    return next((recorder for recorder in map(marked, value) if recorder is not None), None)


def plain(value: Any) -> Any:
    """`value` with every marker replaced by what it stands for."""
    if type(value) is Marker:
        return value.value
    if type(value) in (list, tuple):
        return type(value)(map(plain, value))
    if type(value) is dict:
        return {key: plain(item) for key, item in value.items()}
    return value
