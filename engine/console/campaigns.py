"""`rekindle check`, `snapshot` and `schema`: campaign files before anything is sent."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from engine.console.say import as_json, console
from engine.console.session import session


def register(app: typer.Typer) -> None:
    app.command()(check)
    app.command()(snapshot)
    app.command()(schema)


def check(
    context: typer.Context,
    paths: Annotated[list[Path] | None, typer.Argument(help="Files or folders; the workspace's if left out.")] = None,
    snapshot: Annotated[
        bool, typer.Option("--snapshot", help="Also: whether the snapshots still say what the campaigns do.")
    ] = False,
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
    if snapshot:
        from engine.check.snapshots import SNAPSHOTS, drifted
        from engine.define.load import read_library

        folders = campaign_folders(settings)
        library, _ = read_library(folders)
        found = drifted(
            settings.path(Path(SNAPSHOTS)),
            looked_at,
            folders,
            library,
            template_folders(settings),
            sender_of(settings),
            settings.public_url,
        )
        findings = sorted({*findings, *found})
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


def snapshot(
    context: typer.Context,
    campaign: Annotated[str, typer.Argument(help="A campaign's id, or its file.", metavar="CAMPAIGN")],
    out: Annotated[
        Path | None, typer.Option(help="Where; the workspace's snapshots/CAMPAIGN if left out.", metavar="DIR")
    ] = None,
) -> None:
    """Write every message of a campaign as plain text, to be reviewed like code.

    A change to the campaign, its activities or templates then shows as a difference between files. Again, it changes
    only what differs; `rekindle check --snapshot` says whether anything would.
    """
    from engine.check.snapshot import snapshot as pages
    from engine.check.snapshots import SNAPSHOTS, write
    from engine.define.load import find_campaign, load_library
    from engine.parts import campaign_folders, sender_of, template_folders

    settings = session(context).settings
    folders = campaign_folders(settings)
    definition = find_campaign(campaign, folders, load_library(folders))
    files = pages(definition, template_folders(settings), sender_of(settings), settings.public_url)
    folder = out or settings.path(Path(SNAPSHOTS)) / definition.id
    written, removed = write(folder, files)
    said = f"{len(files)} files in {folder}: {written} written, {len(files) - written} unchanged"
    console().print(f"{said}, {removed} removed." if removed else f"{said}.", markup=False)


def schema(
    of: Annotated[str, typer.Argument(help="campaign, strategy or translation")] = "campaign",
) -> None:
    """Print the JSON Schema of a kind of file, for editors."""
    from engine.define.schema import MODELS
    from engine.define.schema import schema as text

    if of not in MODELS:
        raise typer.BadParameter(f"{of!r} has no schema; choose one of {', '.join(MODELS)}.")
    typer.echo(text(of), nl=False)
