"""Serves the web app with uvicorn in the running loop, without its signal handlers, logs of paths, or own headers."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

from engine.app import Engine
from engine.errors import SettingsError
from engine.web.app import create_app, create_metrics_app
from engine.web.connection import Connection

GRACE_SECONDS = 10
"""How long calls that are under way may go on once the end has been asked for; a reaction is stored work, and quick."""


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs the loop."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(engine: Engine, host: str, port: int) -> AsyncIterator[int]:
    """Serve while the block runs; it gets the port (a free one for 0). Calls under way are finished at the end.

    Also the metrics, where they have a port of their own. SettingsError when a port cannot be had. Proxy headers are
    not read: the public address comes from the settings.
    """
    async with serving_metrics(engine), serving_app(create_app(engine), host, port, "web") as served:
        yield served


@asynccontextmanager
async def serving_metrics(engine: Engine) -> AsyncIterator[int | None]:
    """Serve the metrics on their own port while the block runs, which gets it; None where there is none."""
    given = engine.settings.metrics
    if given.port is None:
        yield None
        return
    async with serving_app(create_metrics_app(engine), given.host, given.port, "metrics") as served:
        yield served


@asynccontextmanager
async def serving_app(app: ASGIApp, host: str, port: int, table: str, grace: int = GRACE_SECONDS) -> AsyncIterator[int]:
    """Serve an app while the block runs; it gets the port (a free one for 0). Calls under way are finished at the end.

    SettingsError, naming the settings' `table`, when the port cannot be had.
    """
    listener = _listen(host, port, table)
    config = uvicorn.Config(
        app,
        access_log=False,  # paths carry tokens
        log_config=None,
        log_level="error",
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        ws="none",
        http=Connection,
        timeout_graceful_shutdown=grace,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve([listener]))
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await task


async def serve_until_told(engine: Engine, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is under way and let go of the engine."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    try:
        async with serving(engine, host, port):
            await ended.wait()
    finally:
        await engine.aclose()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def _listen(host: str, port: int, table: str) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise SettingsError(
            f"Cannot serve on {host} port {port}: {(error.strerror or 'no such address').lower()}.",
            fix=f"Set another `{table}.port` or `{table}.host`, or stop what uses it"
            + ("; `rekindle run --no-web` serves nothing." if table == "web" else "."),
        ) from None
