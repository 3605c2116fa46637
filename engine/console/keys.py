"""`rekindle keys`: what seals addresses and words, and how it is changed while everything runs."""

from typing import Annotated

import typer

from engine.console.say import as_json, console, table
from engine.console.session import session

group = typer.Typer(help="The keys that addresses and words are sealed with.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
KeyId = Annotated[str, typer.Argument(help="The key's name, such as k1.", metavar="KEY")]


@group.command("list")
def list_(context: typer.Context, json: Json = False) -> None:
    """List keys, and how many values each has sealed. Reads the beginning of every value."""
    from engine.store import sealed

    engine = session(context).engine
    with engine.database.read() as connection:
        counted = sealed.by_key(connection)
    rows = [
        (each, each == engine.vault.current, each in engine.vault.key_ids, counted.get(each, 0))
        for each in sorted({*engine.vault.key_ids, *counted})
    ]
    if json:
        as_json({"key": key, "current": current, "listed": listed, "values": n} for key, current, listed, n in rows)
    else:
        table(
            "Keys",
            ("key", "what it is", "values it has sealed"),
            (
                (key, "current" if current else "older or new" if listed else "NOT THERE", n)
                for key, current, listed, n in rows
            ),
            empty="",
        )
    if any(not listed for _, _, listed, _ in rows):
        raise typer.Exit(1)


@group.command()
def add(context: typer.Context) -> None:
    """Add a fresh key. It seals nothing yet: first bring the key file to every machine, then rotate."""
    from engine.operating import Operator

    key_id = Operator(session(context).engine).add_key()
    out = console()
    out.print(f"The key {key_id} is in the key file. Keep a copy of it, and bring it to every machine. Then:")
    out.print(f"  rekindle keys rotate {key_id}", markup=False)


@group.command()
def rotate(
    context: typer.Context,
    key: Annotated[
        str | None, typer.Argument(help="The key to seal with from now on. Default: the current one.", metavar="[KEY]")
    ] = None,
    json: Json = False,
) -> None:
    """Seal with a key from now on, and seal anew all that others have sealed, while everything runs.

    Killed at any moment, it goes on where it was when it is run again without KEY.
    """
    from engine.operating import Operator

    engine, out = session(context).engine, console()

    def told(column: str, values: int) -> None:
        if not json:
            out.print(f"{column}: {values}", markup=False)

    number = Operator(engine).rotate_keys(key, told)
    if json:
        as_json([{"current": engine.vault.current, "resealed": number}])
        return
    out.print(f"{engine.vault.current} is the current key; {number} values were sealed anew with it.", markup=False)


@group.command()
def retire(
    context: typer.Context,
    key: KeyId,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
) -> None:
    """Take a key out of the key file, once nothing is sealed with it. Backups from before need it: keep a copy."""
    from engine.operating import Operator

    Operator(session(context).engine).retire_key(key, dry_run=dry_run)
    said = "would be" if dry_run else "is"
    console().print(f"{key} {said} out of the key file. Backups from before it was rotated need it.", markup=False)
