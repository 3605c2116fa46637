"""What was done with the markers of one rendering, in order, as lines of source over named constants."""

import keyword
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from jinja2 import Environment
from jinja2.nodes import EvalContext
from jinja2.runtime import Context

from engine.render.trace_marker import Marker, marked, plain

MOST_STEPS = 2_000
"""A path of more is no path that many take, and compiling it would take seconds."""

_BY_VALUE = (str, int, bool, type(None), type)


class UntraceableError(Exception):
    """The template does something with personal data that a trace cannot express."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a trace: `target = source`; or, with no target, a guard that misses when `source` is true.

    `uses` are the targets it reads.
    """

    source: str
    uses: tuple[str, ...]
    target: str | None = None
    lazy: bool = False  # cannot fail, so it need not run unless something reads it


class Recorder:
    """Turns questions to markers into steps.

    Source is made of our own names, Python's words and public attribute names; every value enters by name.
    """

    def __init__(self, sandbox: Environment) -> None:
        self.steps: list[Step] = []
        self.constants: dict[str, Any] = {}
        self.gave_up = False
        self._sandbox = sandbox
        self._names: dict[Any, str] = {}
        self._known: dict[str, Marker] = {}
        self._guards: set[str] = set()
        self._unread: set[str] = set()
        self._pieces: dict[str, list[Any]] = {}
        self._contexts: dict[tuple[type, bool], Any] = {}

    def give_up(self) -> NoReturn:
        """Remembered, too, in case the exception is swallowed on its way up."""
        self.gave_up = True
        raise UntraceableError

    def constant(self, value: Any) -> str:
        """The name under which `value` enters the trace."""
        key = (type(value), value) if type(value) in _BY_VALUE else id(value)  # 1, True and 1.0 are equal, not the same
        name = self._names.setdefault(key, f"c{len(self._names)}")
        self.constants.setdefault(name, value)  # kept alive, so that an id is never used twice
        return name

    def root(self, recipient: object) -> Marker:
        """The marker for the recipient itself, which a compiled trace takes as its argument."""
        return Marker(self, "r", recipient)

    def field(self, owner: Marker, name: str) -> Marker | None:
        """A dataclass field of `owner`, read directly once its class is guarded; None if it has no such field."""
        kind = type(owner.value)
        fields = getattr(kind, "__dataclass_fields__", {})
        if name not in fields or not name.isidentifier() or name.startswith("_") or keyword.iskeyword(name):
            return None
        self.guard_type(owner)
        return self._made(f"{owner.name}.{name}", (owner.name,), lambda: getattr(owner.value, name), lazy=True)

    def truth(self, marker: Marker) -> bool:
        """Whether its value is true, guarded."""
        outcome = bool(marker.value)
        self._guard(f"not {marker.name}" if outcome else marker.name, marker)
        return outcome

    def length(self, marker: Marker) -> int:
        """The length of a tuple or list, guarded."""
        kind = type(marker.value)
        if kind not in (tuple, list):
            self.give_up()
        size = len(marker.value)
        self.guard_type(marker)
        self._guard(f"len({marker.name}) != {self.constant(size)}", marker)
        return size

    def guard_type(self, marker: Marker) -> None:
        """Whoever's value is of another class than this one's takes another path."""
        self._guard(f"type({marker.name}) is not {self.constant(type(marker.value))}", marker)

    def parts(self, marker: Marker) -> list[Marker]:
        """One marker for each item of a tuple, list or iterator; how many there are is guarded."""
        if hasattr(marker.value, "__next__"):
            marker = self.apply(tuple, (marker,))
        return [self._part(marker, place) for place in range(self.length(marker))]

    def _part(self, whole: Marker, place: int) -> Marker:
        source = f"{whole.name}[{self.constant(place)}]"
        return self._made(source, (whole.name,), lambda: whole.value[place], lazy=True)

    def in_pieces(self, whole: Marker, pieces: list[Any]) -> Marker:
        """`whole`, which is the text of `pieces` joined; shown, it is shown as them."""
        self._pieces[whole.name] = pieces
        return whole

    def pieces(self, marker: Marker) -> list[Any] | None:
        """What `marker` is known to be joined from, if it is."""
        return self._pieces.get(marker.name)

    def apply(
        self,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        named: dict[str, Any] | None = None,
        *,
        lazy: bool = False,
    ) -> Marker:
        """`function(*arguments, **named)`, now for the value at hand and later for every recipient. It must be pure.

        A `lazy` one cannot fail, and is left out of the trace unless something reads it.
        """
        arguments, named, uses = tuple(map(self._outside, arguments)), named or {}, list[str]()
        written = [self._written(argument, uses) for argument in arguments]
        if named:
            written.append(f"**{self._written(named, uses)}")
        source = f"{self.constant(function)}({', '.join(written)})"
        return self._made(source, tuple(uses), lambda: function(*plain(arguments), **plain(named)), lazy)

    def _made(self, source: str, uses: tuple[str, ...], value: Callable[[], Any], lazy: bool = False) -> Marker:
        if source in self._known:
            return self._known[source]
        marker = Marker(self, f"v{len(self.steps)}", value())
        self._add(Step(source, uses, marker.name, lazy))
        if hasattr(marker.value, "__next__"):
            self._unread.add(marker.name)  # an iterator can be read once: never shared, never read again
        else:
            self._known[source] = marker
        return marker

    def _guard(self, miss: str, marker: Marker) -> None:
        if miss not in self._guards:
            self._guards.add(miss)
            self._add(Step(miss, (marker.name,)))

    def _add(self, step: Step) -> None:
        if len(self.steps) >= MOST_STEPS:
            self.give_up()
        self.steps.append(step)

    def _written(self, value: Any, uses: list[str]) -> str:
        """`value` as source: a marker by its name, a list that holds markers as a display, all else as a constant."""
        if type(value) is Marker:
            if value.recorder is not self:
                self.give_up()
            if hasattr(value.value, "__next__"):
                if value.name not in self._unread:
                    self.give_up()
                self._unread.remove(value.name)
            uses.append(value.name)
            return value.name
        if marked(value) is None:
            return self.constant(value)
        if type(value) is dict:
            return "{" + ", ".join(f"{self.constant(key)}: {self._written(value[key], uses)}" for key in value) + "}"
        if type(value) not in (list, tuple):
            self.give_up()
        items = "".join(f"{self._written(item, uses)}, " for item in value)
        return f"[{items}]" if type(value) is list else f"({items})"

    def _outside(self, value: Any) -> Any:
        """What a filter is given as its context: one that knows nothing of the rendering being traced."""
        if isinstance(value, Environment):
            return self._sandbox
        if not isinstance(value, Context | EvalContext):
            return value
        evaluation = value if isinstance(value, EvalContext) else value.eval_ctx
        key = (type(value), bool(evaluation.autoescape))
        if key not in self._contexts:
            fresh = EvalContext(self._sandbox)
            fresh.autoescape = evaluation.autoescape
            if isinstance(value, Context):
                context = Context(self._sandbox, {}, None, {})
                context.eval_ctx = fresh
                self._contexts[key] = context
            else:
                self._contexts[key] = fresh
        return self._contexts[key]
