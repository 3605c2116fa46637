"""`rekindle pause`, `resume` and `paused`: hold sending back, all of it or a part, and let it go on."""

from typing import TYPE_CHECKING, Annotated

import typer

from engine.console.say import as_json, console, table
from engine.console.session import session

if TYPE_CHECKING:
    from engine.deliver.halting import What

All = Annotated[bool, typer.Option("--all", help="Everything, notices included.")]
Campaign = Annotated[str | None, typer.Option(help="One campaign, by its id.", metavar="CAMPAIGN")]
Transport = Annotated[str | None, typer.Option(help="One transport, by its name.", metavar="NAME")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


def register(app: typer.Typer) -> None:
    app.command()(pause)
    app.command()(resume)
    app.command()(paused)


def pause(
    context: typer.Context,
    all_: All = False,
    campaign: Campaign = None,
    transport: Transport = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Send nothing: of anything, of one campaign, or by one transport.

    It holds for every process from the next batch on, until it is resumed. What is due waits, and is skipped if it
    becomes too late meanwhile. Stand-bys of a paused transport take over.
    """
    from engine.operating import Operator

    what = _what(all_, campaign, transport)
    engine = session(context).engine
    news = Operator(engine).pause(what, dry_run=dry_run)
    if json:
        as_json(
            [{"kind": what.kind, "name": what.name, "paused": not (news and dry_run), "news": news, "dry_run": dry_run}]
        )
        return
    said = "would be" if dry_run else "is"
    console().print(f"{_named(what)} {said} paused." if news else f"{_named(what)} is paused already.", markup=False)
    if news:
        _, due = engine.waiting()
        console().print(f"Messages that are due: {due}. {_resume(what)} lets it go on.", markup=False)


def resume(
    context: typer.Context,
    all_: All = False,
    campaign: Campaign = None,
    transport: Transport = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Let go on what `rekindle pause` held back.

    Each pause ends by itself: --all ends the pause of everything, not those of a campaign or a transport.
    """
    from engine.operating import Operator

    what = _what(all_, campaign, transport)
    was = Operator(session(context).engine).resume(what, dry_run=dry_run)
    left = _standing(context)
    if json:
        as_json([{"kind": what.kind, "name": what.name, "paused": was and dry_run, "news": was, "dry_run": dry_run}])
        return
    said = "would be" if dry_run else "is"
    console().print(f"{_named(what)} {said} resumed." if was else f"{_named(what)} is not paused.", markup=False)
    others = [str(each) for each in left if each != what]
    if others:
        console().print(f"Still paused: {', '.join(others)}.", markup=False)


def paused(context: typer.Context, json: Json = False) -> None:
    """List what is paused, since when, and by whom."""
    from engine.store import holds

    with session(context).engine.database.read() as connection:
        found = holds.standing(connection)
    if json:
        as_json(
            {"kind": each.kind, "name": each.name, "since": each.since.isoformat(), "actor": each.actor}
            for each in found
        )
        return
    table(
        "Paused",
        ("what", "name", "since (UTC)", "by"),
        ((each.kind, each.name, each.since.strftime("%Y-%m-%d %H:%M"), each.actor) for each in found),
        empty="Nothing is paused.",
    )


def _what(all_: bool, campaign: str | None, transport: str | None) -> "What":
    from engine.deliver.halting import EVERYTHING, What
    from engine.model.hold import HoldKind

    if sum((all_, campaign is not None, transport is not None)) != 1:
        raise typer.BadParameter("Say one of --all, --campaign CAMPAIGN and --transport NAME.")
    if campaign is not None:
        return What(HoldKind.CAMPAIGN, campaign)
    return EVERYTHING if transport is None else What(HoldKind.TRANSPORT, transport)


def _standing(context: typer.Context) -> "list[What]":
    from engine.deliver.halting import What
    from engine.store import holds

    with session(context).engine.database.read() as connection:
        return [What(each.kind, each.name) for each in holds.standing(connection)]


def _named(what: "What") -> str:
    return str(what).capitalize() if not what.name else f"The {what}"


def _resume(what: "What") -> str:
    return f"`rekindle resume {f'--{what.kind} {what.name}' if what.name else '--all'}`"
