"""The filters and methods a template may use: pure functions of their arguments, each bounded before it allocates.

Left out of Jinja's own: `random` (a message must be the same on every machine), `pprint` and `xmlattr` (they print
whole objects), `tojson` and `urlize` (not for messages), and `filesizeformat`.
"""

import functools
from collections.abc import Callable, Iterable, Mapping
from datetime import date, time
from typing import Any

from jinja2 import Environment, pass_environment, pass_eval_context
from jinja2.environment import TemplateModule
from jinja2.filters import FILTERS, make_attrgetter
from jinja2.nodes import EvalContext
from jinja2.runtime import BlockReference, LoopContext
from jinja2.tests import TESTS
from markupsafe import escape

from engine.render.spec_bounds import fits, modulo, number, printable, size, width
from engine.render.spec_budget import HEAVY, ITEM, made, paid, weight, whole, work
from engine.render.spec_errors import RenderError


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_OF_TEXT = _words("capitalize e escape forceescape lower safe string title trim truncate upper urlencode wordcount")
_OF_ANYTHING = _words("attr count d default first items last length")
_OF_NUMBERS = _words("abs float int")
_OF_ITEMS = _words("dictsort groupby list map max min reject rejectattr reverse select selectattr sort sum unique")

# Everything else callable on a value is refused: `format`, `ljust`, `replace`, `join`, `zfill`, `expandtabs` and
# `translate` can each make gigabytes from one short line.
_METHODS: tuple[tuple[type | tuple[type, ...], frozenset[str]], ...] = (
    (
        str,
        _words(
            "capitalize casefold count endswith find index isalnum isalpha isdecimal isdigit islower isspace istitle"
            " isupper lower lstrip partition removeprefix removesuffix rfind rpartition rsplit rstrip split splitlines"
            " startswith strip swapcase title upper"
        ),
    ),
    (dict, _words("get items keys values")),
    ((tuple, list), _words("count index")),
    ((date, time), _words("date isoformat isoweekday strftime time weekday")),
    (LoopContext, _words("changed cycle")),
    (BlockReference, _words("super")),
)


def may_call(owner: Any, name: str) -> bool:
    """Whether a template may reach the method `name` of `owner`."""
    if isinstance(owner, TemplateModule):  # the macros of an imported template
        return True
    return any(isinstance(owner, kind) and name in names for kind, names in _METHODS)


@functools.cache
def bounded_filters() -> Mapping[str, Callable[..., Any]]:
    """The filters a template may use, by name."""
    filters: dict[str, Callable[..., Any]] = {name: FILTERS[name] for name in _OF_ANYTHING}
    filters |= {name: _of_number(FILTERS[name]) for name in _OF_NUMBERS}
    filters |= {name: _of_items(FILTERS[name], _PATHS.get(name)) for name in _OF_ITEMS}
    filters["sum"] = _of_items(_sum, _PATHS["sum"])
    filters |= {name: _of_text(FILTERS[name]) for name in _OF_TEXT}
    return filters | _CHECKED


@functools.cache
def bounded_tests() -> Mapping[str, Callable[..., Any]]:
    """The tests a template may use, by name; those that compare pay for what they go over."""
    tests: dict[str, Callable[..., Any]] = dict(TESTS)  # type: ignore[arg-type]
    return tests | {name: _of_whole(tests[name]) for name in _COMPARING}


def may_do(method: Any, arguments: Iterable[Any]) -> None:
    """Refuse a call that would go over too much text, or write a date in a way that nobody needs."""
    owner, given = getattr(method, "__self__", None), sum(map(whole, arguments))
    if isinstance(owner, str):  # some look for what is given at each letter
        work(len(owner) * (HEAVY + given))
    elif isinstance(owner, date | time):
        if given > _LONGEST_FORMAT:
            raise RenderError(f"the format of a date is longer than {_LONGEST_FORMAT} characters")
    else:
        work(HEAVY * (whole(owner) + given))


def _of_whole(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def checked(*arguments: Any) -> Any:
        work(HEAVY * sum(map(whole, arguments)))
        return function(*arguments)

    return checked


def _of_number(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, of a number or of text that is one, refusing a number that is too large to count in."""

    @functools.wraps(function)
    def checked(value: Any, *arguments: Any, **named: Any) -> Any:
        work(HEAVY * width(value))
        return number(function(value, *arguments, **named))

    return checked


def _of_items(function: Callable[..., Any], path: int | None = None) -> Callable[..., Any]:
    """`function` paying for what it goes over and for what it makes: `map` is a loop that nobody counts.

    A path of attributes is named, or so many places behind the value.
    """
    place = 1 if hasattr(function, "jinja_pass_arg") else 0

    @functools.wraps(function)
    def checked(*arguments: Any, **named: Any) -> Any:
        behind = arguments[place + path : place + path + 1] if path else ()
        parts = _parts(named.get("attribute", behind[0] if behind else None))
        work(ITEM * parts * weight(arguments[place]))
        return paid(function(*arguments, **named))

    return checked


def _parts(attribute: Any) -> int:
    """How many look-ups a path of attributes takes for each item."""
    parts = 1 + attribute.count(".") + attribute.count(",") if isinstance(attribute, str) else 1
    if parts > _LONGEST_PATH:
        raise RenderError(f"a path of attributes has more than {_LONGEST_PATH} parts")
    return parts


def _of_text(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` refusing to turn a list or an object into text, and refusing a result longer than a message."""
    place = 1 if hasattr(function, "jinja_pass_arg") else 0  # Jinja puts a context before the value

    @functools.wraps(function)
    def checked(*arguments: Any, **named: Any) -> Any:
        if type(arguments[place]) is not str:
            printable(arguments[place])
        given = sum(len(each) for each in arguments[place + 1 :] if isinstance(each, str))
        given += sum(len(each) for each in named.values() if isinstance(each, str))
        work(width(arguments[place]) * (HEAVY + given))
        result = function(*arguments, **named)
        return made(fits(result)) if isinstance(result, str) else result

    return checked


def _center(value: Any, width: int = 80) -> Any:
    return made(fits(FILTERS["center"](printable(value), size(width))))


def _format(value: Any, *arguments: Any, **named: Any) -> Any:
    if arguments and named:
        raise RenderError("a format takes values by position or by name, not both")
    return modulo(value if isinstance(value, str) else str(printable(value)), named or arguments)


def _indent(value: Any, width: int | str = 4, first: bool = False, blank: bool = False) -> Any:
    step = len(width) if isinstance(width, str) else size(width)
    work(len(value) + (len(value.splitlines()) + 1) * step)
    return fits(FILTERS["indent"](value, width, first, blank))


@pass_eval_context
def _replace(context: EvalContext, value: Any, old: Any, new: Any, count: int | None = None) -> Any:
    text, sought = str(printable(value)), str(printable(old))
    found = max(text.count(sought), str(escape(text)).count(sought))
    work(_ESCAPED * (len(text) + found * width(new)) + len(sought))
    return fits(FILTERS["replace"](context, value, old, new, count))


@pass_environment
def _wordwrap(
    environment: Environment,
    value: Any,
    width: int = 79,
    break_long_words: bool = True,
    wrapstring: str | None = None,
    break_on_hyphens: bool = True,
) -> Any:
    text = str(printable(value))
    size(width)
    longest = max((len(word) for word in text.split()), default=0)
    copies = longest // max(width, 1)  # a long word is cut off its rest, again and again
    work(len(text) * (4 * HEAVY + copies + len(wrapstring or "")))
    wrapped = FILTERS["wordwrap"](environment, value, width, break_long_words, wrapstring, break_on_hyphens)
    return fits(wrapped)


@pass_eval_context
def _join(context: EvalContext, value: Iterable[Any], d: str = "", attribute: str | int | None = None) -> Any:
    pick, cost = make_attrgetter(context.environment, attribute), ITEM * _parts(attribute)
    work(cost * weight(value))
    parts = [pick(part) for part in value]
    work(_ESCAPED * (sum(map(width, parts)) + len(parts) * width(d)))
    return fits(FILTERS["join"](context, parts, d))


def _batch(value: Iterable[Any], linecount: int, fill_with: Any = None) -> Any:
    work(HEAVY * weight(value))
    return paid(FILTERS["batch"](value, size(linecount), printable(fill_with)))


def _slice(value: Iterable[Any], slices: int, fill_with: Any = None) -> Any:
    work(HEAVY * weight(value))
    return paid(FILTERS["slice"](value, size(slices), printable(fill_with)))


def _striptags(value: Any) -> Any:
    text = str(printable(value))
    work(len(text) * (HEAVY + text.count("<")))  # each tag is cut out of all the text
    return fits(FILTERS["striptags"](value))


@pass_environment
def _sum(environment: Environment, value: Iterable[Any], attribute: Any = None, start: Any = 0) -> Any:
    if isinstance(start, list | tuple):
        raise RenderError("lists cannot be added in a template")
    return number(FILTERS["sum"](environment, value, attribute, start))


def _round(value: float, precision: int = 0, method: str = "common") -> Any:
    return number(FILTERS["round"](value, size(precision), method))


_ESCAPED = 5  # the most characters that escaping makes of one
_LONGEST_FORMAT = 200
_LONGEST_PATH = 8
_PATHS = {"groupby": 1, "max": 2, "min": 2, "rejectattr": 1, "selectattr": 1, "sort": 3, "sum": 1, "unique": 2}
"""How far behind the value a path of attributes stands that is given without its name."""
_COMPARING = _words("== != < <= > >= eq equalto ge greaterthan gt in le lessthan lower lt ne upper")
_CHECKED: dict[str, Callable[..., Any]] = {
    "batch": _batch,
    "center": _center,
    "format": _format,
    "indent": _indent,
    "join": _join,
    "replace": _replace,
    "round": _round,
    "slice": _slice,
    "striptags": _striptags,
    "wordwrap": _wordwrap,
}
