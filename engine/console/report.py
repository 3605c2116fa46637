"""`rekindle report`: what came of a campaign."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.console.say import as_json, console, program, table
from engine.console.session import Session, session
from engine.errors import Refused, RekindleError

if TYPE_CHECKING:
    from engine.report.report import Report


def register(app: typer.Typer) -> None:
    app.command()(report)


def report(
    context: typer.Context,
    campaign: Annotated[str, typer.Argument(help="A campaign's id, or its file.")],
    out: Annotated[Path | None, typer.Option(metavar="FILE.html", help="Write one page with plots.")] = None,
    csv: Annotated[Path | None, typer.Option(metavar="DIR", help="Write each figure's numbers as a CSV file.")] = None,
    version: Annotated[str, typer.Option(metavar="DIGEST|all", help="Only couples on this version of it.")] = "all",
    json: Annotated[bool, typer.Option("--json", help="All numbers as one JSON object.")] = False,
) -> None:
    """Tell what came of a campaign: funnel, pulses, answers, what helped, opt-outs, deliverability, cost.

    Without --out, --csv and --json it prints the tables. Figures about fewer than five couples are hidden everywhere.
    """
    made = _made(session(context), campaign, None if version == "all" else version)
    if out is not None:
        _write_page(made, out)
    if csv is not None:
        _write_csv(made, csv)
    if json:
        as_json([made.entry()])
        return
    speak = console()
    for name, path in (("Page", out), ("Tables", csv)):
        if path is not None:
            speak.print(f"{name} of {made.title!r}:  {path}", markup=False)
    if out is None and csv is None:
        _print(made)
        if made.enough:
            speak.print(f"With plots: {program()} report {campaign} --out report.html", markup=False)


def _made(at: Session, campaign: str, version: str | None) -> "Report":
    from engine.report.report import report_on
    from engine.report.scope import is_known

    engine = at.engine
    with engine.database.read() as connection:
        # One that nobody was enrolled in yet is only in a file; what is stored needs none.
        name = campaign if is_known(connection, campaign) else engine.campaign(campaign).id
        return report_on(
            connection, name, now=engine.clock.now(), currency=engine.settings.prices.currency, version=version
        )


def _write_page(made: "Report", out: Path) -> None:
    from engine.report.report_page import page

    if out.is_dir():
        raise Refused(f"{out} is a folder.", fix=f"Name a file in it: --out {out / 'report.html'}")
    try:
        with out.open("w", encoding="utf-8") as file:
            file.writelines(page(made))
    except OSError as error:
        raise _unwritable(out, error) from error


def _write_csv(made: "Report", folder: Path) -> None:
    from engine.report.report_files import write_csv

    if folder.is_file():
        raise Refused(f"{folder} is a file.", fix="Name a folder for the tables, new or not.")
    try:
        write_csv(made, folder)
    except OSError as error:
        raise _unwritable(folder, error) from error


def _unwritable(path: Path, error: OSError) -> RekindleError:
    return RekindleError(
        f"{path} cannot be written: {error.strerror}.", fix="Choose a place that exists and that you may write to."
    )


def _print(made: "Report") -> None:
    from engine.report.cells import FEWEST
    from engine.report.figure import Form, written

    speak = console()
    if not made.enough:
        speak.print(f"Not enough couples yet: figures about fewer than {FEWEST} are hidden.")
        return
    for figure in made.figures:
        if figure.rows and figure.enough:
            table(
                f"{figure.title} (n = {written(figure.n, Form.WHOLE)} couples)",
                [column.heading for column in figure.columns],
                [[written(row[column.key], column.form) for column in figure.columns] for row in figure.rows],
                empty="",
            )
