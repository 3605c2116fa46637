"""`rekindle check` and `rekindle schema`: campaign files before anything is sent."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from engine.console.say import as_json, console
from engine.console.session import session


def register(app: typer.Typer) -> None:
    app.command()(check)
    app.command()(schema)


def check(
    context: typer.Context,
    paths: Annotated[list[Path] | None, typer.Argument(help="Files or folders; the workspace's if left out.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Lint campaigns, strategies and templates: every finding with file, line, column and how to mend it."""
    from engine.app import campaign_folders, template_folders
    from engine.check import check as run

    settings = session(context).settings
    looked_at = paths or campaign_folders(settings)
    findings = run(looked_at, templates=template_folders(settings), campaigns=campaign_folders(settings))
    problems = [finding for finding in findings if not finding.note]
    if json:
        as_json(asdict(finding) for finding in findings)
    else:
        out = console()
        for finding in findings:
            out.print(str(finding), markup=False)
        notes = len(findings) - len(problems)
        said = f"{len(problems)} {'problem' if len(problems) == 1 else 'problems'}" if problems else "No problems"
        out.print(f"{said}{f', {notes} notes' if notes else ''}.")
    if problems:
        raise typer.Exit(1)


def schema(
    of: Annotated[str, typer.Argument(help="campaign or strategy")] = "campaign",
) -> None:
    """Print the JSON Schema that editors complete and check campaign files with."""
    from engine.define.schema import SCHEMAS

    if of not in SCHEMAS:
        raise typer.BadParameter(f"{of!r} has no schema; choose {' or '.join(SCHEMAS)}.")
    typer.echo(SCHEMAS[of](), nl=False)
