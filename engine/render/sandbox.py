"""The only place where Jinja is set up: sandboxed, strict, bounded, and reading nothing outside the template folders.

env = environment([workspace / "templates", shipped], html=True)
condition = compile_expression("week > 1")
undeclared(env, "email/prompt.html")   ->  {"partner.given_name": 3, "week": 7}
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
from jinja2 import nodes, pass_context, pass_environment
from jinja2.lexer import TokenStream
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from engine.render import spec_bounds as bounds
from engine.render.spec_budget import NODE, made, one_rendering, weighed, work
from engine.render.spec_errors import RenderError, explain, missing
from engine.render.spec_filters import bounded_filters, bounded_tests, may_call, may_do
from engine.render.spec_policy import COUNTED, HOLDING, SPENT, WEIGHED, Bounding, bounded_tokens, words
from engine.render.spec_source import Extra, Folders, Preprocess
from engine.render.spec_variables import undeclared

_PIECE = 8  # characters that each piece of what is printed counts for besides its own: it may be kept in a list

__all__ = ["RenderError", "Sandbox", "compile_expression", "environment", "undeclared"]


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja with every operation bounded and each rendering on a budget of steps and characters.

    Filters added by the house must be pure functions of their arguments: specialising relies on it. Not for use by
    several threads at once, since the budget is the environment's own.
    """

    intercepted_binops = frozenset(bounds.BINARY)
    intercepted_unops = frozenset(bounds.UNARY)

    def __init__(self, loader: jinja2.BaseLoader | None, *, html: bool) -> None:
        self._words: set[str] = set()
        super().__init__(
            loader=loader,
            autoescape=html,
            undefined=missing(self._words),
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            optimized=False,  # it would work out constants while compiling, each of them again and again
            finalize=self.printed,
        )
        self.html = html
        self.twin: Sandbox | None = None  # where its templates are traced; made by `trace`
        own = {COUNTED: _counted, HOLDING: bounds.contained, WEIGHED: weighed, SPENT: _spent}
        self.filters = {**bounded_filters(), **own}
        self.tests = dict[str, Any](bounded_tests())
        self.globals = {"range": bounds.bounded_range}
        self.binop_table = dict(bounds.BINARY)
        self.unop_table = dict(bounds.UNARY)
        self.template_class = BoundedTemplate
        self.begin()

    def begin(self) -> None:
        """A new rendering: the budget is whole again."""
        self._steps = bounds.MAX_STEPS
        self._characters = 16 * bounds.MAX_TEXT

    def step(self) -> None:
        """One loop iteration, call or include."""
        self._steps -= 1
        if self._steps < 0:
            raise RenderError(f"it takes more than {bounds.MAX_STEPS} loop iterations and calls")

    @pass_context  # or Jinja would print constants while compiling
    def printed(self, _context: Context, value: Any) -> Any:
        """What `{{ value }}` prints; also counts it, since a macro may print much and return little."""
        text = isinstance(value, str)
        self._characters -= _PIECE + len(value) if text else _PIECE
        if self._characters < 0:
            raise RenderError("it prints too much")
        return value if text else bounds.printable(value)

    def counted(self, items: Iterable[Any], turn: int) -> Iterator[Any]:
        """What every `for` iterates; `turn` is how much there is to do for each."""
        cost = NODE * turn
        for item in items:
            self.step()
            work(cost)
            yield item

    def concat(self, pieces: Iterable[str]) -> str:
        """The text of a template, block, macro or `set` block: joined only while it is no longer than a message."""
        kept, room = [], bounds.MAX_TEXT
        for piece in pieces:
            room -= len(piece)
            if room < 0:
                raise RenderError(f"the text grows past {bounds.MAX_TEXT} characters")
            kept.append(piece)
        return made("".join(kept))  # type: ignore[no-any-return]

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return super().is_safe_attribute(obj, attr, value) and (not callable(value) or may_call(obj, attr))

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        return None  # `is_safe_attribute` refuses str.format altogether

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        __self.step()
        named = (value for name, value in kwargs.items() if name not in ("_loop_vars", "_block_vars"))  # Jinja's own
        may_do(__obj, (*args, *named))
        return made(super().call(__context, __obj, *args, **kwargs))

    def get_template(self, name: Any, parent: str | None = None, globals: Any = None) -> jinja2.Template:  # noqa: A002
        self.step()
        return super().get_template(name, parent, globals)

    def select_template(self, names: Any, parent: str | None = None, globals: Any = None) -> jinja2.Template:  # noqa: A002
        self.step()
        return super().select_template(names, parent, globals)

    def _tokenize(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> TokenStream:
        """What every template and expression is read from, whatever for."""
        tokens = super()._tokenize(source, name, filename, state)
        return TokenStream(bounded_tokens(source, tokens, name), name, filename)

    def _generate(
        self, source: nodes.Template, name: str | None, filename: str | None, defer_init: bool = False
    ) -> str:
        self._words |= words(source)
        return super()._generate(Bounding(name).visit(source), name, filename, defer_init)

    def compiled(self, name: str, source: str | None = None) -> jinja2.Template:
        """The template called `name`, from `source` if given; RenderError with its line when it does not compile."""
        self.begin()
        try:
            with one_rendering():
                if source is None:
                    return self.get_template(name)
                return self.template_class.from_code(self, self.compile(source, name), self.make_globals(None))
        except Exception as error:
            raise explain(error, name) from None

    def source(self, name: str) -> str:
        """A file of the template folders as it is, Jinja or not; TemplateNotFound when there is none."""
        if self.loader is None:
            raise jinja2.TemplateNotFound(name)
        return self.loader.get_source(self, name)[0]

    def rendered(self, template: jinja2.Template, variables: Mapping[str, object]) -> str:
        """`template` rendered in the ordinary way."""
        self.begin()
        try:
            with one_rendering():
                return self.concat(template.root_render_func(template.new_context(dict(variables))))
        except Exception as error:
            raise explain(error, template.name) from None


class BoundedTemplate(jinja2.Template):
    """A compiled template whose `~` is bounded; Jinja has no hook for that operator."""

    runtime: Mapping[str, Any] = {"markup_join": bounds.markup_join, "str_join": bounds.str_join}

    @classmethod
    def from_code(cls, environment: Any, code: Any, globals: Any, uptodate: Any = None) -> jinja2.Template:  # noqa: A002
        """Also puts `runtime` where the compiled code looks for Jinja's own functions."""
        template = super().from_code(environment, code, globals, uptodate)
        template.root_render_func.__globals__.update(cls.runtime)
        return template


@pass_environment
def _counted(environment: Sandbox, items: Iterable[Any], turn: int) -> Iterator[Any]:
    return environment.counted(items, turn)


def _spent(turn: int) -> None:
    work(NODE * turn)


def environment(
    folders: Sequence[Path], *, html: bool, extra: Extra | None = None, preprocess: Preprocess | None = None
) -> Sandbox:
    """A sandbox over `folders`, the first of which wins.

    `extra(name)` may give a source from memory, and must always give the same one for the same name: templates are
    compiled once. `preprocess(name, source)` has the last word on every source.
    """
    return Sandbox(Folders(folders, extra, preprocess), html=html)


def compile_expression(source: str) -> Callable[[Mapping[str, object]], bool]:
    """A campaign's `when:` as a function of its variables. RenderError when it is not an expression, or fails."""
    sandbox = environment([], html=False)
    try:
        with one_rendering():
            evaluate = sandbox.compile_expression(source, undefined_to_none=False)
    except Exception as error:
        raise explain(error, None) from None

    def holds(variables: Mapping[str, object]) -> bool:
        sandbox.begin()
        try:
            with one_rendering():
                return bool(evaluate(variables))
        except Exception as error:
            raise explain(error, None) from None

    return holds
