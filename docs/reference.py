"""Writes docs/cli.md and docs/settings.md from the commands and settings there are, and figures: `make docs`.

A test compares them with what is committed, so that neither page can be older than the code.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from engine.console.app import app
from engine.settings import Settings

FOLDER = Path(__file__).parent
MADE = "<!-- Made by docs/reference.py: change the code, then run `make docs`. -->\n"


def cli() -> str:
    """The page of every command."""
    root = typer.main.get_command(app)
    return "\n".join([MADE, "# Commands", "", *_intro(root), *_commands(root)])


def _intro(root: Any) -> Iterator[str]:
    yield (
        "Exit codes: 0 done, 1 found problems, 2 wrong use. Every listing takes `--json` (one JSON object a line); what"
        " sends or deletes takes `--dry-run`. Before any command:"
    )
    yield ""
    yield from _table(root)


def _commands(root: Any) -> Iterator[str]:
    for name, command in root.commands.items():
        inner = getattr(command, "commands", None)
        if inner is None:
            yield from _command(name, command, "##")
            continue
        yield from (f"## rekindle {name}", "", _help(command), "")
        for word, each in inner.items():
            yield from _command(f"{name} {word}", each, "###")


def _command(name: str, command: Any, level: str) -> Iterator[str]:
    words = [_argument(each) for each in command.params if each.param_type_name == "argument"]
    yield from (f"{level} rekindle {name}", "")
    yield from ("```", " ".join(["rekindle", name, "[OPTIONS]", *words]), "```", "")
    yield from (_help(command), "")
    yield from _table(command)


def _argument(parameter: Any) -> str:
    word = parameter.metavar or parameter.name.upper()
    if parameter.nargs == -1 and "…" not in word:
        word += " …"
    return word if parameter.required else f"[{word}]"


def _option(parameter: Any) -> str:
    names = "`, `".join([*parameter.opts, *parameter.secondary_opts])
    return f"{names} {parameter.metavar}" if parameter.metavar else names


def _help(command: Any) -> str:
    return "\n\n".join(" ".join(part.split()) for part in (command.help or "").strip().split("\n\n"))


def _table(command: Any) -> Iterator[str]:
    shown = [each for each in command.params if each.name != "help" and not getattr(each, "hidden", False)]
    if not shown:
        return
    yield from ("| option | what it does | default |", "|---|---|---|")
    for each in shown:
        names = [_option(each)] if each.param_type_name == "option" else [_argument(each)]
        option = ", ".join(f"`{name}`" for name in names)
        yield f"| {option} | {_cell(each.help or '')} | {_default(each)} |"
    yield ""


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    value = parameter.default
    if value in (None, False, (), []) or callable(value):
        return ""
    return f"`{value}`"


def settings() -> str:
    """The page of every setting."""
    lines = [
        MADE,
        "# Settings",
        "",
        "In `rekindle.toml`; each also as an environment variable, which wins: `REKINDLE_NAME`, or"
        " `REKINDLE_TABLE__NAME` for one in a table. Secrets stand best there. The options of each transport are in"
        " [transports.md](transports.md).",
        "",
        *_settings("", Settings),
    ]
    return "\n".join(lines)


def _settings(table: str, model: type[BaseModel]) -> Iterator[str]:
    later: list[tuple[str, type[BaseModel]]] = []
    rows = []
    for name, field in model.model_fields.items():
        if name == "workspace":
            continue
        inner, keyed = _model(field.annotation)
        if inner is not None:
            later.append((f"{table}{name}" + (".NAME" if keyed else ""), inner))
            continue
        rows.append(f"| `{name}` | {_kind(field)} | {_cell(field.description or '')} | {_value(field)} |")
    if table:
        yield from (f"## [{table.removesuffix('.')}]", "", _doc(model), "")
    if rows:
        yield from ("| setting | kind | what it is | default |", "|---|---|---|---|", *rows, "")
    for name, inner in later:
        yield from _settings(f"{name}.", inner)


def _doc(model: type[BaseModel]) -> str:
    return " ".join((model.__doc__ or "").split())


def _model(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """The table that a field is, and whether there is one for each name."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    for each in get_args(annotation):
        found, keyed = _model(each)
        if found is not None:
            return found, keyed or get_origin(annotation) is dict
    return None, False


def _kind(field: FieldInfo) -> str:
    return _word(field.annotation)


def _word(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _word(inner[0])
    if origin is Literal:
        return " or ".join(f"`{each}`" for each in inner)
    if origin in (Union, UnionType):
        return " or ".join(_word(each) for each in inner if each is not NoneType)
    if origin is dict:
        return "table"
    if origin in (list, tuple):
        return "list"
    return {"str": "text", "int": "number", "float": "number", "bool": "yes or no", "Path": "path", "date": "date"}.get(
        getattr(annotation, "__name__", ""), "text"
    )


def _value(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None or value in ({}, [], ()):
        return ""
    if isinstance(value, Path):
        value = str(value)
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    return f"`{json.dumps(value, default=str, ensure_ascii=False)}`"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


FIGURES = {
    "seeds": "seeds",
    "lives": "lives simulated",
    "deliveries": "deliveries",
    "faults": "faults injected",
    "bad_inputs": "bad inputs tried",
    "lost": "lost",
    "doubled": "doubled",
    "violations": "violations",
    "mended": "seeds that broke a rule by an earlier version, and do no more",
    "commits": "versions that took part",
}
"""What a long run of the simulator counts, and how docs/promises.md calls it."""


def promises(page: str, results: Path = FOLDER.parent / "fuzz" / "results.json") -> str:
    """The page with the figures of the run whose results are in a file; KeyError where one is missing there."""
    if results.exists():
        found = json.loads(results.read_text(encoding="utf-8"))
        lines = ["| what | number |", "|---|---|"]
        lines += [f"| {name} | {_number(found[key]):,} |" for key, name in FIGURES.items()]
    else:
        lines = ["No run is committed yet."]
    begin, end = "<!-- figures -->", "<!-- /figures -->"
    before, _, rest = page.partition(begin)
    return "\n".join([before + begin, *lines, end]) + rest.partition(end)[2]


def _number(found: Any) -> int:
    """A number; of what is counted by name, all together; of a list, how many there are."""
    number: int = sum(found.values()) if isinstance(found, dict) else len(found) if isinstance(found, list) else found
    return number


def main() -> None:
    for name, page in (("cli", cli), ("settings", settings)):
        (FOLDER / f"{name}.md").write_text(page().rstrip("\n") + "\n", encoding="utf-8")
        sys.stdout.write(f"docs/{name}.md\n")
    page = FOLDER / "promises.md"
    page.write_text(promises(page.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write("docs/promises.md\n")


if __name__ == "__main__":
    main()
