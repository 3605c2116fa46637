"""`python tests/faults/sink.py PORT FILE LATENCY`: an SMTP server that takes everything and keeps count in a file.

A message counts as accepted once FILE has a line about it: its delivery's id, the name that its client gave, and the
time. Only then is the client answered, LATENCY seconds later. So the count outlives whoever is killed, the sink too.
"""

import asyncio
import os
import sys
from pathlib import Path
from time import time

sys.path.insert(0, str(Path(__file__).parents[2]))

from bench.transports.sink import Seen
from bench.transports.smtp_sink import SmtpSink


class Log(Seen):
    """What was accepted, appended to a file."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(self, identity: bytes, client: bytes) -> None:
        """One message has come, whole."""
        os.write(self._file, b"%b %b %.3f\n" % (identity.partition(b".")[0], client, time()))


class CountingSink(SmtpSink):
    """One session, which knows its client's name."""

    def __init__(self, log: Log, latency: float) -> None:
        super().__init__(log, ("PIPELINING",), latency)
        self._log = log
        self._client = b"-"

    def _obey(self, line: bytes, answers: list[bytes]) -> None:
        if line[:4].upper() == b"EHLO":
            self._client = line[5:].strip() or b"-"
        super()._obey(line, answers)

    def _take(self, where: bytearray, start: int, end: int) -> bytes:
        name = where.find(b"\nMessage-ID:", start, end)
        opening = where.find(b"<", name, end)
        self._log.write(bytes(where[opening + 1 : where.find(b">", opening, end)]), self._client)
        return b"250 2.0.0 Ok\r\n"


async def main(port: int, file: Path, latency: float) -> None:
    log = Log(file)
    server = await asyncio.get_running_loop().create_server(
        lambda: CountingSink(log, latency), "127.0.0.1", port, backlog=1024
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])))
