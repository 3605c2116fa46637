"""`rekindle audit`: what operators did, and to what."""

from typing import Annotated

import typer

from engine.console.say import as_json, console, table
from engine.console.session import MOST, session

group = typer.Typer(help="What operators did, and to what.", no_args_is_help=True)


@group.callback()
def audit() -> None:
    """Keeps `list` a command of its own while it is the only one."""


@group.command("list")
def list_(
    context: typer.Context,
    about: Annotated[
        str | None, typer.Option(help="Only acts about exactly this, such as `couple 17`.", metavar="WHAT")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST - 1, help="At most this many.")] = 100,
    before: Annotated[
        int | None, typer.Option(min=1, max=MOST, help="Only those with a lower id, for the next page.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """List acts, the newest first."""
    from engine.store.audit import read

    with session(context).engine.database.read() as connection:
        found = read(connection, about=about, before=before, limit=limit + 1)
    more, found = len(found) > limit, found[:limit]
    if json:
        as_json(
            {"id": each.id, "at": each.at.isoformat(), "actor": each.actor, "act": each.act, "about": each.about}
            for each in found
        )
        return
    table(
        "Acts",
        ("id", "at (UTC)", "by", "what was done", "to what"),
        ((each.id, each.at.strftime("%Y-%m-%d %H:%M:%S"), each.actor, each.act, each.about) for each in found),
        empty="Nobody did anything yet." if about is None else f"Nobody did anything about {about!r}.",
    )
    if more:
        console().print(f"There are more: --before {found[-1].id}")
