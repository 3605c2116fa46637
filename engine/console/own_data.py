"""`rekindle couples export` and `erase`: what somebody asks of you whose data you keep (GDPR 15, 17 and 20)."""

import asyncio
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.console.say import as_json, console
from engine.console.session import session

Ref = Annotated[str, typer.Argument(help="The couple's name, as in the import file.", metavar="COUPLE")]
Position = Annotated[
    int | None, typer.Option("--partner", min=1, max=2, help="Only this partner: 1 or 2, in order of joining.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]


def register(group: typer.Typer) -> None:
    group.command()(export)
    group.command()(erase)


def export(
    context: typer.Context,
    couple: Ref,
    partner: Position = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="A folder for a file of each. Without: on standard output.")
    ] = None,
) -> None:
    """Hand out what is kept of a partner, and nothing of the other's, as JSON that machines read.

    One object for each partner, so that each can be given their own. It is in the clear: keep it from the other.
    """
    from engine.hear.own_file import as_json as written
    from engine.operating import Operator

    engine = session(context).engine
    for position in _positions(engine, couple, partner):
        text = written(Operator(engine).export(couple, position))
        if out is None:
            typer.echo(text)
            continue
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = out / f"partner-{position}.json"
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as opened:
            opened.write(text + "\n")
        console().print(str(file), markup=False)


def erase(
    context: typer.Context, couple: Ref, partner: Position = None, dry_run: DryRun = False, json: Json = False
) -> None:
    """Erase a couple, or one partner: all rows that are theirs, and providers' copies where the provider deletes any.

    For the one who stays nothing changes. A keyed hash of each address stays, so that nobody signs it up again unasked.
    """
    from engine.operating import Operator

    engine = session(context).engine
    operator = Operator(engine)
    found = {
        position: operator.erase(couple, position, dry_run=dry_run) for position in _positions(engine, couple, partner)
    }
    cleared = None if dry_run else asyncio.run(_clear(engine))
    if json:
        as_json({"partner": position, "rows": rows, "dry_run": dry_run} for position, rows in found.items())
        return
    out = console()
    for position, rows in found.items():
        said = ", ".join(f"{number} {name}" for name, number in rows.items() if number) or "no rows"
        verb = "would be" if dry_run else "is"
        out.print(f"Partner {position} of couple {couple} {verb} erased: {said}.", markup=False)
    if cleared is not None:
        out.print(f"Deleted at providers: {cleared.copies} copies. Of calls that held their address: {cleared.calls}.")
        if cleared.impossible:
            out.print(f"Not to be deleted: {cleared.impossible} copies, of transports whose provider deletes none.")
        if cleared.waiting:
            out.print(f"To be looked at again by `rekindle run`: {cleared.waiting}.")


async def _clear(engine: Any) -> Any:
    try:
        return await engine.clear_leftovers()
    finally:
        await engine.aclose()


def _positions(engine: Any, couple: str, partner: int | None) -> list[int]:
    """Of whom it is."""
    from engine.store import couples

    if partner is not None:
        return [partner]
    with engine.database.read() as connection:
        return [each.position for each in couples.find(connection, engine.vault, couple).partners]
