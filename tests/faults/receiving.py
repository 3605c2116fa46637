"""The sink's process, and what it has accepted."""

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

PROGRAM = Path(__file__).with_name("sink.py")


class Accepted(NamedTuple):
    """One message that the sink accepted."""

    delivery_id: int
    client: str
    at: float  # seconds since 1970


class Sink:
    """An SMTP server that counts in a file, at a port of its own; it can be crashed."""

    def __init__(self, file: Path, latency: float) -> None:
        file.touch()
        self._file, self._latency = file, latency
        self._log = file.open()  # each line is written at once
        self._accepted: list[Accepted] = []
        self._process, self.port = self._begin(0)

    def accepted(self) -> list[Accepted]:
        """What it has accepted, first to last."""
        for line in self._log:
            number, client, at = line.split()
            self._accepted.append(Accepted(int(number), client, float(at)))
        return self._accepted

    def crash(self) -> None:
        """Kill it and begin another at the same port, which counts on."""
        self._end()
        self._process, _ = self._begin(self.port)

    def close(self) -> None:
        self._end()
        self._log.close()

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()

    def _begin(self, port: int) -> tuple["subprocess.Popen[str]", int]:
        command = [sys.executable, PROGRAM, str(port), self._file, str(self._latency)]
        process = subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        with process.stdout as said:
            return process, int(said.readline())
