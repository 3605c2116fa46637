"""The root command, and what it can be asked without any other."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from engine import __version__
from engine.console.session import Session

FOLDER = "--workspace", "-C"


def rooted() -> typer.Typer:
    """A command line that has no command yet."""
    app = typer.Typer(
        name="rekindle",
        help="A nudge campaign engine for couples: the right prompt, to the right person, at their local hour, once.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_root)
    return app


def for_these(arguments: Sequence[str]) -> typer.Typer:
    """The command line that these arguments need: of all commands, or of `worker` alone.

    Of all processes workers are the most and live the longest, and each would keep every other command in memory.
    """
    if _command(arguments) == "worker":
        from engine.console import worker

        app = rooted()
        worker.register(app)
        return app
    from engine.console.app import app as whole

    return whole


def _command(arguments: Sequence[str]) -> str | None:
    """The command, where nothing but a folder is named before it."""
    rest = list(arguments)
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        if option in FOLDER and rest:
            rest.pop(0)
        elif not option.startswith(f"{FOLDER[0]}="):
            return None
    return rest[0] if rest else None


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rekindle {__version__}")
        raise typer.Exit


def _root(
    context: typer.Context,
    folder: Annotated[Path, typer.Option(*FOLDER, help="The folder of rekindle.toml.", file_okay=False)] = Path(),
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which.")] = False,
) -> None:
    """Open the workspace when a command first asks for it, and not before."""
    context.obj = Session(folder)
