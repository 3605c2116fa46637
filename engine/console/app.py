"""The root command and its groups."""

from pathlib import Path
from typing import Annotated

import typer

from engine import __version__
from engine.console import (
    alerts,
    aside,
    audit,
    bounces,
    campaigns,
    couples,
    database,
    deliveries,
    doctor,
    experiment,
    holds,
    keys,
    operator,
    own_data,
    partners,
    preview,
    replies,
    report,
    sending,
    simulation,
    suppressions,
    transports,
    versions,
    web,
    worker,
    workspace,
)
from engine.console.session import Session

app = typer.Typer(
    name="rekindle",
    help="A nudge campaign engine for couples: the right prompt, to the right person, at their local hour, once.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rekindle {__version__}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Option("--workspace", "-C", help="The folder of rekindle.toml.", file_okay=False)
    ] = Path(),
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which.")] = False,
) -> None:
    """Open the workspace when a command first asks for it, and not before."""
    context.obj = Session(folder)


for commands in (simulation, preview, workspace, campaigns, sending, worker, holds, web, doctor, report, versions):
    commands.register(app)
partners.register(couples.group)
own_data.register(couples.group)
app.add_typer(couples.group, name="couples")
app.add_typer(deliveries.group, name="deliveries")
app.add_typer(replies.group, name="replies")
app.add_typer(alerts.group, name="alerts")
app.add_typer(aside.group, name="aside")
app.add_typer(suppressions.group, name="suppressions")
app.add_typer(bounces.group, name="bounces")
app.add_typer(transports.group, name="transports")
app.add_typer(experiment.group, name="experiment")
app.add_typer(database.group, name="db")
app.add_typer(audit.group, name="audit")
app.add_typer(keys.group, name="keys")
app.add_typer(operator.group, name="operator")
