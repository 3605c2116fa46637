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
    """Lint campaigns, strategies and templates.

    Every finding says file, line and column, what is wrong and how to mend it.
    """
    from engine.check.check import check as run
    from engine.parts import campaign_folders, sender_of, template_folders

    settings = session(context).settings
    looked_at = paths or campaign_folders(settings)
    findings = run(
        looked_at,
        campaigns=campaign_folders(settings),
        templates=template_folders(settings),
        sender=sender_of(settings),
    )
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
    of: Annotated[str, typer.Argument(help="campaign, strategy or translation")] = "campaign",
) -> None:
    """Print the JSON Schema of a kind of file, for editors."""
    from engine.define.schema import MODELS
    from engine.define.schema import schema as text

    if of not in MODELS:
        raise typer.BadParameter(f"{of!r} has no schema; choose one of {', '.join(MODELS)}.")
    typer.echo(text(of), nl=False)
