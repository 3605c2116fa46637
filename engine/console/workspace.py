"""`rekindle init` and `db`: the workspace itself."""

from pathlib import Path
from typing import Annotated

import typer

from engine.console.say import console
from engine.console.session import session

db = typer.Typer(help="The database.", no_args_is_help=True)


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


@db.command()
def upgrade(context: typer.Context) -> None:
    """Bring the database up to this version."""
    from engine.store.database import open_database
    from engine.store.migrate import upgrade as migrate

    before, after = migrate(open_database(session(context).settings.resolved_database_url))
    console().print("The database is up to date." if before == after else f"From {before or 'nothing'} to {after}.")
