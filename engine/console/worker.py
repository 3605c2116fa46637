"""`rekindle worker`: share the work with any number of others, on any number of machines."""

import asyncio
import os
import sys
from typing import Annotated

import typer

from engine.console.session import session
from engine.model.job import Job
from engine.run.logs import Style


def register(app: typer.Typer) -> None:
    app.command()(worker)


def worker(
    context: typer.Context,
    processes: Annotated[int, typer.Option(min=1, max=256, help="One for each core is right.")] = 1,
    only: Annotated[list[Job] | None, typer.Option(help="Only this kind of work; may be given again.")] = None,
    log: Annotated[Style, typer.Option(help="text or json. Default: text.")] = Style.AUTO,
) -> None:
    """Plan and send, beside other workers of the same PostgreSQL database.

    Ctrl-C or SIGTERM claims nothing more, records what was handed over, and ends. Pages and webhooks are `rekindle
    web`'s.
    """
    from engine.clock import SystemClock
    from engine.run.crew import HEART, Crew
    from engine.run.journal import Journal
    from engine.run.logs import logging_to

    if log is Style.LIVE:
        raise typer.BadParameter("The live view is `rekindle run`'s; choose text or json.")
    heart = os.environ.pop(HEART, None)
    if heart is None:
        session(context).refuse_unless_server()
    if processes > 1 and heart is None:
        with logging_to(sys.stdout, log, SystemClock()):
            asyncio.run(Crew(processes, left_by=session(context).left_by).keep())
        return
    from engine.app import build
    from engine.run.loop import runner
    from engine.run.worker import work_through

    def beat() -> None:
        if heart is not None:
            os.write(int(heart), b".")

    engine = session(context).engine
    with logging_to(sys.stdout, log, engine.clock), runner() as running:
        journal = Journal()

        async def work() -> None:
            kinds = tuple(only or Job)
            journal.started("Taking jobs.", jobs=",".join(kinds), pid=os.getpid())
            first = [engine]
            await work_through(lambda: first.pop() if first else build(engine.settings), kinds, journal, beat)

        running.run(work())
        journal.stopped("Stopped. Everything that was handed over is recorded.")
