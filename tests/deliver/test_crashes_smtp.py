"""Killed at any point of a batch to a real SMTP server, nothing is lost and nothing that it accepted is sent twice."""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from crashing import BATCH, NOWHERE, begun, killed, living_in, relay
from smtp_server import MANNERS, Mail, Server, serving
from world import World, person, plain_templates

from engine.deliver.dispatch import ProtocolStep

PEOPLE = 12  # three batches
NINE = "2026-03-03T09:00"
PAST_THE_LEASE = "2026-03-03T09:06"


class Watched(list[Mail]):
    """What a server has accepted; it kills a process once it has accepted so many."""

    def __init__(self, most: int | None) -> None:
        super().__init__()
        self.most = most
        self.process: Future[BaseProcess] = Future()

    def append(self, mail: Mail) -> None:
        super().append(mail)
        if len(self) == self.most:
            self.process.result(60).kill()


@contextmanager
def listening(server: Server) -> Iterator[Server]:
    """The server in a thread of its own."""
    ready, over = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with serving(server):
            ready.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(10)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace in which a dozen people wait for one message each."""
    plain_templates(tmp_path / "templates")
    world = World(database=tmp_path / "rekindle.sqlite3")
    for number in range(PEOPLE):
        world.join(f"x{number}", person(f"Ana{number}"))
    world.enroll()
    return tmp_path


def after(folder: Path, server: Server) -> World:
    """The world once another process has started and done what is left to do."""
    world = living_in(folder, PAST_THE_LEASE, relay(server.port), deaf=False)
    world.tick()
    world.fast_forward(minutes=15)
    world.live()
    return world


STEPS = [(step.name, times, None) for step in ProtocolStep for times in (1, 2)]
BY_THE_SERVER = [(NOWHERE, 1, most) for most in (1, 3, 6, 11)]


@pytest.mark.parametrize(
    ("manner", "where", "times", "most"),
    [("chunked", *each) for each in STEPS] + [(manner, *each) for manner in MANNERS for each in BY_THE_SERVER],
)
def test_nothing_is_lost_and_nothing_that_was_accepted_goes_again(
    manner: str, where: str, times: int, most: int | None, folder: Path
) -> None:
    with listening(Server(MANNERS[manner])) as server:
        server.mails = mails = Watched(most)
        process = begun(folder, NINE, where, times, str(server.port))
        mails.process.set_result(process)
        assert killed(process)
        world = after(folder, server)
        accepted = Counter(mail.delivery_id for mail in server.mails)
    status = {row.id: row.status for row in world.rows()}
    assert len(status) == PEOPLE
    assert set(status.values()) <= {"sent", "in_doubt"}
    assert list(status.values()).count("in_doubt") <= BATCH  # only what was under way
    assert set(accepted.values()) == {1}
    assert {number for number, each in status.items() if each == "sent"} <= set(accepted)
    assert server.wrongs == []
