"""`python -m bench.transports.smtp_sink [--offer WORDS] [--latency SECONDS]`: an SMTP server that takes everything.

It reads just enough of RFC 5321, 2920 (PIPELINING) and 3030 (CHUNKING): verbs, the end of a message, its Message-ID.
"""

import argparse
import asyncio
from collections.abc import Sequence
from typing import cast

from bench.transports.sink import Answers, Seen, serve

OK = b"250 2.0.0 Ok\r\n"
END = b"\r\n.\r\n"


class SmtpSink(asyncio.Protocol):
    """One session. What comes in one piece is answered in one piece."""

    def __init__(self, seen: Seen, offers: Sequence[str], latency: float) -> None:
        self._seen = seen
        words = ["sink", *offers, "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "SIZE 52428800"]
        self._greeting = b"".join(
            b"250" + (b" " if word is words[-1] else b"-") + word.encode() + b"\r\n" for word in words
        )
        self._latency = latency
        self._come = bytearray()
        self._looked = 0  # up to here there is no end of the message
        self._chunk = 0  # octets of a BDAT still to come
        self._last = False
        self._parts = bytearray()
        self._in_data = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._answers = Answers(cast(asyncio.Transport, transport), self._latency)
        self._answers.give(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._come += data
        answers: list[bytes] = []
        at = 0
        while (after := self._step(at, answers)) >= 0:
            at = after
        if at:
            del self._come[:at]
            self._looked = 0
        if answers:
            self._answers.give(b"".join(answers), last=answers[-1].startswith(b"221"))

    def _step(self, at: int, answers: list[bytes]) -> int:
        """Read one command or message from `at`; where the next begins, or -1 when more must come first."""
        come = self._come
        if self._in_data:
            end = come.find(END, max(at, self._looked - len(END)))
            if end < 0:
                self._looked = len(come)
                return -1
            self._in_data = False
            answers.append(self._take(come, at, end))
            return end + len(END)
        if self._chunk or self._last:
            if len(come) - at < self._chunk:
                return -1
            return self._take_chunk(at, answers)
        end = come.find(b"\r\n", at)
        if end < 0:
            return -1
        self._obey(bytes(come[at:end]), answers)
        return end + 2

    def _take_chunk(self, at: int, answers: list[bytes]) -> int:
        end, self._chunk = at + self._chunk, 0
        if self._last and not self._parts:
            self._last = False
            answers.append(self._take(self._come, at, end))
            return end
        self._parts += self._come[at:end]
        answers.append(OK)
        if self._last:
            self._last = False
            answers[-1] = self._take(self._parts, 0, len(self._parts))
            self._parts.clear()
        return end

    def _obey(self, line: bytes, answers: list[bytes]) -> None:
        match line[:4].upper():
            case b"MAIL" | b"RCPT" | b"RSET" | b"NOOP":
                answers.append(OK)
            case b"DATA":
                self._in_data = True
                answers.append(b"354 Go ahead\r\n")
            case b"BDAT":
                words = line.split()
                self._chunk, self._last = int(words[1]), len(words) == 3
            case b"EHLO":
                answers.append(self._greeting)
            case b"HELO":
                answers.append(OK)
            case b"QUIT":
                answers.append(b"221 2.0.0 Bye\r\n")
            case _:
                answers.append(b"502 5.5.1 Not here\r\n")

    def _take(self, where: bytearray, start: int, end: int) -> bytes:
        name = where.find(b"\nMessage-ID:", start, end)
        opening = where.find(b"<", name, end)
        identity = bytes(where[opening + 1 : where.find(b">", opening, end)])
        self._seen.add(identity)
        return b"250 2.0.0 Ok: queued as %d\r\n" % self._seen.messages


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--offer", nargs="*", default=[], help="such as PIPELINING CHUNKING")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds a round trip")
    given = parser.parse_args()
    seen = Seen()
    asyncio.run(serve(lambda: SmtpSink(seen, given.offer, given.latency), seen))


if __name__ == "__main__":
    main()
