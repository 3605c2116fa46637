"""Holds a document against its file model, and says what does not fit in words a person can act on."""

import itertools
import re
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from engine.define.document import Document, Path
from engine.define.findings import MOST_FINDINGS, Finding, nearest, suggest
from engine.define.strategy_file import FileModel

Model = TypeVar("Model", bound=FileModel)

_QUOTED = re.compile(r"'([^']*)'")
_KEY_TAG = "[key]"  # pydantic ends the path of a wrong key with this


def validate(document: Document, model: type[Model]) -> tuple[Model | None, list[Finding]]:
    """The file as a model, or None and every reason why it does not fit."""
    if not isinstance(document.data, dict):
        if document.findings:
            return None, []
        return None, [document.finding((), "the file is not a mapping", f"start it with {_first_key(model)}: …")]
    try:
        return model.model_validate(document.data), []
    except ValidationError as error:
        errors = error.errors(include_url=False)[: 2 * MOST_FINDINGS]
        some = itertools.islice(_worth_saying(document, model, errors), MOST_FINDINGS + 1)
        return None, [_finding(document, model, item) for item in some]


def _worth_saying(document: Document, model: type[FileModel], errors: Sequence[Any]) -> Iterator[Mapping[str, Any]]:
    """The errors but for echoes: of what reading refused already, and of a key that is missing for being misspelt."""
    reported = {(finding.line, finding.column) for finding in document.findings}
    refused = [path for path, place in document.values.items() if path and place in reported]
    misspelt = {
        (path[:-1], nearest(str(path[-1]), _fields_at(model, path[:-1])))
        for error in errors
        if error["type"] == "extra_forbidden" and (path := _path(document, error["loc"]))
    }
    for error in errors:
        path = _path(document, error["loc"])
        if error["type"] == "missing":
            if (path, error["loc"][-1]) not in misspelt:
                yield error
        elif not any(below[: len(path)] == path for below in refused):
            yield error


def _first_key(model: type[FileModel]) -> str:
    return next(iter(model.model_fields))


def _finding(document: Document, model: type[FileModel], error: Mapping[str, Any]) -> Finding:
    path, kind = _path(document, error["loc"]), error["type"]
    if kind == "extra_forbidden":
        known = _fields_at(model, path[:-1])
        fix = suggest(str(path[-1]), known, f"take it out; known here: {', '.join(known)}")
        return document.finding(path, f"unknown key {path[-1]}", fix, key=True)
    if kind == "missing":
        name = str(error["loc"][-1])
        return document.finding((*path, name), f"{name} is missing", f"add it: {_described(model, path, name)}")
    words = _WORDS.get(kind, _other)
    what, fix = words(_name(path), error["input"], error.get("ctx", {}), error["msg"])
    return document.finding(path, what, fix, key=error["loc"][-1] == _KEY_TAG)


def _path(document: Document, loc: tuple[str | int, ...]) -> Path:
    """`loc` without the tags that pydantic adds to it, such as the arm of a union."""
    path: Path = ()
    for item in loc:
        if (*path, item) in document.values:
            path = (*path, item)
    return path


def _name(path: Path) -> str:
    """What to call the value at `path`: the nearest key above it."""
    return next((str(item) for item in reversed(path) if isinstance(item, str)), "the file")


def _fields_at(model: type[BaseModel], path: Path) -> list[str]:
    return list(_model_at(model, path).model_fields)


def _described(model: type[BaseModel], path: Path, name: str) -> str:
    description = _model_at(model, path).model_fields[name].description or name
    return description[0].lower() + description[1:].rstrip(".")


def _model_at(model: type[BaseModel], path: Path) -> type[BaseModel]:
    """The model that describes the mapping at `path`; list positions and free keys stay within their field."""
    for item in path:
        if isinstance(item, str) and item in model.model_fields:
            model = _inner(model.model_fields[item].annotation) or model
    return model


def _inner(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in typing.get_args(annotation) if (found := _inner(part))), None)


def _too_many(name: str, _given: object, ctx: Mapping[str, Any], _msg: str) -> tuple[str, str]:
    return f"{name} holds {ctx['actual_length']}", f"use at most {ctx['max_length']}"


_Words = Callable[[str, object, Mapping[str, Any], str], tuple[str, str]]


def _not_text(name: str, given: object, _ctx: Mapping[str, Any], _msg: str) -> tuple[str, str]:
    if isinstance(given, dict | list):
        return f"{name} must be text", "write one line of text"
    return f"{name} must be text, and {given} without quotes is not", f'write "{given}"'


def _not_number(name: str, given: object, _ctx: Mapping[str, Any], _msg: str) -> tuple[str, str]:
    return f"{name} must be a whole number", "write digits only, without quotes"


def _not_listed(name: str, given: object, ctx: Mapping[str, Any], _msg: str) -> tuple[str, str]:
    return f"{name} cannot be {given}", suggest(str(given), _QUOTED.findall(ctx.get("expected", "")))


def _bad_pattern(name: str, given: object, _ctx: Mapping[str, Any], _msg: str) -> tuple[str, str]:
    if "\n" in str(given):
        return f"{name} has more than one line", "write it on one line"
    if name == "locale":
        return f"{given} is not a language", "write it like es or es-MX"
    return f"{given} is not an id", "use small letters, digits and single hyphens, such as first-talk"


def _bounds(words: str) -> _Words:
    def say(name: str, given: object, ctx: Mapping[str, Any], _msg: str) -> tuple[str, str]:
        bound = next(iter(ctx.values()))
        return f"{name} is {given}", f"{words} {bound}"

    return say


def _empty(name: str, _given: object, _ctx: Mapping[str, Any], _msg: str) -> tuple[str, str]:
    return f"{name} is empty", "fill it in, or take it out"


def _too_long(name: str, given: object, ctx: Mapping[str, Any], _msg: str) -> tuple[str, str]:
    return f"{name} has {len(str(given))} characters", f"use at most {ctx['max_length']}"


def _not_mapping(name: str, _given: object, _ctx: Mapping[str, Any], _msg: str) -> tuple[str, str]:
    return f"{name} must hold keys and values", "indent its keys under it, or write {key: value}"


def _not_list(name: str, _given: object, _ctx: Mapping[str, Any], _msg: str) -> tuple[str, str]:
    return f"{name} must be a list", "write [a, b], or one item a line after a hyphen"


def _ours(_name: str, _given: object, ctx: Mapping[str, Any], _msg: str) -> tuple[str, str]:
    return ctx["what"], ctx["fix"]


def _other(name: str, _given: object, _ctx: Mapping[str, Any], msg: str) -> tuple[str, str]:
    return f"{name}: {msg[0].lower()}{msg[1:]}", "see docs/campaigns.md"


_WORDS: Mapping[str, _Words] = {
    "rekindle": _ours,
    "string_type": _not_text,
    "int_type": _not_number,
    "enum": _not_listed,
    "literal_error": _not_listed,
    "string_pattern_mismatch": _bad_pattern,
    "greater_than_equal": _bounds("use at least"),
    "less_than_equal": _bounds("use at most"),
    "string_too_short": _empty,
    "too_short": _empty,
    "string_too_long": _too_long,
    "too_long": _too_many,
    "model_type": _not_mapping,
    "dict_type": _not_mapping,
    "list_type": _not_list,
}
