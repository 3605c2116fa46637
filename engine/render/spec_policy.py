"""What a template may say: its length, then its syntax tree, are checked and bounded before it is compiled."""

from collections.abc import Iterable, Iterator
from typing import Any, cast

from jinja2 import nodes
from jinja2.lexer import Token
from jinja2.visitor import NodeTransformer

from engine.render.spec_bounds import number
from engine.render.spec_errors import RenderError

MOST_SOURCE = 256 * 1024  # characters of a template
MOST_TOKENS = 32 * 1024  # words, signs and pieces of text in it: each takes Python kilobytes to compile

COUNTED = "_counted"  # the filter put around what a loop iterates
HOLDING = "_holding"  # the filter put around a list, tuple or dict that a template makes
WEIGHED = "_weighed"  # the filter put around what is compared or cut
SPENT = "_spent"  # the filter that pays for a template, block or macro each time that it is carried out
OURS = (COUNTED, HOLDING, WEIGHED, SPENT)


class Bounding(NodeTransformer):
    """Puts every loop on the budget, bounds every list a template makes, and refuses what cannot be bounded."""

    def __init__(self, template: str | None) -> None:
        self._template = template

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802
        if node.recursive:
            self._refuse("recursive loops", node)
        turn = _words_in(node.body)
        self.generic_visit(node)
        node.iter = _filtered(COUNTED, node.iter, turn)
        return node

    def visit_Template(self, node: nodes.Template | nodes.Block | nodes.Macro | nodes.CallBlock) -> nodes.Node:  # noqa: N802
        turn = _words_in(node.body)
        self.generic_visit(node)
        spent = _filtered(SPENT, nodes.Const(turn, lineno=node.lineno, environment=node.environment))
        node.body.insert(0, nodes.ExprStmt(spent, lineno=node.lineno, environment=node.environment))
        return node

    visit_Block = visit_Macro = visit_CallBlock = visit_Template  # noqa: N815

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802
        """With a constant only what is looked through can take long: a text ends where the other does."""
        sides: list[nodes.Compare | nodes.Operand] = [node, *node.ops]
        short = any(isinstance(side.expr, nodes.Const) for side in sides)
        looked = [not short or (isinstance(side, nodes.Operand) and side.op in ("in", "notin")) for side in sides]
        self.generic_visit(node)
        for side, long in zip(sides, looked, strict=True):
            if long and not isinstance(side.expr, nodes.Const):
                side.expr = _filtered(WEIGHED, side.expr)
        return node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        if isinstance(node.arg, nodes.Slice):
            node.node = _filtered(WEIGHED, node.node)
        return node

    def visit_Const(self, node: nodes.Const) -> nodes.Node:  # noqa: N802
        number(node.value)
        return node

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802
        if node.dyn_args is not None or node.dyn_kwargs is not None:
            self._refuse("`*` and `**` arguments", node)
        return self.generic_visit(node)

    visit_Filter = visit_Test = visit_Call  # noqa: N815

    def visit_Name(self, node: nodes.Name) -> nodes.Node:  # noqa: N802
        if node.name in ("varargs", "kwargs"):
            self._refuse(f"`{node.name}`", node)
        return node

    def visit_List(self, node: nodes.List | nodes.Tuple | nodes.Dict) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return node if getattr(node, "ctx", "load") == "store" else _filtered(HOLDING, node)

    visit_Tuple = visit_Dict = visit_List  # noqa: N815

    def _refuse(self, what: str, node: nodes.Node) -> None:
        raise RenderError(f"{what} cannot be used in a template", template=self._template, line=node.lineno)


def _filtered(name: str, node: nodes.Node, given: int | None = None) -> nodes.Filter:
    place: dict[str, Any] = {"lineno": node.lineno, "environment": node.environment}
    more = [] if given is None else [nodes.Const(given, **place)]
    return nodes.Filter(cast("nodes.Expr", node), name, more, [], None, None, **place)


def _words_in(body: Iterable[nodes.Node]) -> int:
    """How many things to do there are in `body`, which bounds what carrying it out once may take."""
    return sum(1 + sum(1 for _ in each.find_all(nodes.Node)) for each in body)


def bounded_tokens(source: str, tokens: Iterable[Token], name: str | None) -> Iterator[Token]:
    """The tokens of a template that is not too long to be read, nor too full to be compiled."""
    if len(source) > MOST_SOURCE:
        raise RenderError(f"a template is longer than {MOST_SOURCE} characters", "Split it.", template=name)
    for place, token in enumerate(tokens):
        if place >= MOST_TOKENS:
            what = f"a template holds more than {MOST_TOKENS} words and signs"
            raise RenderError(what, "Split it.", template=name, line=token.lineno)
        yield token


def words(tree: nodes.Template) -> set[str]:
    """The names that a template itself writes, which an error about it may therefore repeat."""
    found = {node.name for node in tree.find_all(nodes.Name)} | {node.attr for node in tree.find_all(nodes.Getattr)}
    return found | {node.value for node in tree.find_all(nodes.Const) if isinstance(node.value, str)}
