"""The benchmarks' sinks count right: a figure is worth nothing if messages were lost, doubled or cut short."""

import asyncio
import smtplib
from pathlib import Path

import pytest

from bench.transports.http_sink import HttpSink, sendgrid, twilio
from bench.transports.provider import HOST, http_sink, smtp_sink
from bench.transports.sink import Seen
from bench.transports.smtp_sink import SmtpSink

ROOT = Path(__file__).parents[2]
EMAIL = b"From: a@b.example\r\nMessage-ID: <%d.x@b.example>\r\n\r\nHello.\r\n..dot\r\n"
ENVELOPE = b"MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n"
SENT = {
    "DATA": (b"EHLO me\r\n", *[ENVELOPE + b"DATA\r\n" + EMAIL % n + b".\r\n" for n in (1, 2, 2)], b"QUIT\r\n"),
    "BDAT": (b"EHLO me\r\n", *[ENVELOPE + b"BDAT %d LAST\r\n" % len(EMAIL % n) + EMAIL % n for n in (1, 2, 2)]),
    "BDAT in parts": [
        ENVELOPE + b"BDAT 10\r\n" + (EMAIL % n)[:10] + b"BDAT %d\r\n" % len((EMAIL % n)[10:]) + (EMAIL % n)[10:]
        + b"BDAT 0 LAST\r\n" for n in (1, 2, 2)
    ],
}  # fmt: skip


class Kept(asyncio.Transport):
    """A transport that keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = asyncio.Event()

    def write(self, data: bytes) -> None:  # type: ignore[override]
        self.written += data

    def is_closing(self) -> bool:
        return self.closed.is_set()

    def close(self) -> None:
        self.closed.set()


async def feed(sink: asyncio.Protocol, octets: bytes, size: int) -> Kept:
    """Give a sink these octets, `size` at a time."""
    kept = Kept()
    sink.connection_made(kept)
    for start in range(0, len(octets), size):
        sink.data_received(octets[start : start + size])
    return kept


@pytest.mark.parametrize("way", SENT)
@pytest.mark.parametrize("size", [1, 2, 7, 64, 10_000])
def test_an_smtp_sink_counts_the_same_in_whatever_pieces_messages_come(way: str, size: int) -> None:
    seen = Seen()
    kept = asyncio.run(feed(SmtpSink(seen, ["PIPELINING", "CHUNKING"], 0), b"".join(SENT[way]), size))
    assert (seen.messages, seen.different) == (3, {b"1.x@b.example", b"2.x@b.example"})
    assert kept.written.count(b"queued as") == 3
    assert b"\r\n5" not in kept.written


@pytest.mark.parametrize("size", [1, 9, 10_000])
@pytest.mark.parametrize(
    ("answer", "body", "messages"),
    [
        (
            sendgrid,
            b'{"personalizations":[{"custom_args":{"delivery":"1.x"}},{"custom_args": {"delivery": "2.x"}}]}',
            2,
        ),
        (twilio, b"Body=Hi&StatusCallback=https%3A%2F%2Fus%2Fstatus%3Fdelivery%3D1.x&To=%2B1", 1),
    ],
    ids=["sendgrid", "twilio"],
)
def test_an_http_sink_counts_every_recipient_of_every_call(
    answer: object, body: bytes, messages: int, size: int
) -> None:
    seen = Seen()
    call = b"POST /v3/mail/send HTTP/1.1\r\nHost: sink\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    kept = asyncio.run(feed(HttpSink(seen, answer, 0), call * 2, size))  # type: ignore[arg-type]
    assert (seen.messages, len(seen.different)) == (2 * messages, messages)
    assert kept.written.count(b"HTTP/1.1 20") == 2


def test_answers_that_take_their_time_keep_their_order() -> None:
    async def run() -> bytes:
        kept = Kept()
        sink = SmtpSink(Seen(), [], 0.002)
        sink.connection_made(kept)
        for line in (b"MAIL FROM:<>\r\n", b"DATA\r\n", EMAIL % 1 + b".\r\n", b"QUIT\r\n"):
            sink.data_received(line)
        assert not kept.written
        await asyncio.wait_for(kept.closed.wait(), 5)
        return kept.written

    assert [line[:3] for line in asyncio.run(run()).splitlines()] == [b"220", b"250", b"354", b"250", b"221"]


def test_a_sink_in_its_own_process_says_what_has_come_and_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    with smtp_sink("PIPELINING") as sink, http_sink("twilio") as other:
        with smtplib.SMTP(HOST, sink.port) as session:
            assert session.ehlo()[0] == 250
            assert session.has_extn("PIPELINING")
            for number in (1, 2, 2):
                session.sendmail("a@b.example", ["c@d.example"], EMAIL % number)
        assert (sink.come().messages, sink.come().different) == (3, 2)
        sink.forget()
        assert (sink.come().messages, other.come().messages) == (0, 0)
