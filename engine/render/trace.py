"""Tracing: one rendering, watched, becomes a small Python function that renders everyone who takes the same path."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NoReturn

import jinja2

from engine.render.spec_bounds import MAX_TEXT, fits
from engine.render.spec_budget import one_rendering
from engine.render.spec_errors import RenderError
from engine.render.trace_marker import Marker
from engine.render.trace_printing import printed_html, printed_text
from engine.render.trace_recorder import MOST_STEPS, Recorder, Step, UntraceableError
from engine.render.trace_runtime import TracingSandbox, joined, merged

Slots = tuple[str, ...]
"""What a trace puts between its constants, in order."""


class Trace:
    """One path through a template, compiled: constants, with a slot between each two.

    `slots(recipient)` is what goes there, or None when a guard misses; it raises what the template would, and
    RenderError when the text would be longer than a message may be. `source` is the function as it was compiled: our
    own names and public attribute names, never data.
    """

    __slots__ = ("constants", "hits", "slots", "source")

    def __init__(self, source: str, names: Mapping[str, Any], constants: tuple[str, ...]) -> None:
        namespace = {**names, "room": MAX_TEXT - len(fits("".join(constants))), "join": "".join, "refuse": _too_long}
        exec(compile(source, "<trace>", "exec"), namespace)  # noqa: S102 - no data in it; see `source`
        self.constants = constants
        self.hits = 0
        self.source = source
        self.slots: Callable[[object], Slots | None] = namespace["trace"]
        if any(map(_costs, names.values())):
            self.slots = _paying(self.slots)

    def text(self, slots: Sequence[str]) -> str:
        """The whole text."""
        return interleaved(self.constants, slots)


def interleaved(constants: Sequence[str], slots: Sequence[str]) -> str:
    """The text that has `slots` between `constants`, of which there is one more."""
    if not slots:
        return constants[0]
    parts = [""] * (len(constants) + len(slots))
    parts[::2] = constants
    parts[1::2] = slots
    return "".join(parts)


def trace(sandbox: TracingSandbox, template: jinja2.Template, constants: Mapping[str, object], recipient: Any) -> Trace:
    """The path that `recipient` takes through `template`, a template of `sandbox`.

    Raises UntraceableError when a trace cannot express it, and whatever the template itself raises.
    """
    recorder = Recorder(sandbox.sandbox)
    root = recorder.root(recipient)
    personal = {name: recorder.field(root, name) for name in recipient.__dataclass_fields__}
    variables = {**constants, **{name: marker for name, marker in personal.items() if marker is not None}}
    sandbox.begin()
    printed: Iterable[Any] = template.root_render_func(template.new_context(variables))
    shown: list[Any] = []
    for piece in printed:
        shown += (type(piece) is Marker and recorder.pieces(piece)) or (piece,)
    if recorder.gave_up:
        raise UntraceableError
    between, slots = [""], list[str]()
    for piece in merged(shown):
        if type(piece) is Marker:
            if type(piece.value) is not str:  # a filter block's Markup: a slot is plain text
                piece = recorder.apply(joined, (piece,))  # noqa: PLW2901
            slots.append(piece.name)
            if len(slots) > MOST_STEPS:
                raise UntraceableError
            between.append("")
        else:
            between[-1] = piece
    lines = [
        *_lines(recorder.steps, slots),
        f"s = ({''.join(f'{slot}, ' for slot in slots)})",
        "return s if len(join(s)) <= room else refuse()",
    ]
    source = "def trace(r):\n" + "".join(f"    {line}\n" for line in lines)
    return Trace(source, recorder.constants, tuple(between))


def _costs(constant: Any) -> bool:
    """Whether a trace that calls it may take long for a value that is longer than the traced one's."""
    return callable(constant) and not isinstance(constant, type) and constant not in (printed_html, printed_text)


def _paying(slots: Callable[[object], Slots | None]) -> Callable[[object], Slots | None]:
    def one(recipient: object) -> Slots | None:
        with one_rendering():
            return slots(recipient)

    return one


def _too_long() -> NoReturn:
    raise RenderError(f"text grows past {MAX_TEXT} characters")


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
