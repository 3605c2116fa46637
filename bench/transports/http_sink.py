"""`python -m bench.transports.http_sink sendgrid|twilio [--latency SECONDS] [--tls FILE]`: it takes everything.

It reads just enough of HTTP/1.1 to know where a request ends, and of the request to know whose messages it carries.
"""

import argparse
import asyncio
import json
import re
from collections.abc import Callable
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from typing import cast

from bench.transports.sink import Answers, Seen, serve

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
CLOSE = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
OURS = re.compile(rb'"delivery": ?"([^"]+)"')  # custom_args of SendGrid, one for each personalization
CALLBACK = re.compile(rb"delivery%3D([^&]+)")  # in Twilio's StatusCallback

Answer = Callable[[bytes, Seen], bytes]


class HttpSink(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self, seen: Seen, answer: Answer, latency: float) -> None:
        self._seen = seen
        self._answer = answer
        self._latency = latency
        self._come = bytearray()
        self._wanted = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._answers = Answers(cast(asyncio.Transport, transport), self._latency)

    def data_received(self, data: bytes) -> None:
        self._come += data
        while len(self._come) >= self._wanted:
            end = self._come.find(b"\r\n\r\n") + 4
            if end < 4:
                return
            head = bytes(self._come[:end])
            length = LENGTH.search(head)
            self._wanted = end + (int(length[1]) if length else 0)
            if len(self._come) < self._wanted:
                return
            body = bytes(self._come[end : self._wanted])
            del self._come[: self._wanted]
            self._wanted = 0
            self._answers.give(self._answer(body, self._seen), last=CLOSE.search(head) is not None)


def sendgrid(body: bytes, seen: Seen) -> bytes:
    """202 for every recipient of the call."""
    for identity in OURS.findall(body):
        seen.add(identity)
    return b"HTTP/1.1 202 Accepted\r\nX-Message-Id: sink%018d\r\nContent-Length: 0\r\n\r\n" % seen.messages


def twilio(body: bytes, seen: Seen) -> bytes:
    """201 with a message resource as long as Twilio's own."""
    found = CALLBACK.search(body)
    seen.add(found[1] if found else b"")
    resource = json.dumps(MESSAGE | {"sid": f"SM{seen.messages:032x}"}).encode()
    head = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(resource)
    return head + resource


ACCOUNT = f"AC{0:032x}"
MESSAGE = {
    "account_sid": ACCOUNT,
    "api_version": "2010-04-01",
    "body": "A text as long as those we send, more or less: what made you laugh this week? " * 2,
    "date_created": "Tue, 03 Mar 2026 19:00:00 +0000",
    "date_sent": None,
    "date_updated": "Tue, 03 Mar 2026 19:00:00 +0000",
    "direction": "outbound-api",
    "error_code": None,
    "error_message": None,
    "from": "+12025550100",
    "messaging_service_sid": None,
    "num_media": "0",
    "num_segments": "2",
    "price": None,
    "price_unit": "USD",
    "status": "queued",
    "subresource_uris": {"media": f"/2010-04-01/Accounts/{ACCOUNT}/Messages/SM/Media.json"},
    "to": "+12025550123",
    "uri": f"/2010-04-01/Accounts/{ACCOUNT}/Messages/SM.json",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("provider", choices=("sendgrid", "twilio"))
    parser.add_argument("--latency", type=float, default=0.0, help="seconds a round trip")
    parser.add_argument("--tls", metavar="FILE", help="a certificate and its key, PEM")
    given = parser.parse_args()
    seen, answer = Seen(), sendgrid if given.provider == "sendgrid" else twilio
    tls = None
    if given.tls:
        tls = SSLContext(PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(given.tls)
    asyncio.run(serve(lambda: HttpSink(seen, answer, given.latency), seen, tls))


if __name__ == "__main__":
    main()
