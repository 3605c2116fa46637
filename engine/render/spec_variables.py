"""Which variables a template uses, for lint: attribute paths where they are static, each with the line it is on."""

from collections.abc import Iterator

import jinja2
from jinja2 import meta, nodes

from engine.render.spec_budget import one_rendering
from engine.render.spec_errors import RenderError, explain


def undeclared(env: jinja2.Environment, name: str, source: str | None = None) -> dict[str, int]:
    """The variables that the template `name` needs: `{"partner.given_name": 3}`, path -> line of first use.

    What templates it extends, includes or imports need counts too, at the line of that tag. With `source`, that text
    is read as if it were the template `name`. RenderError with template and line on a syntax error or a missing file.
    """
    needed: dict[str, int] = {}
    given: set[str] = set(env.globals)
    _collect(env, name, source, None, needed, given, {name})
    return {path: line for path, line in needed.items() if path.partition(".")[0] not in given}


def _collect(
    env: jinja2.Environment,
    name: str,
    source: str | None,
    at: int | None,
    needed: dict[str, int],
    given: set[str],
    seen: set[str],
    by: tuple[str, int] | None = None,
) -> None:
    """`by` is the tag that names it: that is where a file which does not exist has to be mended."""
    try:
        if source is None:
            if env.loader is None:
                raise jinja2.TemplateNotFound(name)
            source = env.loader.get_source(env, name)[0]
        tree = env.parse(source, name)
        with one_rendering():
            free = _undeclared(env, tree)
    except jinja2.TemplateNotFound as error:
        missing = explain(error, name)
        template, line = by or (missing.template, missing.line)
        raise RenderError(missing.what, missing.fix, template=template, line=line) from None
    except Exception as error:
        raise explain(error, name) from None
    given |= _exported(tree)
    for path, line in _paths(tree):
        if path.partition(".")[0] in free:
            needed.setdefault(path, at or line)
    for node in tree.find_all((nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)):
        for child in _children(node):
            if child not in seen:
                seen.add(child)
                _collect(env, child, None, at or node.lineno, needed, given, seen, (name, node.lineno))


def _undeclared(env: jinja2.Environment, tree: nodes.Template) -> set[str]:
    """As jinja2.meta finds them, but nothing is worked out on the way."""
    reading = meta.TrackingCodeGenerator(env)
    reading.optimizer = None
    reading.visit(tree)
    return reading.undeclared_identifiers


def _exported(tree: nodes.Template) -> set[str]:
    """Names that a template sets at its top level, which those it extends or includes may read."""
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, nodes.Assign | nodes.AssignBlock):
            names |= {
                target.name
                for target in (node.target, *node.target.find_all(nodes.Name))
                if isinstance(target, nodes.Name)
            }
        elif isinstance(node, nodes.Macro):
            names.add(node.name)
    return names


def _children(node: nodes.Node) -> Iterator[str]:
    """The templates a tag names by constants; one named by a variable cannot be known before it is rendered."""
    target = node.template  # type: ignore[attr-defined]
    if isinstance(target, nodes.Const) and isinstance(target.value, str):
        yield target.value
    elif isinstance(target, nodes.Tuple | nodes.List):
        yield from (item.value for item in target.items if isinstance(item, nodes.Const))


def _paths(node: nodes.Node) -> Iterator[tuple[str, int]]:
    """Every `a.b.c` in `node`, longest first; a method that is called is not part of its path."""
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr):
        yield from _paths(node.node.node)
        for child in node.iter_child_nodes(exclude=("node",)):
            yield from _paths(child)
        return
    path = _path(node)
    if path is not None:
        yield path, node.lineno
        return
    for child in node.iter_child_nodes():
        yield from _paths(child)


def _path(node: nodes.Node) -> str | None:
    if isinstance(node, nodes.Name):
        return node.name if node.ctx == "load" else None
    key: str | None = None
    if isinstance(node, nodes.Getattr):
        key = node.attr
    elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
        key = node.arg.value
    owner = _path(node.node) if key is not None else None  # type: ignore[attr-defined]
    return f"{owner}.{key}" if owner is not None else None
