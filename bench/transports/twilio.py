"""Twilio: one call a text over kept connections, against the package's client in 16 and in 64 threads.

Both send what the engine hands them and are recorded in its ledger; only the transport differs. The package's pool of
connections is made as large as its threads are many, or it would open a new connection for most calls.
"""

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from bench.figures import Figure
from bench.town import Town, town
from bench.transports.contest import Engines, Entrant, contest
from bench.transports.http_sink import ACCOUNT
from bench.transports.provider import HOST, http_sink
from engine.model.campaign import Channel
from engine.transport.base import Accepted, Message, Outcome, SmsMessage, Transport
from engine.transport.setup import Setup

PEOPLE = 2_000
IN_FLIGHT = 64
THREADS = (16, 64)
SENDER = "+12025550100"
PUBLIC = "https://bench.example"
SHARE = 0.95


class Package:
    """The package's client, a call a thread."""

    name = "package"
    channels = frozenset({Channel.SMS})

    def __init__(self, url: str, threads: int) -> None:
        from requests.adapters import HTTPAdapter
        from twilio.http.http_client import TwilioHttpClient
        from twilio.rest import Client

        http = TwilioHttpClient()
        assert http.session is not None
        http.session.mount("http://", HTTPAdapter(pool_maxsize=threads))
        self._client = Client(ACCOUNT, "token", http_client=http)
        self._client.api.base_url = url
        self._pool = ThreadPoolExecutor(threads)

    async def send(self, batch: Sequence[Message]) -> Sequence[Outcome]:
        loop = asyncio.get_running_loop()
        return await asyncio.gather(*(loop.run_in_executor(self._pool, self._send_one, each) for each in batch))

    def _send_one(self, message: Message) -> Outcome:
        assert isinstance(message, SmsMessage)
        made = self._client.messages.create(
            to=message.to,
            from_=SENDER,
            body=message.body,
            validity_period=int(message.valid_for.total_seconds()),
            status_callback=f"{PUBLIC}/webhooks/twilio/status?delivery={message.reference}",
        )
        return Accepted(str(made.sid))

    async def aclose(self) -> None:
        self._pool.shutdown()


def run() -> Iterator[Figure]:
    """Texts a second through the whole path, by latency."""
    with town(PEOPLE, Channel.SMS) as place:
        yield from _contest(place, 0, PEOPLE, {16: 400, 64: 400}, rounds=3)
        yield from _contest(place, 20, PEOPLE, {16: 400, 64: 400}, rounds=3)
        yield from _contest(place, 100, PEOPLE, {16: 96, 64: 384}, rounds=3)


def ours(url: str) -> Transport:
    """The engine's Twilio transport in front of a sink."""
    from engine.transport.twilio import TwilioTransport

    options = {
        "account_sid": ACCOUNT,
        "auth_token": "token",
        "sender": SENDER,
        "base_url": url,
        "in_flight": IN_FLIGHT,
    }
    return TwilioTransport.configure(Setup("twilio", options, PUBLIC))


def _contest(place: Town, milliseconds: int, messages: int, theirs: dict[int, int], rounds: int) -> Iterator[Figure]:
    what = f"Twilio {milliseconds} ms"
    with http_sink("twilio", milliseconds / 1000) as sink:
        url = f"http://{HOST}:{sink.port}"
        engine = Entrant(what, f"ours, {IN_FLIGHT} in flight", Engines(place, ours(url)), sink, messages, 2 * IN_FLIGHT)
        package = {
            threads: Entrant(
                what, f"the package, {threads} threads", Engines(place, Package(url, threads)), sink, number, threads
            )
            for threads, number in theirs.items()
        }
        contest(place, [engine, *package.values()], rounds)
    for each in package.values():
        yield each.figure()
        yield engine.figure(each)
    if milliseconds:
        most = IN_FLIGHT / (milliseconds / 1000)
        yield engine.share_of(most, "concurrency ÷ latency", SHARE if milliseconds == 100 else None)
