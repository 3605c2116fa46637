"""The processes that work there, as an operator starts them; whoever ends is started again, as a supervisor does.

They are forked; what a crew starts is started. All of them have the workspace as their working directory.
"""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from time import monotonic, sleep

from faults.place import ROOT, Place
from faults.staged import begin
from forking import forked

STEP_SECONDS = 0.05


@dataclass
class Hand:
    """One process, by the name that the sink knows it by; it may be another one now than it was at first."""

    name: str
    arguments: tuple[str, ...]
    stage: dict[str, str]
    log: Path
    process: ForkServerProcess
    wanted: bool = True  # whether it is started again

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def ended(self, seconds: float = 120) -> int:
        """Wait until it has; its exit code."""
        self.process.join(seconds)
        if self.process.exitcode is None:
            raise TimeoutError(f"{self.name} has not ended after {seconds} seconds: {self.said()[-600:]}")
        return self.process.exitcode


@dataclass
class Hands:
    """All of them."""

    place: Place
    hurried: bool = True  # care every two seconds and not every fifteen
    hands: list[Hand] = field(default_factory=list)
    killed: set[int] = field(default_factory=set)  # the ids of processes that were sending or might have been
    ended: list[str] = field(default_factory=list)  # who ended by itself, and the last that it said
    _later: list[tuple[float, Callable[[], None]]] = field(default_factory=list)

    def begin(self, *arguments: str, name: str = "", **stage: str) -> Hand:
        """Start `rekindle ARGUMENTS` in the workspace. `stage` directs it: see staged.py."""
        name = name or f"{arguments[0]}{len(self.hands) + 1}"
        if self.hurried:
            stage = {"CARE": "2", **stage}
        log = self.place.folder / f"{name}.log"
        hand = Hand(name, arguments, stage, log, self._start(name, arguments, stage, log))
        self.hands.append(hand)
        return hand

    def called(self, command: str) -> list[Hand]:
        """Those that run this command now."""
        return [hand for hand in self.hands if hand.arguments[0] == command and hand.process.exitcode is None]

    def kill(self, pid: int, *, sends: bool = True) -> None:
        """Let a process end where it is; what it `sends` is then in doubt."""
        if sends:
            self.killed.add(pid)
        self.tell(pid, signal.SIGKILL)

    def tell(self, pid: int, number: signal.Signals) -> None:
        if pid in ours(self.place):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def stop(self, hand: Hand) -> int:
        """Tell it to end, as Ctrl-C does, and wait; its exit code."""
        hand.wanted = False
        hand.process.terminate()
        return hand.ended()

    def later(self, seconds: float, do: Callable[[], None]) -> None:
        """Have that done after so many seconds, by `mind`."""
        self._later.append((monotonic() + seconds, do))

    @property
    def whole(self) -> bool:
        """Whether nothing is left to be done later."""
        return not self._later

    def go_on(self, seconds: float) -> None:
        """Mind them for so long."""
        until = monotonic() + seconds
        self.until(lambda: monotonic() >= until, seconds + 60)

    def mind(self) -> None:
        """Do what is to be done by now; start again whoever ended and should not have."""
        for at, do in [each for each in self._later if each[0] <= monotonic()]:
            self._later.remove((at, do))
            do()
        self.place.server.mind()
        for hand in self.hands:
            code = hand.process.exitcode
            if code is None or not hand.wanted:
                continue
            if code != -signal.SIGKILL:
                self.ended.append(f"{hand.name} ({code}): {''.join(hand.said().strip().splitlines()[-1:])}")
            hand.process = self._start(hand.name, hand.arguments, hand.stage, hand.log)

    def until(self, so: Callable[[], bool], seconds: float = 300) -> None:
        """Mind them until that is so; an error when that takes too long."""
        deadline = monotonic() + seconds
        while not so():
            self.mind()
            if monotonic() > deadline:
                last = "\n".join(f"{hand.name}: {hand.said()[-600:]}" for hand in self.hands)
                raise TimeoutError(f"not so after {seconds} seconds; {self.place.ask(LEFT)}\n{last}")
            sleep(STEP_SECONDS)

    def end(self) -> None:
        """Let go of everything, whatever state it is in."""
        for hand in self.hands:
            hand.process.kill()
            hand.ended()
        self.hands.clear()
        for pid in ours(self.place):  # the children of crews
            self.tell(pid, signal.SIGKILL)

    def _start(self, name: str, arguments: tuple[str, ...], stage: dict[str, str], log: Path) -> ForkServerProcess:
        given = "-C", str(self.place.workspace), *arguments
        where = {"PYTHONPATH": str(ROOT), "REKINDLE_TRANSPORTS__SMTP__HELO": f"{name}.example"}
        directed = {f"STAGE_{key}": value for key, value in stage.items()}
        return forked(begin, given, {**os.environ, **where, **directed}, self.place.workspace, log)


LEFT = "SELECT status, count(*) FROM deliveries GROUP BY status"


def children(pid: int) -> list[int]:
    """The processes that a process has started and that still run."""
    try:
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def awake(pid: int) -> bool:
    """Whether a process runs, and is not stopped."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in {"T", "Z"}


def asleep(file: Path) -> bool:
    """Whether the process that the file names has stopped itself."""
    if not file.exists() or not (number := file.read_text()):
        return False
    return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def ours(place: Place) -> set[int]:
    """The processes of the workspace."""
    found = set()
    for each in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (each / "cwd").readlink() == place.workspace:
                found.add(int(each.name))
    return found
