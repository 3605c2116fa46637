"""`rekindle preview`: every message of a campaign before it goes out, as pages to look at."""

import asyncio
import webbrowser
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from engine.console.say import as_json, complain, console
from engine.console.session import a_date, session

if TYPE_CHECKING:
    from engine.settings import Settings
    from engine.simulate.preview import Asked, Previewed

OUT = Path("rekindle-preview")
SHEET = "sheet.png"
MOST = 60


class _MayNameSheet(TyperCommand):
    """Lets `--sheet` stand alone: what follows it is its file only where it ends in .png."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        followed = [*args[1:], ""]
        given = [
            f"--sheet={SHEET}" if each == "--sheet" and not after.lower().endswith(".png") else each
            for each, after in zip(args, followed, strict=True)
        ]
        return super().parse_args(ctx, given)


def register(app: typer.Typer) -> None:
    app.command(cls=_MayNameSheet)(preview)


def preview(
    context: typer.Context,
    campaign: Annotated[str, typer.Argument(help="A campaign's id, or its file.")],
    week: Annotated[int | None, typer.Option(min=1, help="Only this week.")] = None,
    couple: Annotated[
        list[str] | None, typer.Option(metavar="REF", help="A couple of this workspace; may be repeated.")
    ] = None,
    couples: Annotated[
        int | None, typer.Option(min=1, max=MOST, help="So many made-up couples, instead of three that tell most.")
    ] = None,
    locale: Annotated[str | None, typer.Option(help="Show it as readers of this language get it, such as es.")] = None,
    start: Annotated[
        date | None, typer.Option(parser=a_date, metavar="DATE", help="The first day. Default: next Monday.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help=f"The folder to write; one of an earlier preview is replaced. [{OUT}]")
    ] = None,
    sheet: Annotated[
        Path | None,
        typer.Option(metavar="[FILE.png]", help=f"A picture of every message at once. [{SHEET} in the folder]"),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Serve it here, and make it anew at every save.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="With --watch: the port; 0 for any free one.")] = 0,
    open_: Annotated[bool, typer.Option("--open/--no-open", help="Open it in a browser.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object: what was made, and what is to mend.")] = False,
) -> None:
    """Look at every message of a campaign before it goes out.

    Sends nothing, and changes nothing in the workspace; the campaign may be a file that is not in it, and it needs no
    couples. Exit 1 when a message cannot be written.
    """
    from engine.simulate.preview import Asked
    from engine.simulate.preview import preview as write

    settings = session(context).settings
    if couple and couples:
        raise typer.BadParameter("Name couples with --couple, or make some up with --couples, not both.")
    first = start or _next_monday()
    asked = Asked(campaign, first, week, tuple(couple or ()), couples or 0, _locale(locale))
    if watch:
        if out or sheet or json:
            raise typer.BadParameter("--watch keeps its pages to itself: leave out --out, --sheet and --json.")
        _watch(settings, asked, port, open_)
        return
    folder = out or OUT
    done = write(settings, asked, folder)
    pictures, missing = _pictures(done, folder, sheet) if sheet else ([], False)
    if json:
        found = {"index": str(done.gallery.index), "sheets": [str(each) for each in pictures]}
        findings = [str(each) for each in done.findings]
        as_json(
            [{"campaign": asked.campaign, "title": done.title, **asdict(done.gallery), **found, "findings": findings}]
        )
    else:
        _say(done, pictures)
    if open_:
        webbrowser.open(done.gallery.index.resolve().as_uri())
    if done.gallery.wrong or missing:
        raise typer.Exit(1)


def _next_monday() -> date:
    from engine.clock import SystemClock

    today = SystemClock().now().date()
    return today + timedelta(days=7 - today.weekday())


def _locale(given: str | None) -> str | None:
    if given is None:
        return None
    from engine.enroll.bad_value import BadValue
    from engine.enroll.rows import locale_of

    try:
        return locale_of(given)
    except BadValue as error:
        raise typer.BadParameter(f"{error} {error.fix}") from None


def _pictures(done: "Previewed", folder: Path, sheet: Path) -> tuple[list[Path], bool]:
    """A PNG of each contact sheet, and whether any is missing; the complaint has been made then."""
    from engine.report.gallery_sheet import columns
    from engine.simulate.picture import NoPicture, take

    first = folder / SHEET if sheet == Path(SHEET) else sheet
    pages = done.gallery.sheets
    taken: list[Path] = []
    for number, page in enumerate(pages, start=1):
        file = first if len(pages) == 1 else first.with_stem(f"{first.stem}-{number}")
        try:
            take(page, file, columns(page))
        except NoPicture as error:
            complain(error)
            return taken, True
        taken.append(file)
    return taken, False


def _say(done: "Previewed", pictures: list[Path]) -> None:
    out, gallery = console(), done.gallery
    out.print(f"{done.title}: {gallery.emails} emails, {gallery.texts} texts", markup=False, end="")
    out.print(f", and {gallery.unsent} that would not go." if gallery.unsent else ".", markup=False)
    for finding in done.findings:
        out.print(str(finding), markup=False)
    for wrong, number in gallery.wrong.items():
        out.print(f"To mend ({number} {'message' if number == 1 else 'messages'}): {wrong}", markup=False)
    out.print(f"Look at it:     {gallery.index}", markup=False)
    for picture in pictures:
        out.print(f"On one sheet:   {picture}", markup=False)


def _watch(settings: "Settings", asked: "Asked", port: int, open_: bool) -> None:
    from engine.define.findings import FindingsError
    from engine.errors import RekindleError
    from engine.parts import campaign_folders, template_folders
    from engine.settings import FILE, load
    from engine.simulate.preview import preview as write
    from engine.web.watching import Watched, watch

    out = console()

    def make(folder: Path, made: str) -> None:
        done = write(load(settings.workspace), asked, folder, made=made)
        if done.findings:
            raise FindingsError(done.findings)

    def tell(error: RekindleError | None) -> None:
        if error is None:
            out.print("Made. Waiting for the next save …", markup=False)
        else:
            complain(error)

    def ready(address: str) -> None:
        out.print(f"Look at it: {address}   Ctrl-C ends it.", markup=False)
        if open_:
            webbrowser.open(address)

    is_file = asked.campaign.endswith((".yaml", ".yml"))
    files = [settings.workspace / FILE, *([Path(asked.campaign)] if is_file else [])]
    beside = [Path(asked.campaign).parent / "strategies"] if is_file else []
    # Also those of the workspace that are not there yet.
    own = [settings.path(each) for each in (*settings.campaigns, *settings.templates)]
    folders = [*own, *campaign_folders(settings), *template_folders(settings), *beside]
    asyncio.run(watch(Watched(make, files, folders, tell), port, ready))
    out.print("Ended.")
