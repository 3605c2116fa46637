"""`rekindle simulate` and `rekindle demo`: the engine on a virtual clock."""

from collections import Counter
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.console.bar import bar
from engine.console.say import as_json, console, program, table
from engine.console.session import a_date, session

SHOWN = 2  # couples whose whole calendar is printed


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
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line, per delivery.")] = False,
) -> None:
    """Run a campaign to its end on a virtual clock.

    It is the same engine with an in-memory database, and no message leaves the house.
    """
    from engine.simulate.simulation import Simulation, find_campaign_for, read_faults

    settings = session(context).settings
    definition = find_campaign_for(settings, campaign)
    simulation = Simulation(settings, seed, start, None if faults is None else read_faults(faults))
    refused = 0
    if couples.isdecimal():
        simulation.make_up(int(couples))
    else:
        refused = simulation.read(Path(couples))
    with bar(f"Living through {definition.title}") as progress:
        simulation.run(definition, progress)
    lines = simulation.lines()
    if json:
        as_json(asdict(line) for line in lines)
    else:
        _calendar(list(lines), definition.title)
    if refused:
        typer.echo(f"{refused} rows of {couples} were refused; `rekindle couples import` says why.", err=True)
        raise typer.Exit(1)


def _calendar(lines: list[Any], title: str) -> None:
    """The calendars of the first couples, for a person to read, and a summary of all."""
    console().print(f"[bold]{title}[/bold]\n")
    couples = list(dict.fromkeys(line.couple for line in lines))
    for couple in couples[:SHOWN]:
        mine = [line for line in lines if line.couple == couple]
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
    if len(couples) > SHOWN:
        console().print(f"… and {len(couples) - SHOWN} more couples; --json prints every delivery.\n")
    summary("What happened to every delivery", Counter(outcome(line) for line in lines))
    summary("Sent, by channel", Counter(line.channel for line in lines if line.status == "sent"))
    summary("Sent, by strategy", Counter(line.strategy for line in lines if line.status == "sent" and line.strategy))


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
