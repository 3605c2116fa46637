"""Serves a preview on this machine alone, makes it anew when its files are saved, and has open pages load it again.

GET /made says which gallery is the latest. What is wrong in a file takes the gallery's place until the next save.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

from engine.errors import RekindleError, SettingsError
from engine.report.gallery_problem import write_problem
from engine.web.server import serving_app

HERE = "127.0.0.1"
EVERY = 0.5  # seconds between looks at the files
READ = (".yaml", ".yml", ".html", ".txt", ".css", ".toml")
"""Endings of what a gallery is made of."""
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; frame-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; form-action 'none'"
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}

Make = Callable[[Path, str], object]
"""Writes a gallery into a folder, marked as the one called so; RekindleError with what is wrong in a file."""


@dataclass
class Watched:
    """A gallery and the files it is made of: `files` are single ones, `folders` are looked through to the bottom.

    `tell` is told of every gallery: None when it is good, else what is wrong.
    """

    make: Make
    files: Sequence[Path]
    folders: Sequence[Path]
    tell: Callable[[RekindleError | None], None]

    def __post_init__(self) -> None:
        self._room = TemporaryDirectory(prefix="rekindle-preview-")
        self._number = 0
        self._seen: Mapping[str, tuple[int, int]] = {}
        self.folder = Path(self._room.name)

    @property
    def made(self) -> str:
        """Which gallery is the latest; it tells apart those of two runs on one port."""
        return f"{os.getpid()}-{self._number}"

    def look(self) -> bool:
        """Make the gallery anew if any file was saved, came or went since the last look; whether it did."""
        seen = dict(self._states())
        if seen == self._seen:
            return False
        self._seen = seen
        self._number += 1
        folder = Path(self._room.name) / str(self._number)
        try:
            self.make(folder, self.made)
            problem = None
        except RekindleError as error:
            problem = error
            write_problem(folder, error, self.made)
        self.folder = folder  # the one before stays, for pages that are still loading it
        self.tell(problem)
        return True

    def close(self) -> None:
        """Remove every gallery that was made."""
        self._room.cleanup()

    def _states(self) -> Iterator[tuple[str, tuple[int, int]]]:
        for path in self._paths():
            with suppress(OSError):  # between the listing and the look it may be gone
                state = path.stat()
                yield str(path), (state.st_mtime_ns, state.st_size)

    def _paths(self) -> Iterable[Path]:
        yield from self.files
        for folder in self.folders:
            for inside, _, names in os.walk(folder):
                yield from (Path(inside) / name for name in names if name.endswith(READ) and name[0] != ".")


def create_app(watched: Watched) -> Starlette:
    """The web app of what is watched: its files, and /made. Calls by any other name than this machine's are refused."""

    async def made(_: Request) -> Response:
        return PlainTextResponse(watched.made, headers=HEADERS)

    async def page(request: Request) -> Response:
        path = request.path_params["path"] or "index.html"
        answer = await StaticFiles(directory=watched.folder).get_response(path, request.scope)
        answer.headers.update(HEADERS | {"Content-Security-Policy": MAIL_POLICY if "/mail/" in path else POLICY})
        return answer

    # A page elsewhere that gives its own name this address (DNS rebinding) may not read anybody's messages.
    hosts = Middleware(TrustedHostMiddleware, allowed_hosts=[HERE, "localhost"], www_redirect=False)
    routes = [Route("/made", made), Route("/{path:path}", page)]
    return Starlette(routes=routes, middleware=[hosts])


async def watch(watched: Watched, port: int, ready: Callable[[str], None]) -> None:
    """Serve, and look at the files every half second, until SIGINT or SIGTERM; `ready` is told the address.

    SettingsError when the port cannot be had.
    """
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    try:
        async with AsyncExitStack() as serving:
            try:
                taken = await serving.enter_async_context(serving_app(create_app(watched), HERE, port, "web", grace=1))
            except SettingsError as error:
                raise SettingsError(str(error), fix="Give another --port, or none for any that is free.") from None
            await asyncio.to_thread(watched.look)
            ready(f"http://{HERE}:{taken}/")
            while not ended.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(ended.wait(), EVERY)
                if not ended.is_set():
                    await asyncio.to_thread(watched.look)
    finally:
        watched.close()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
