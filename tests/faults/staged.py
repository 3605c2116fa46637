"""`staged.py ARGUMENTS`, or `begin`: the command line, in a process that is directed by its environment.

STAGE_CARE     seconds between two rounds of care, which are fifteen otherwise; a server that was away is tried at once
STAGE_PAUSE    a file: the process that first makes it stops itself (SIGSTOP) between its committed intent and the door
STAGE_DOOR     the same, but past the last look at the lease, with the first message in its hand
STAGE_CLOCK    a file with the seconds by which this machine's clock is fast; it is read each time
STAGE_KNOWS    the number of a migration that this process knows beside ours: it is of a newer version
"""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import cli
from engine.clock import SystemClock


def hurry(seconds: str) -> None:
    from engine.run import worker

    worker.CARE_SECONDS = int(seconds)
    worker.AWAY_BEATS = 1


def once(file: str) -> Callable[[], None]:
    """Stops this process the first time that it is called in any process."""

    def stop() -> None:
        try:
            os.close(os.open(file, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return
        Path(file).write_text(str(os.getpid()))
        os.kill(os.getpid(), signal.SIGSTOP)

    return stop


def pause(file: str) -> None:
    from engine.deliver.dispatch import Dispatcher

    stop, before = once(file), Dispatcher._hand_over

    async def hand_over(self: Dispatcher, ready: Sequence[Any]) -> Any:
        stop()
        return await before(self, ready)

    Dispatcher._hand_over = hand_over  # type: ignore[method-assign]


def at_the_door(file: str) -> None:
    from engine.transport.smtp import SmtpTransport

    stop, before = once(file), SmtpTransport.send

    async def send(self: SmtpTransport, batch: Sequence[Any]) -> Any:
        stop()
        return await before(self, batch)

    SmtpTransport.send = send  # type: ignore[method-assign]


def shift(file: str) -> None:
    right = SystemClock.now

    def now(self: SystemClock) -> datetime:
        return right(self) + timedelta(seconds=float(Path(file).read_text()))

    SystemClock.now = now  # type: ignore[method-assign]


def know(newer: str) -> None:
    from engine.store import version

    ours = version.known()
    version.known = lambda: [*ours, newer]


DIRECTIONS = {"CARE": hurry, "PAUSE": pause, "DOOR": at_the_door, "CLOCK": shift, "KNOWS": know}


def begin(arguments: Sequence[str], environment: dict[str, str], folder: Path, log: Path) -> None:
    """For one that was forked: be as one that was started by `staged.py ARGUMENTS` in this folder, and tell the log."""
    os.setsid()
    os.chdir(folder)
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(output, sys.stdout.fileno())
    os.dup2(output, sys.stderr.fileno())
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [__file__, *arguments]
    sys.orig_argv = [sys.executable, *sys.argv]
    perform()


def perform() -> None:
    for name, direct in DIRECTIONS.items():
        if (given := os.environ.get(f"STAGE_{name}")) is not None:
            direct(given)
    cli.main()


if __name__ == "__main__":
    perform()
