"""A crew of processes: who dies or hangs is replaced, and all end when it is told to."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import Away
from engine.model.action import Action
from engine.run import crew
from engine.run.crew import Crew

pytestmark = pytest.mark.store("sqlite")  # none is asked
CHILD = """
import os, signal, sys, time
ended = []
signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
with open(sys.argv[1], "a") as file:
    print(os.getpid(), file=file, flush=True)
first = len(open(sys.argv[1]).read().split()) == 1
beats = 0
while not ended:
    if not (first and sys.argv[2] == "hangs" and beats):
        os.write(int(os.environ["REKINDLE_WORKER_HEART"]), b".")
    beats += 1
    time.sleep(0.05)
with open(sys.argv[1], "a") as file:
    print("ended", file=file, flush=True)
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(crew, "SILENT_SECONDS", 4.0)


def kept(
    tmp_path: Path,
    size: int,
    how: str,
    *moments: Callable[[list[str]], bool],
    left_by: Callable[[int], int] = lambda pid: 0,
) -> list[str]:
    """What the children of a crew have said by its end: it is told to end after all these were so, one by one."""
    file = tmp_path / "said"
    file.touch()

    async def keep() -> None:
        keeping = asyncio.create_task(Crew(size, [sys.executable, "-c", CHILD, str(file), how], left_by).keep())
        for so in moments:
            while not so(file.read_text().split()):
                assert not keeping.done()
                await asyncio.sleep(0.02)
        os.kill(os.getpid(), signal.SIGTERM)
        await keeping

    asyncio.run(keep())
    return file.read_text().split()


def lives(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    return True


def test_all_end_in_good_order_when_it_is_told_to(tmp_path: Path) -> None:
    said = kept(tmp_path, 3, "well", lambda said: len(said) == 3)
    assert said[3:] == ["ended"] * 3


def killed(said: list[str]) -> bool:
    """Whether both are there; the first of them is then killed."""
    if len(said) == 2:
        os.kill(int(said[0]), signal.SIGKILL)
    return len(said) == 2


def test_one_that_dies_is_replaced(tmp_path: Path) -> None:
    said = kept(tmp_path, 2, "well", killed, lambda said: len(said) == 3)
    assert len(set(said[:3])) == 3
    assert said[3:] == ["ended"] * 2


def test_how_many_are_in_doubt_because_one_was_killed_is_told_with_what_shows_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[int] = []

    def left_by(pid: int) -> int:
        asked.append(pid)
        return 20

    said = kept(tmp_path, 2, "well", killed, lambda said: len(said) == 3, left_by=left_by)
    (told,) = [each for each in caplog.records if getattr(each, "action", None) == Action.DOUBT.value]
    assert told.levelno == logging.WARNING
    assert "20" in told.message
    assert "`rekindle deliveries list --status in_doubt`" in told.message
    assert [str(pid) for pid in asked] == said[:1]  # those that end in good order leave nothing


def test_one_is_replaced_though_nobody_can_be_asked_what_it_left(tmp_path: Path) -> None:
    def gone(pid: int) -> int:
        raise Away("The database server cannot be reached.")

    said = kept(tmp_path, 2, "well", killed, lambda said: len(said) == 3, left_by=gone)
    assert said[3:] == ["ended"] * 2


def test_one_that_hangs_is_killed_and_replaced(tmp_path: Path) -> None:
    said = kept(tmp_path, 1, "hangs", lambda said: len(said) == 2)
    assert not lives(said[0])
    assert said[2:] == ["ended"]
