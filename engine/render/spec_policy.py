"""What a template may say: checked and bounded in its syntax tree, before it is compiled."""

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from engine.render.spec_errors import RenderError

COUNTED = "_counted"  # the filter put around what a loop iterates
HOLDING = "_holding"  # the filter put around a list, tuple or dict that a template makes


class Bounding(NodeTransformer):
    """Puts every loop on the budget, bounds every list a template makes, and refuses what cannot be bounded."""

    def __init__(self, template: str | None) -> None:
        self._template = template

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802
        if node.recursive:
            self._refuse("recursive loops", node)
        self.generic_visit(node)
        node.iter = _filtered(COUNTED, node.iter)
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


def _filtered(name: str, node: nodes.Node) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno, environment=node.environment)


def words(tree: nodes.Template) -> set[str]:
    """The names that a template itself writes, which an error about it may therefore repeat."""
    found = {node.name for node in tree.find_all(nodes.Name)} | {node.attr for node in tree.find_all(nodes.Getattr)}
    return found | {node.value for node in tree.find_all(nodes.Const) if isinstance(node.value, str)}
