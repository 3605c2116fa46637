"""The error of the rendering room: which template and line, what is wrong, and never anybody's data."""

from collections.abc import Set
from types import TracebackType

import jinja2
from jinja2.exceptions import SecurityError

from engine.errors import RekindleError


class RenderError(RekindleError):
    """A template cannot be compiled or rendered. `template` and `line` (from 1) are None where they are not known.

    The message is made of the template's own words only: values, which may be personal, never enter it.
    """

    def __init__(self, what: str, fix: str = "", *, template: str | None = None, line: int | None = None) -> None:
        self.what = what
        self.template = template
        self.line = line
        place = template if template is None or line is None else f"{template}:{line}"
        super().__init__(f"{place}  {what}" if place else what, fix)


def missing(words: Set[str]) -> type[jinja2.StrictUndefined]:
    """What templates get for a name that does not exist: all but asking whether it is defined is an error.

    The error names it only if it is one of `words`, which templates wrote themselves; a key may be somebody's data.
    """

    class Missing(jinja2.StrictUndefined):
        __slots__ = ()

        @property
        def _undefined_message(self) -> str:
            name = self._undefined_name
            shown = f"`{name}`" if isinstance(name, str) and name in words else "a name used here"
            return f"{shown} is {'unsafe' if self._undefined_exception is SecurityError else 'not defined'}"

    return Missing


# Python's own messages may quote a value (`invalid literal for int(): 'Ana'`), so each kind gets words of ours.
_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (RecursionError, "it calls itself without end, or is nested too deeply"),
    (SyntaxError, "it is nested too deeply"),  # Python's, of what Jinja made of it
    (ZeroDivisionError, "it divides by zero"),
    (OverflowError, "a number is too large"),
    (TypeError, "a value is of the wrong type for what is done with it here"),
    (ValueError, "a value cannot be used in this way"),
    (AssertionError, "an argument is out of range"),
    (UnicodeError, "the text is not valid UTF-8"),
)


def explain(error: Exception, template: str | None) -> RenderError:
    """`error`, raised while compiling or rendering `template`, as a RenderError with the innermost known place."""
    if isinstance(error, RenderError) and error.template is not None:
        return error
    if isinstance(error, jinja2.TemplateSyntaxError):
        return RenderError(error.message or "syntax error", template=error.name or template, line=error.lineno)
    name, line = _place(error.__traceback__)
    if isinstance(error, RenderError):
        return RenderError(error.what, error.fix, template=name or template, line=line)
    if isinstance(error, jinja2.TemplateNotFound):
        what, fix = "there is no such template in the template folders", "Mend the name, or add the file."
    elif isinstance(error, jinja2.UndefinedError | SecurityError):
        what, fix = error.message or "a name used here is not defined", ""
    else:
        words = (text for kind, text in _WORDS if isinstance(error, kind))
        what, fix = next(words, f"{type(error).__name__} while rendering"), ""
    return RenderError(what, fix, template=name or template, line=line)


def _place(traceback: TracebackType | None) -> tuple[str | None, int | None]:
    """The innermost template and line that the exception passed through."""
    found: tuple[jinja2.Template, int] | None = None
    while traceback is not None:
        template = traceback.tb_frame.f_globals.get("__jinja_template__")
        if isinstance(template, jinja2.Template):
            found = template, traceback.tb_lineno
        traceback = traceback.tb_next
    if found is None:
        return None, None
    template, line = found  # of all its lines one is looked up: that reads through them
    return template.name, template.get_corresponding_lineno(line)
