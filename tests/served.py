"""A world's web app on a real socket, in a thread of its own, at the address that its links lead to."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from world import World

from engine.model.campaign import Step
from engine.web.server import serving


@dataclass
class Site:
    """What is served: `url` is the address without a slash at its end, `world` what is behind it, clock and all."""

    url: str
    world: World


@contextmanager
def served(database: Path, *steps: Step, **given: Any) -> Iterator[Site]:
    """Serve a world made with these; it may be ticked and its clock moved meanwhile."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    world = World(*steps, database=database, settings={"public_url": url, **given.pop("settings", {})}, **given)
    loop, started, ended = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    failed: list[BaseException] = []

    async def serve() -> None:
        async with serving(world.engine, "127.0.0.1", port):
            started.set()
            await ended.wait()

    def run() -> None:
        try:
            loop.run_until_complete(serve())
        except BaseException as error:
            failed.append(error)
        finally:
            started.set()
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()

    thread = threading.Thread(target=run, name="site")
    thread.start()
    started.wait()
    try:
        if failed:
            raise failed[0]
        yield Site(url, world)
    finally:
        if not failed:
            loop.call_soon_threadsafe(ended.set)
        thread.join()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port: int = held.getsockname()[1]
        return port
