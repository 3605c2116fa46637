"""`rekindle init`: the workspace itself."""

from pathlib import Path
from typing import Annotated

import typer

from engine.console.say import console
from engine.console.session import session


def register(app: typer.Typer) -> None:
    app.command()(init)


def init(
    context: typer.Context,
    folder: Annotated[Path | None, typer.Argument(help="Where; the present folder if left out.", metavar="DIR")] = None,
) -> None:
    """Make a workspace.

    It holds rekindle.toml, a key file, campaigns/, templates/ and the database.
    """
    from engine.workspace import make

    made = make(folder or session(context).folder)
    out = console()
    for path in made:
        out.print(f"made  {path}", markup=False)
    out.print("\nNext: put your own name and address in rekindle.toml, then" if made else "Everything is there.")
    for command in (
        "rekindle couples import FILE.csv --consent WORDS",
        "rekindle enroll eight-weeks --all --start DATE",
    ):
        out.print(f"  {command}", markup=False)
