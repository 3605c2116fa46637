"""`rekindle web`: hear providers and serve pages, without sending; `rekindle run` does both."""

import asyncio
import sys
from typing import Annotated

import typer

from engine.console.session import session
from engine.run.logs import Style


def register(app: typer.Typer) -> None:
    app.command()(web)


def web(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="The address to listen on. Default: `web.host`.")] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="The port to listen on. Default: `web.port`.")
    ] = None,
    log: Annotated[Style, typer.Option(help="text or json. Default: text.")] = Style.AUTO,
) -> None:
    """Hear providers' webhooks and serve the page that ends messages.

    Ctrl-C or SIGTERM finishes what is under way, and ends.
    """
    from engine.run.journal import Journal
    from engine.run.logs import logging_to
    from engine.web.server import serve_until_told

    opened = session(context)
    settings = opened.settings
    where, number = host or settings.web.host, port or settings.web.port
    engine = opened.engine
    if log is Style.LIVE:
        raise typer.BadParameter("The live view is `rekindle run`'s; choose text or json.")
    with logging_to(sys.stdout, log, engine.clock):
        journal = Journal()
        journal.started(f"Serving {settings.public_url} from {where} port {number}.", web=True)
        asyncio.run(serve_until_told(engine, where, number))
        journal.stopped("Stopped. Every call that was answered is stored.")
