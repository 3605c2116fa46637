"""Which words a page's template says, for lint: the keys that it writes itself, each with its line."""

from collections.abc import Iterator
from dataclasses import dataclass

from jinja2 import nodes

from engine.render.sandbox import Sandbox
from engine.render.spec_errors import explain


@dataclass(frozen=True, slots=True)
class Said:
    """A key, or the beginning of one that goes on with a value: `say("unsubscribe.what." ~ channel)`."""

    key: str
    whole: bool
    line: int


def said(sandbox: Sandbox, name: str) -> list[Said]:
    """What the template `name` asks `say` for, as far as it can be read; RenderError when it does not compile."""
    sandbox.compiled(name)
    try:
        tree = sandbox.parse(sandbox.source(name), name)
    except Exception as error:
        raise explain(error, name) from None
    return [
        each
        for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name == "say" and call.args
        for each in _keys(call.args[0])
    ]


def _keys(node: nodes.Node) -> Iterator[Said]:
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        yield Said(node.value, True, node.lineno)
    elif isinstance(node, nodes.Concat) and node.nodes:
        for first in _keys(node.nodes[0]):
            yield Said(first.key, False, node.lineno)
    elif isinstance(node, nodes.CondExpr):
        for choice in (node.expr1, node.expr2):
            if choice is not None:
                yield from _keys(choice)
