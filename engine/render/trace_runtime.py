"""Jinja as it runs while a template is traced: each operation that meets a marker is recorded, all else is as usual.

Compiled templates find Jinja's runtime by name in their module; a traced template finds the names below instead.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import BuiltinMethodType, MethodType
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import BlockReference, Context, LoopContext, Macro
from markupsafe import Markup, escape

from engine.render import spec_bounds as bounds
from engine.render.markdown import named
from engine.render.sandbox import BoundedTemplate, Sandbox
from engine.render.spec_policy import OURS
from engine.render.trace_marker import Marker, marked
from engine.render.trace_printing import named_in_pieces, printed_html, printed_text, printing, recording


def called(method: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """`method(...)`, where the sandbox let the template have `method`."""
    return method(*arguments, **named)


def joined(*pieces: str) -> str:
    """The text of a block, macro or `set` block."""
    return bounds.fits("".join(pieces))


def merged(pieces: Iterable[Any]) -> list[Any]:
    """`pieces` with neighbouring constants made one; no empty ones."""
    kept: list[Any] = []
    for piece in pieces:
        if type(piece) is Marker:
            kept.append(piece)
        elif kept and type(kept[-1]) is str:
            kept[-1] += str(piece)  # plain text first: adding Markup to a str would escape the str
        elif piece:
            kept.append(str(piece))
    return kept


class TracedMacro(Macro):
    """A macro whose text may hold markers."""

    def _invoke(self, arguments: list[Any], autoescape: bool) -> Any:
        text = self._func(*arguments)
        return _markup(text) if autoescape else text


class TracedBlock(BlockReference):
    """`super()` and `self.name()`, whose text may hold markers."""

    @property
    def super(self) -> Any:
        if self._depth + 1 >= len(self._stack):
            return super().super
        return TracedBlock(self.name, self._context, self._stack, self._depth + 1)

    def __call__(self) -> Any:
        text = self._context.environment.concat(self._stack[self._depth](self._context))
        return _markup(text) if self._context.eval_ctx.autoescape else text


class TracedSelf:
    """`self` in a traced template."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def __getitem__(self, name: str) -> TracedBlock:
        return TracedBlock(name, self._context, self._context.blocks[name], 0)


class TracedContext(Context):
    """The variables of a traced rendering."""

    def super(self, name: str, current: Any) -> Any:
        found = super().super(name, current)
        return TracedBlock(name, self, found._stack, found._depth) if isinstance(found, BlockReference) else found


_markup = recording(Markup)


class TracedTemplate(BoundedTemplate):
    """A compiled template that finds the functions of this module where it looks for Jinja's."""

    runtime: Mapping[str, Any] = {
        "Macro": TracedMacro,
        "Markup": _markup,
        "TemplateReference": TracedSelf,
        "escape": printing(escape, printed_html),
        "markup_join": recording(bounds.markup_join),
        "str": printing(str, printed_text),
        "str_join": recording(bounds.str_join),
    }


class TracingSandbox(Sandbox):
    """The twin of a sandbox in which templates are traced: the same sources, filters, tests and rules."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox.loader, html=sandbox.html)
        self.sandbox = sandbox
        self.template_class = TracedTemplate
        self.context_class = TracedContext
        self.globals = sandbox.globals
        own: dict[str, Callable[..., Any]] = {name: sandbox.filters[name] for name in OURS}
        filters: dict[str, Callable[..., Any]] = sandbox.filters
        self.filters = own | {
            name: named_in_pieces if function is named else recording(function)
            for name, function in filters.items()
            if name not in own
        }
        tests: dict[str, Any] = sandbox.tests
        self.tests = {name: recording(function) for name, function in tests.items()}

    @pass_context
    def printed(self, context: Context, value: Any) -> Any:
        return value if type(value) is Marker else super().printed(context, value)

    def counted(self, items: Iterable[Any], turn: int) -> Iterator[Any]:
        return super().counted(iter(items) if type(items) is Marker else items, turn)

    def concat(self, pieces: Iterable[Any]) -> Any:
        parts = merged(pieces)
        recorder = marked(parts)
        return super().concat(parts) if recorder is None else recorder.apply(joined, tuple(parts))

    def getattr(self, obj: Any, attribute: str) -> Any:
        if type(obj) is not Marker:
            return super().getattr(obj, attribute)
        found = obj.recorder.field(obj, attribute)
        return obj.recorder.apply(self.sandbox.getattr, (obj, attribute)) if found is None else found

    def getitem(self, obj: Any, argument: Any) -> Any:
        recorder = marked(argument) or (obj.recorder if type(obj) is Marker else None)
        return (
            super().getitem(obj, argument)
            if recorder is None
            else recorder.apply(self.sandbox.getitem, (obj, argument))
        )

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        recorder = marked((left, right))
        function = self.binop_table[operator]
        return function(left, right) if recorder is None else recorder.apply(function, (left, right))

    def call_unop(self, context: Context, operator: str, arg: Any) -> Any:
        function = self.unop_table[operator]
        return arg.recorder.apply(function, (arg,)) if type(arg) is Marker else function(arg)

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        named = {name: value for name, value in kwargs.items() if name not in ("_loop_vars", "_block_vars")}  # Jinja's
        owner = getattr(__obj, "__self__", None) if isinstance(__obj, BuiltinMethodType | MethodType) else None
        recorder = marked((__obj, args, named, owner))
        template_code = isinstance(__obj, Macro | BlockReference) or isinstance(owner, LoopContext)
        if recorder is None or template_code:
            return super().call(__context, __obj, *args, **kwargs)
        method = __obj.value if type(__obj) is Marker else __obj
        if not isinstance(method, BuiltinMethodType) or marked(owner):
            recorder.give_up()
        __self.step()
        return recorder.apply(called, (__obj, *args), named)
