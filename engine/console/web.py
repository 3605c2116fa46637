"""`rekindle web`: hear providers and serve pages, without sending; `rekindle run` does both."""

import asyncio
from typing import Annotated

import typer

from engine.console.say import console
from engine.console.session import session


def register(app: typer.Typer) -> None:
    app.command()(web)


def web(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="The address to listen on. Default: `web.host`.")] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="The port to listen on. Default: `web.port`.")
    ] = None,
) -> None:
    """Hear providers' webhooks and serve the page that ends messages.

    Ctrl-C or SIGTERM finishes what is under way, and ends.
    """
    from engine.web.server import serve_until_told

    opened = session(context)
    settings = opened.settings
    where, number = host or settings.web.host, port or settings.web.port
    engine = opened.engine
    console().print(f"Serving {settings.public_url} from {where} port {number}. Ctrl-C ends it.", markup=False)
    asyncio.run(serve_until_told(engine, where, number))
    console().print("Stopped. Every call that was answered is stored.")
