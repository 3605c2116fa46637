"""`rekindle audit`: what operators did, and to what."""

from typing import Annotated

import typer

from engine.console.say import as_json, console, table
from engine.console.session import MOST, session

group = typer.Typer(help="What operators did, and to what.", no_args_is_help=True)


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


@group.command()
def check(
    context: typer.Context,
    mark: Annotated[
        str | None, typer.Option(help="What an earlier check printed and you kept elsewhere.", metavar="MARK")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Look whether every act is still as it was written, in its place, and none is missing.

    Keep the mark that it prints somewhere else: it tells an older state of the whole database that was put back.
    """
    from engine.errors import StoreError
    from engine.store import chain

    engine = session(context).engine
    with engine.database.read() as connection:
        found = chain.check(connection, engine.vault.subkey(chain.PURPOSE), mark)
    if json:
        said = {"broken": found.broken or None, "act": found.row, "mark": str(found.end)}
        as_json([{"acts": found.kept, "unchained": found.unchained, **said}])
        raise typer.Exit(1 if found.broken else 0)
    if found.broken:
        raise StoreError(
            f"The audit was altered: {found.broken}.",
            fix="`rekindle audit list` shows what is there; a backup shows what was.",
        )
    console().print(f"Every act is as it was written ({found.kept} of them). The mark at the end:")
    console().print(str(found.end), markup=False, soft_wrap=True)
