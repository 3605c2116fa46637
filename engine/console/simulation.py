"""`rekindle simulate` and `rekindle demo`: the engine on a virtual clock."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.console.bar import bar
from engine.console.say import as_json, console, program, table
from engine.console.session import a_date, session
from engine.errors import RekindleError

if TYPE_CHECKING:
    from engine.model.campaign import Campaign
    from engine.report.deliveries import Line
    from engine.simulate.faults import Faults
    from engine.simulate.rehearsal import Terms


def register(app: typer.Typer) -> None:
    app.command()(demo)
    app.command()(simulate)


def simulate(
    context: typer.Context,
    campaign: Annotated[str, typer.Argument(help="A campaign's id, or its file.")],
    start: Annotated[date, typer.Option(parser=a_date, metavar="DATE", help="The first day, on each own calendar.")],
    couples: Annotated[
        str, typer.Option(metavar="FILE|N", help="A CSV file of couples, or how many to make up.")
    ] = "20",
    seed: Annotated[str, typer.Option(help="Chance, repeatably.")] = "0",
    faults: Annotated[Path | None, typer.Option(metavar="FILE", help="A TOML file of what goes wrong.")] = None,
    against: Annotated[
        str | None, typer.Option(metavar="DIGEST|FILE", help="Compare with a stored version, or another file.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE.html", help="Write the plan as a page.")] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, max=64, help="How many at most; one for each core by default.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line, per delivery.")] = False,
    plan_json: Annotated[bool, typer.Option("--plan-json", help="The plan's figures as one JSON object.")] = False,
) -> None:
    """Run a campaign to its end on a virtual clock.

    It is the same engine with an in-memory database, and no message leaves the house. Shows the plan: when it is busy,
    what it costs, who is skipped and why, and what clock changes, faults or another version do to it.
    """
    from engine.simulate.faults import read_faults
    from engine.simulate.rehearsal import Terms
    from engine.simulate.simulation import find_campaign_for

    if json and (plan_json or out is not None or against is not None):
        raise typer.BadParameter("--json prints deliveries, not the plan; use --plan-json, or leave the others out.")
    settings = session(context).settings
    definition = find_campaign_for(settings, campaign)
    wrong = None if faults is None else read_faults(faults)
    terms = Terms(settings, seed, start, int(couples) if couples.isdecimal() else Path(couples))
    if json:
        refused = _deliveries(terms, definition, wrong)
    else:
        before = None if against is None else _version(context, against, definition)
        refused = _plan(terms, definition, wrong, before, processes, out, plan_json)
    if refused:
        typer.echo(f"{refused} rows of {couples} were refused; `rekindle couples import` says why.", err=True)
        raise typer.Exit(1)


def _deliveries(terms: "Terms", definition: "Campaign", faults: "Faults | None") -> int:
    """Print what becomes of every delivery; how many rows of the couples' file were refused."""
    from engine.simulate.simulation import Simulation

    simulation = Simulation(terms.settings, terms.seed, terms.start, faults, weeks=definition.weeks)
    refused = simulation.join(terms.couples)
    with bar(f"Living through {definition.title}") as progress:
        simulation.run(definition, progress)
    as_json(asdict(line) for line in simulation.lines())
    return refused


def _plan(
    terms: "Terms",
    definition: "Campaign",
    faults: "Faults | None",
    before: "Campaign | None",
    processes: int | None,
    out: Path | None,
    plan_json: bool,
) -> int:
    """Rehearse, and show or write the plan; how many rows of the couples' file were refused."""
    from engine.console.plan import show
    from engine.report.plan_page import page
    from engine.simulate.planning import Planning

    with bar(f"Living through {definition.title}") as progress:
        found = Planning(terms, processes, progress).plan(definition, faults, before)
    if plan_json:
        as_json([found.entry])
    else:
        _calendar(found.shown, definition.title, found.entry["run"]["couples"])
        show(found.entry)
    if out is not None:
        try:
            out.write_text(page(found.entry), encoding="utf-8")
        except OSError as error:
            raise RekindleError(f"{out} cannot be written: {error.strerror}.", fix="Check the path.") from None
        typer.echo(f"The plan as a page: {out}", err=True)
    return found.refused


def _version(context: typer.Context, against: str, definition: "Campaign") -> "Campaign":
    """What `--against` names: a file, or a stored version of the campaign."""
    from engine.simulate.simulation import find_campaign_for
    from engine.store import definitions

    if against.endswith((".yaml", ".yml")):
        return find_campaign_for(session(context).settings, against)
    engine = session(context).engine
    with engine.database.read() as connection:
        return engine.definitions.get(connection, definitions.find(connection, against, definition.id)).campaign


def _calendar(lines: Sequence["Line"], title: str, couples: int) -> None:
    """The calendars of some couples, for a person to read."""
    console().print(title, style="bold", markup=False)
    console().print()
    for couple, theirs in groupby(lines, key=lambda line: line.couple):
        mine = list(theirs)
        zones = dict.fromkeys((line.partner, line.timezone) for line in mine)
        table(
            f"{couple}: {', '.join(f'{partner} ({zone})' for partner, zone in zones)}",
            ("local time", "partner", "week", "step", "activity", "channel", ""),
            (
                (_when(line), line.partner, line.week, line.step, line.activity, line.channel, outcome(line))
                for line in mine
            ),
            empty="",
        )
    more = couples - len({line.couple for line in lines})
    if more > 0:
        console().print(f"… and {more:,} more couples; --json prints every delivery.\n")


def _when(line: Any) -> str:
    local = datetime.fromisoformat(line.local_time)
    return f"{local:%a %d %b %H:%M} {local:%z}"


def outcome(line: Any) -> str:
    """The status, and the reason where there is one."""
    return f"{line.status}: {line.reason}" if line.reason else str(line.status)


def summary(title: str, counts: Counter[str]) -> None:
    """How many of each, most first."""
    table(title, ("", "deliveries"), counts.most_common(), empty="")


def demo(
    out: Annotated[
        Path, typer.Option(help="The folder to leave it all in; one made by an earlier demo is replaced.")
    ] = (Path("rekindle-demo")),
) -> None:
    """Run eight weeks with sample couples in seconds.

    Leaves a folder with every message as a file, the database, and a gallery to look at.
    """
    from engine.simulate.demo import CAMPAIGN, COUPLE_WHO_STOPS, run
    from engine.web.samples import write_pages

    speak = console()
    speak.print("Eight weeks with sample couples on a virtual clock …")
    done = run(out, lambda engine: write_pages(engine, out, CAMPAIGN))
    summary("What happened to every delivery", Counter(done.counts))
    speak.print(f"Every message, as the couples would see it:  {done.gallery}", markup=False)
    speak.print(f"Emails and texts as files:                   {done.outbox}", markup=False)
    speak.print("\nTry next:")
    for command in (
        f"-C {out} deliveries list --couple {COUPLE_WHO_STOPS}",
        "simulate eight-weeks --start 2026-03-02 --couples 50",
        "check",
    ):
        speak.print(f"  {program()} {command}", markup=False)
