"""Tracing: one rendering, watched, becomes a small Python function that renders everyone who takes the same path."""

from collections.abc import Callable, Mapping
from typing import Any

import jinja2

from engine.render.spec_bounds import fits
from engine.render.trace_marker import Marker
from engine.render.trace_recorder import Recorder, Step, UntraceableError
from engine.render.trace_runtime import TracingSandbox, merged


class Trace:
    """One path through a template, compiled. `run(recipient)` is its text, or None when a guard misses.

    `source` is the function as it was compiled: our own names and public attribute names, never data.
    """

    __slots__ = ("hits", "run", "source")

    def __init__(self, source: str, constants: Mapping[str, Any]) -> None:
        namespace = dict(constants)
        exec(compile(source, "<trace>", "exec"), namespace)  # noqa: S102 - no data in it; see `source`
        self.hits = 0
        self.source = source
        self.run: Callable[[object], str | None] = namespace["trace"]


def trace(sandbox: TracingSandbox, template: jinja2.Template, constants: Mapping[str, object], recipient: Any) -> Trace:
    """The path that `recipient` takes through `template`, a template of `sandbox`.

    Raises UntraceableError when a trace cannot express it, and whatever the template itself raises.
    """
    recorder = Recorder(sandbox.sandbox)
    root = recorder.root(recipient)
    personal = {name: recorder.field(root, name) for name in recipient.__dataclass_fields__}
    variables = {**constants, **{name: marker for name, marker in personal.items() if marker is not None}}
    sandbox.begin()
    pieces = merged(template.root_render_func(template.new_context(variables)))
    if recorder.gave_up:
        raise UntraceableError
    parts = [piece.name if type(piece) is Marker else recorder.constant(piece) for piece in pieces]
    lines = [*_lines(recorder.steps, parts), f"return fits(join(({''.join(f'{part}, ' for part in parts)})))"]
    source = "def trace(r):\n" + "".join(f"    {line}\n" for line in lines)
    return Trace(source, recorder.constants | {"fits": fits, "join": "".join})


def _lines(steps: list[Step], shown: list[str]) -> list[str]:
    """Guards first, in order, each with what it reads, so that a miss costs little; then the rest, in order.

    What could fail in ordinary rendering runs here too, `shown` or not. Order is free otherwise: steps are pure.
    """
    made = {step.target: step for step in steps if step.target is not None}
    done: set[str | None] = {"r"}
    lines: list[str] = []

    def write(step: Step) -> None:
        for name in step.uses:
            if name not in done:
                write(made[name])
        if step.target is None:
            lines.append(f"if {step.source}: return None")
        elif step.target not in done:
            done.add(step.target)
            lines.append(f"{step.target} = {step.source}")

    for step in steps:
        if step.target is None:
            write(step)
    for step in steps:
        if step.target is not None and (not step.lazy or step.target in shown):
            write(step)
    return lines
