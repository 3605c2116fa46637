"""A process of its own that does one pass and is killed on the way: `begun(FOLDER, NOW, WHERE, TIMES, [deaf|PORT])`.

WHERE is a step of the protocol, or TRANSPORT for the middle of a hand-over; it dies the TIMES-th time it gets there.
With a PORT it hands over to the SMTP server that listens there, which may kill it too (WHERE is then NOWHERE).
"""

import os
import signal
from collections.abc import Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from forking import forked
from world import World, at, opened

from engine.deliver.dispatch import ProtocolStep
from engine.transport.base import Message, Outcome, Transport
from engine.transport.chaos import ChaosTransport, Rates
from engine.transport.outbox import OutboxTransport
from engine.transport.setup import Setup
from engine.transport.smtp import SmtpTransport

BATCH = 4
IN_TRANSPORT = "TRANSPORT"
NOWHERE = "NOWHERE"


class Countdown:
    """Kills this process, with no chance to tidy up, the last time it is told to go on."""

    def __init__(self, times: int) -> None:
        self.left = times

    def __call__(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class Deadly(OutboxTransport):
    """An outbox that counts down after each file it has written."""

    def __init__(self, folder: Path, countdown: Countdown) -> None:
        super().__init__(folder)
        self._countdown = countdown

    async def send(self, batch: Sequence[Message]) -> Sequence[Outcome]:
        outcomes: list[Outcome] = []
        for message in batch:
            outcomes += await super().send([message])
            self._countdown()
        return outcomes


def relay(port: int) -> Transport:
    """A transport to the SMTP server on a port of this machine."""
    options = {"host": "127.0.0.1", "port": port, "security": "none", "connections": 2}
    return SmtpTransport.configure(Setup("smtp", options))


def living_in(folder: Path, now: str, outbox: Transport, *, deaf: bool) -> World:
    """The world of a process in `folder`; a deaf one has a transport that cannot tell later what it accepted."""
    transport: Transport = ChaosTransport(outbox, rates=Rates()) if deaf else outbox
    return World(
        transport=transport,
        database=opened(folder / "rekindle.sqlite3"),
        begins=at(now),
        templates=[folder / "templates"],
        batch=BATCH,
    )


def main(folder: Path, now: str, where: str, times: int, option: str = "") -> None:
    countdown = Countdown(times)
    in_transport = where == IN_TRANSPORT
    outbox: Transport = Deadly(folder / "outbox", countdown) if in_transport else OutboxTransport(folder / "outbox")
    world = living_in(folder, now, relay(int(option)) if option.isdigit() else outbox, deaf=option == "deaf")
    if not in_transport and where != NOWHERE:
        step = ProtocolStep[where]
        world._announce = lambda taken: countdown() if taken is step else None
        world.restart()
    world.tick()


def begun(folder: Path, now: str, where: str, times: int, *option: str) -> ForkServerProcess:
    """The process, which has begun."""
    return forked(main, folder, now, where, times, *option)


def killed(process: ForkServerProcess) -> bool:
    """Whether it was killed, as it must be within a minute."""
    process.join(60)
    return process.exitcode == -signal.SIGKILL
