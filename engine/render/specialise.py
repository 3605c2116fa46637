"""The one door of rendering: `render(template, recipient) -> str`. How it is fast is nobody's business outside.

Who can use a text in parts asks `fill` instead: constants that many texts share, and this one's slots.

A template is rendered once with markers in place of everything personal; the path that rendering took is compiled
into one small function (see trace). The next recipient who takes the same path costs that function alone. Others are
traced in their turn, up to a bound; whatever a trace cannot express is rendered in the ordinary way. Same bytes
either way: a trace is kept only after it gave them once.
"""

import dataclasses
from collections.abc import Iterable, Mapping

import jinja2

from engine.render.sandbox import Sandbox
from engine.render.spec_errors import RenderError
from engine.render.trace import Slots, Trace, trace
from engine.render.trace_runtime import TracingSandbox

__all__ = ["Filled", "RenderError", "Template", "fill", "render", "render_all"]

MAX_TRACES = 8

Filled = tuple[Trace, Slots]
"""A text as the path it took and what fills that path's slots."""


class Template:
    """The template `name` of `sandbox`, or `source` under that name, with its constants: compiled once, kept.

    A template sees `constants` and each public field of a recipient, a frozen dataclass, as variables; a recipient's
    field hides a constant of the same name. Constants must not change. RenderError when it does not compile.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        name: str,
        constants: Mapping[str, object],
        *,
        source: str | None = None,
        traces: int = MAX_TRACES,
    ) -> None:
        self.name = name
        self.traces: list[Trace] = []
        self._sandbox = sandbox
        self._source = source
        self._constants = dict(constants)
        self._room = traces
        self._tries = 2 * traces  # a template that cannot be traced is soon left alone
        self._ordinary = sandbox.compiled(name, source)
        self._traced: jinja2.Template | None = None

    def ordinary(self, recipient: object) -> str:
        """The text for `recipient`, rendered by Jinja; RenderError when it cannot be."""
        return self._sandbox.rendered(self._ordinary, self._constants | _personal(recipient))

    def learn(self, recipient: object) -> Filled | str:
        """The text for `recipient`, whom no trace fits; keeps a new trace if there is room and one can be made."""
        text = self.ordinary(recipient)
        if len(self.traces) < self._room and self._tries > 0:
            self._tries -= 1
            try:
                found = self._trace(recipient)
                slots = found.slots(recipient)
                if slots is not None and found.text(slots) == text:
                    self.traces.append(found)
                    self._tries += 1
                    return found, slots
            except Exception:  # noqa: S110 - ordinary rendering has the text already
                pass
        return text

    def promote(self, known: Trace) -> None:
        """Let the most used trace be tried first."""
        place = self.traces.index(known)
        if place and known.hits > self.traces[place - 1].hits:
            self.traces[place - 1 : place + 1] = known, self.traces[place - 1]

    def _trace(self, recipient: object) -> Trace:
        twin = self._sandbox.twin
        if not isinstance(twin, TracingSandbox):
            twin = self._sandbox.twin = TracingSandbox(self._sandbox)
        if self._traced is None:
            self._traced = twin.compiled(self.name, self._source)
        return trace(twin, self._traced, self._constants, recipient)


def fill(template: Template, recipient: object) -> Filled | str:
    """What `render` makes its text of, where a trace could be taken; else the text."""
    for known in template.traces:
        try:
            slots = known.slots(recipient)
        except Exception:  # ordinary rendering finds the same error, and its line
            return template.ordinary(recipient)
        if slots is not None:
            known.hits += 1
            if known is not template.traces[0]:
                template.promote(known)
            return known, slots
    return template.learn(recipient)


def render(template: Template, recipient: object) -> str:
    """The text of `template` for `recipient`. RenderError, naming template and line, when it cannot be rendered."""
    return written(fill(template, recipient))


def written(found: Filled | str) -> str:
    """The text of what `fill` found."""
    return found if isinstance(found, str) else found[0].text(found[1])


def render_all(template: Template, recipients: Iterable[object]) -> list[str | RenderError]:
    """`render` for each; one that cannot be rendered gives its error and harms no other."""
    results: list[str | RenderError] = []
    for recipient in recipients:
        try:
            results.append(render(template, recipient))
        except RenderError as error:
            results.append(error)
    return results


def _personal(recipient: object) -> dict[str, object]:
    fields = dataclasses.fields(recipient)  # type: ignore[arg-type]
    return {field.name: getattr(recipient, field.name) for field in fields if not field.name.startswith("_")}
