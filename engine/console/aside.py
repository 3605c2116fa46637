"""`rekindle aside`: what cannot be worked with and was set aside, so that the rest goes on."""

from typing import Annotated

import typer

from engine.console.say import as_json, console, table
from engine.console.session import session

group = typer.Typer(help="What cannot be worked with and was set aside.", no_args_is_help=True)
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@group.command("list")
def list_(context: typer.Context, json: Json = False) -> None:
    """List what was set aside, and why: steps that cannot be planned, providers' calls to which reacting fails.

    A message that cannot be written has failed as `poison` instead: `deliveries list --status failed`.
    """
    from engine.deliver.aside import set_aside
    from engine.store import intake

    engine = session(context).engine
    with engine.database.read() as connection:
        found = [
            *(
                ("steps due", each.campaign, each.number, each.why)
                for each in set_aside(connection, engine.definitions)
            ),
            *(
                ("calls", f"{each.source} {each.kind}", each.number, f"Reacting fails with {each.error}.")
                for each in intake.why_failed(connection)
            ),
        ]
    if json:
        as_json({"what": what, "of": of, "number": number, "why": why} for what, of, number, why in found)
        return
    table("Set aside", ("what", "of", "number", "why"), found, empty="Nothing is set aside.")


@group.command()
def retry(context: typer.Context, dry_run: DryRun = False, json: Json = False) -> None:
    """Take up again what can be worked with now, after a mend. What is too late by then is skipped, and says so.

    Exit 1 where something still cannot be.
    """
    from engine.operating import Operator

    given, caught = Operator(session(context).engine).retry_aside(dry_run=dry_run)
    if json:
        as_json(
            [
                {
                    "steps": given.back,
                    "steps_still": given.still,
                    "calls": caught.reacted,
                    "calls_still": caught.failed,
                    "dry_run": dry_run,
                }
            ]
        )
    else:
        would = "would be taken up" if dry_run else "taken up"
        console().print(f"Steps due {would}: {given.back}. Calls {would}: {caught.reacted}.")
        if given.still or caught.failed:
            console().print(f"Still set aside: {given.still + caught.failed}. `rekindle aside list` says why.")
    if given.still or caught.failed:
        raise typer.Exit(1)
