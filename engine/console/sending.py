"""`rekindle enroll`, `schedule`, `tick` and `run`: from couples and a campaign to messages."""

import asyncio
import signal
import sys
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from datetime import date, datetime
from typing import Annotated, Any

import typer

from engine.console.progress import Progress
from engine.console.say import as_json, console, table
from engine.console.session import MOST, a_date, an_instant, session
from engine.errors import StoreError
from engine.model.delivery import FailReason, MovedBecause, SkipReason
from engine.run.logs import Style

STOPPED = "Stopped. Everything that was handed over is recorded."
LIVE_SECONDS = 2
TELL_SECONDS = 20  # the longest that a pass from cron waits for the operator to be told

Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


def register(app: typer.Typer) -> None:
    for command in (enroll, schedule, tick, run):
        app.command()(command)


def enroll(
    context: typer.Context,
    campaign: Annotated[str, typer.Argument(help="A campaign's id, or its file.")],
    start: Annotated[date, typer.Option(parser=a_date, metavar="DATE", help="The first day, on each own calendar.")],
    couple: Annotated[list[str] | None, typer.Option(help="Only this couple; may be given again.")] = None,
    where: Annotated[str | None, typer.Option(metavar="EXPR", help="Those for whom this holds; see docs.")] = None,
    everyone: Annotated[bool, typer.Option("--all", help="Every couple.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    json: Json = False,
) -> None:
    """Enroll couples in a campaign.

    A couple that is in it already is left as it is.
    """
    if sum((bool(couple), where is not None, everyone)) != 1:
        raise typer.BadParameter("Say whom: --couple NAME (again for more), --where EXPR, or --all.")
    engine = session(context).engine
    definition = engine.campaign(campaign)
    if dry_run:
        from engine.console.outlook import foretell

        foretell(engine, definition, start, couple or None, where, json=json)
        return
    done = engine.enroll(definition, start, couple or None, where=where)
    if json:
        as_json([{"campaign": definition.id, "digest": definition.digest, **vars(done), "dry_run": False}])
        return
    console().print(
        f"{done.enrolled} {'couple' if done.enrolled == 1 else 'couples'} enrolled in {definition.title!r} "
        f"from {start}; {done.already} left as they are.",
        markup=False,
    )


def schedule(
    context: typer.Context,
    until: Annotated[date | None, typer.Option(parser=a_date, metavar="DATE", help="To this local day.")] = None,
    couple: Annotated[str | None, typer.Option(help="Only this couple.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, max=MOST, help="At most so many partners. Default: 20.")] = None,
    cost: Annotated[
        bool, typer.Option("--cost", help="Instead: what everything to come will cost, and what was spent.")
    ] = False,
    summary: Annotated[
        bool,
        typer.Option(
            "--summary", "--dry-run", help="Instead: how many messages, the first and the last, what will not go, cost."
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Say who gets what and when, in local time.

    Also why a time was moved, or why nothing will go; with --cost, messages, segments and money by campaign.
    """
    from engine.deliver.forecast import schedule as upcoming

    engine = session(context).engine
    if summary:
        from engine.console.outlook import sum_up

        if cost or limit is not None:
            raise typer.BadParameter("--summary is of everything to come; leave out --cost and --limit.")
        sum_up(engine, until, couple, json=json)
        return
    if cost:
        _costs(engine, engine.estimate(until=until, couple=couple, limit=limit or MOST), couple, json)
        return
    with engine.database.read() as connection:
        to_come = upcoming(connection, engine.definitions, until=until, couple=couple, limit=limit or 20)
        entries = [each.entry() for each in to_come]
    if json:
        as_json(entries)
        return
    table(
        "Schedule",
        ("local time", "couple", "partner", "week", "step", "activity", "channel", "remark"),
        (
            (
                entry["local_time"],
                entry["couple"],
                entry["partner"],
                entry["week"],
                entry["step"],
                entry["activity"],
                entry["channel"],
                _remark(entry),
            )
            for entry in entries
        ),
        empty="Nothing is to come. `rekindle enroll CAMPAIGN --all --start DATE` begins a campaign.",
    )


def tick(
    context: typer.Context,
    now: Annotated[
        datetime | None, typer.Option(parser=an_instant, metavar="INSTANT", help="Pretend that it is this instant.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be taken up, and do nothing.")] = False,
    json: Json = False,
) -> None:
    """Do one plan-and-deliver pass, for cron."""
    from engine.app import build
    from engine.clock import VirtualClock

    opened = session(context)
    engine = opened.engine if now is None else build(opened.settings, VirtualClock(now))
    if dry_run:
        due, planned = engine.waiting()
        if json:
            as_json([{"due": due, "planned": planned}])
        else:
            console().print(f"{due} steps have fallen due, and {planned} planned messages may go.")
        return
    if now is None and engine.database.server:
        from engine.run.steadiness import Steadiness

        Steadiness(engine).check()
    done = asyncio.run(one_pass(engine))
    if json:
        as_json([{name: vars(part) for name, part in vars(done).items()}])
        return
    _tell(done)
    if done.delivered.problems:
        raise typer.Exit(1)


def run(
    context: typer.Context,
    web: Annotated[bool, typer.Option("--web/--no-web", help="Also hear providers and serve pages.")] = True,
    log: Annotated[
        Style, typer.Option(help="live, text or json. Default: live on a terminal, else text.")
    ] = Style.AUTO,
) -> None:
    """Run until told to stop: send what is due, hear providers, serve pages.

    Ctrl-C or SIGTERM claims nothing more, records what was handed over, and ends.
    """
    from engine.run.journal import Journal
    from engine.run.logs import logging_to
    from engine.run.steadiness import Steadiness
    from engine.run.ticker import LOOK_SECONDS, run_forever

    engine = session(context).engine
    clock = Steadiness(engine) if engine.database.server else None
    seconds, where = engine.settings.tick_seconds, engine.settings.web
    beside: AbstractAsyncContextManager[object] | None = None
    listening = ""
    if web:
        from engine.web.server import serving

        beside = serving(engine, where.host, where.port)
        listening = f", and serving {where.host} port {where.port}"
    elif engine.settings.metrics.port is not None:
        from engine.web.server import serving_metrics

        beside = serving_metrics(engine)
    view = None
    if log is Style.LIVE or (log is Style.AUTO and sys.stdout.isatty()):
        from engine.console.live import LiveView

        view = LiveView(engine.measures, engine.clock.now(), listening.replace(", and", ","), engine.clock.now)
    progress = Progress(lambda: engine.waiting()[1])
    journal = Journal()

    def ticked(done: Any, took: float) -> None:
        journal.ticked(done, progress.left(done.delivered.sent), took)
        if view is not None:
            for problem in done.delivered.problems:
                view.problem(f"Mend this transport: {problem}")

    with logging_to(None if view is not None else sys.stdout, log, engine.clock):
        said = f"Looking for what is due every {seconds} seconds{listening}."
        journal.started(said, seconds=seconds, web=web)
        with nullcontext() if view is None else view.shown(console()):
            asyncio.run(
                run_forever(
                    engine,
                    ticked,
                    beside,
                    journal=journal,
                    on_look=(lambda looked: None) if view is None else view.looked,
                    look_seconds=LOOK_SECONDS if view is None else LIVE_SECONDS,
                    clock=clock,
                    on_away=lambda error: None if view is None else view.problem(f"{error} {error.fix}"),
                )
            )
        journal.stopped(STOPPED)
    if view is not None:
        console().print(STOPPED)


def _costs(engine: Any, to_come: Any, couple: str | None, json: bool) -> None:
    from engine.report.costs import spent

    currency = engine.settings.prices.currency
    with engine.database.read() as connection:
        found = [("to come", each) for each in to_come] + [("spent", each) for each in spent(connection, couple)]
    if json:
        as_json(
            {
                "what": what,
                "campaign": each.campaign,
                "channel": each.channel,
                "messages": each.messages,
                "segments": each.segments,
                "cost": each.micros / 1_000_000,
                "currency": currency,
            }
            for what, each in found
        )
        return
    table(
        "Costs, by the price list in rekindle.toml",
        ("", "campaign", "channel", "messages", "segments", currency),
        (
            (what, each.campaign, each.channel, each.messages, each.segments, f"{each.micros / 1_000_000:,.2f}")
            for what, each in found
        ),
        empty="Nothing is to come and nothing was sent. `rekindle enroll CAMPAIGN --all --start DATE` begins one.",
    )
    if found and not engine.settings.prices.any():
        console().print("No price is known: [prices] in rekindle.toml holds them.", markup=False)


async def one_pass(engine: Any) -> Any:
    """One pass. Told to stop in the middle of it, it still records what was handed over, as `run` does."""
    from engine.run.process import settle_in

    settle_in()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, engine.stop)
    try:
        done = await engine.tick()
        with suppress(StoreError, TimeoutError):  # the next pass sees and tells it
            async with asyncio.timeout(TELL_SECONDS):
                await engine.look()
                await engine.watch.tell()
        return done
    finally:
        await engine.aclose()


def _tell(done: Any) -> None:
    """What a tick did, and what the operator must mend."""
    from engine.run.journal import summary

    console().print(summary(done), markup=False)
    for problem in done.delivered.problems:
        console().print(f"Mend this transport: {problem}", markup=False)


def _remark(entry: dict[str, Any]) -> str:
    if entry["reason"]:
        kind = SkipReason if entry["reason"] in set(SkipReason) else FailReason
        return f"will not go: {kind(entry['reason']).sentence}"
    return MovedBecause(entry["moved_because"]).sentence if entry["moved_because"] else ""
