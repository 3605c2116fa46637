"""Serves the web app with uvicorn in the running loop, without its signal handlers, logs of paths, or own headers."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn

from engine.app import Engine
from engine.errors import SettingsError
from engine.web.app import create_app

MOST_CONNECTIONS = 800
"""Below the 1,024 files that a process may usually open. Calls over it get 503, which Twilio does not try again."""
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

    SettingsError when the port cannot be had. Proxy headers are not read: the public address comes from the settings.
    """
    listener = _listen(host, port)
    config = uvicorn.Config(
        create_app(engine),
        access_log=False,  # paths carry tokens
        log_config=None,
        log_level="error",
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        ws="none",
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=GRACE_SECONDS,
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


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise SettingsError(
            f"Cannot serve on {host} port {port}: {(error.strerror or 'no such address').lower()}.",
            fix="Set another `web.port` or `web.host`, or stop what uses it; `rekindle run --no-web` serves nothing.",
        ) from None
