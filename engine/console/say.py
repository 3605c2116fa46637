"""How the command line speaks: tables for people, JSON lines for programs, complaints with their mend."""

import json
import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import RekindleError

if TYPE_CHECKING:
    from rich.console import Console


def console() -> "Console":
    """Where people are spoken to."""
    from rich.console import Console

    # A pipe or a file has no width of its own; 80 columns would break every row of a table.
    return Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 140)


def complain(error: RekindleError) -> None:
    """What is wrong, and how to mend it, on standard error."""
    from rich.console import Console
    from rich.text import Text

    out = Console(stderr=True, highlight=False, soft_wrap=True)
    out.print(Text.assemble(("Problem: ", "bold red"), str(error)))
    if error.fix:
        out.print(Text.assemble(("Mend:    ", "bold green"), error.fix))


def program() -> str:
    """How this program is called from here: by name where the shell would find it, else by its path."""
    own = Path(sys.argv[0])
    if shutil.which(own.name) or not own.is_file():
        return own.name
    return os.path.relpath(own)


def as_json(values: Iterable[Mapping[str, Any]]) -> None:
    """One JSON object a line."""
    write = sys.stdout.write
    for value in values:
        write(json.dumps(value, ensure_ascii=False, default=str) + "\n")


def table(title: str, headings: Sequence[str], rows: Iterable[Sequence[object]], empty: str) -> None:
    """A table, or one sentence when there is nothing to show."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    shown = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        shown.add_column(heading, overflow="fold")
    for row in rows:
        # Text, never markup: a couple's name may hold square brackets.
        shown.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    console().print(shown if shown.row_count else empty)
