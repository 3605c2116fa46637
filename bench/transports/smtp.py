"""SMTP: the engine's transport against plain clients and against a loop that only writes, at 0, 20 and 100 ms.

Ours meets three servers: one that offers CHUNKING, one with PIPELINING only, one with neither. The plain clients meet
the first; they make no use of what it offers. Everyone with more than one connection has CONNECTIONS of them.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from bench.figures import Figure
from bench.town import Town, town
from bench.transports.contest import Alone, Engines, Entrant, contest
from bench.transports.provider import HOST, Provider, smtp_sink
from bench.transports.smtp_bare import Bare
from bench.transports.smtp_peers import Aiosmtplib, Lockstep, NaiveSmtp
from engine.transport.base import EmailMessage, Transport
from engine.transport.memory import MemoryTransport
from engine.transport.setup import Setup

PEOPLE = 3_000
CONNECTIONS = 16
WARM_UP = 2 * CONNECTIONS
SHARE = 0.6
OFFERS = {"CHUNKING": ("PIPELINING", "CHUNKING"), "PIPELINING": ("PIPELINING",), "lockstep": ()}


def run() -> Iterator[Figure]:
    """Emails a second through the whole path, by wire and client."""
    with town(PEOPLE) as place:
        yield from _near(place)
        yield from _far(place, 20, {"CHUNKING": 2_000, "PIPELINING": 800, "lockstep": 160})
        yield from _far(place, 100, {"CHUNKING": 2_000, "PIPELINING": 240, "lockstep": 48})


def ours(port: int, connections: int = CONNECTIONS) -> Transport:
    """The engine's SMTP transport in front of a sink."""
    from engine.transport.smtp import SmtpTransport

    options = {"host": HOST, "port": port, "security": "none", "connections": connections}
    return SmtpTransport.configure(Setup("smtp", options))


def _near(place: Town) -> Iterator[Figure]:
    """No latency: what counts is the work."""
    where, emails = "SMTP 0 ms", _emails(place)
    with ExitStack() as stack:
        sinks = {wire: stack.enter_context(smtp_sink(*offers)) for wire, offers in OFFERS.items()}
        plain = sinks["CHUNKING"]
        engine = {wire: _ours(place, where, wire, sink, PEOPLE) for wire, sink in sinks.items()}
        bare = {
            wire: Entrant(where, f"bare loop, {wire}", _bare(wire, sinks[wire], emails), sinks[wire], PEOPLE)
            for wire in ("PIPELINING", "CHUNKING")
        }
        alone = [
            Entrant(where, f"ours alone, {wire}", Alone(ours(sinks[wire].port), emails), sinks[wire], PEOPLE)
            for wire in ("PIPELINING", "CHUNKING")
        ]
        plainly = Lockstep("lockstep", plain.port, CONNECTIONS)
        lockstep_alone = Entrant(where, "lockstep client alone", Alone(plainly, emails), plain, PEOPLE)
        once = Entrant(where, "smtplib, a connection a message", _naive(place, plain, reuse=False), plain, 100)
        naive = Entrant(where, "smtplib, one connection", _naive(place, plain, reuse=True), plain, 100)
        library = Engines(place, Aiosmtplib("aiosmtplib", plain.port, CONNECTIONS))
        known = Entrant(where, "aiosmtplib, our ledger", library, plain, 500)
        lockstep = _lockstep(place, where, plain, 1_000)
        entrants = [*engine.values(), *bare.values(), *alone, lockstep_alone, once, naive, known, lockstep]
        contest(place, entrants, rounds=3)
    for each in (once, naive, known, lockstep):
        yield each.figure()
    yield engine["lockstep"].figure(lockstep)
    for wire in ("PIPELINING", "CHUNKING"):
        yield engine[wire].figure(lockstep, aim=2.5)
        yield engine[wire].figure(naive)
        yield engine[wire].computing(naive)
        yield bare[wire].figure()
        yield engine[wire].share_of(bare[wire].rate, "that loop", SHARE)
    yield lockstep_alone.figure()
    for each, loop in zip(alone, bare.values(), strict=True):
        yield each.figure(lockstep_alone)
        yield each.share_of(loop.rate, "its bare loop")


def _far(place: Town, milliseconds: int, messages: dict[str, int]) -> Iterator[Figure]:
    """With latency: what counts is how often one waits."""
    where = f"SMTP {milliseconds} ms"
    with ExitStack() as stack:
        latency = milliseconds / 1000
        sinks = {wire: stack.enter_context(smtp_sink(*offers, latency=latency)) for wire, offers in OFFERS.items()}
        plain = sinks["CHUNKING"]
        engine = {wire: _ours(place, where, wire, sink, messages[wire], WARM_UP) for wire, sink in sinks.items()}
        sample = max(240 // milliseconds, 4)
        naive = Entrant(where, "smtplib, one connection", _naive(place, plain, reuse=True), plain, sample, 1)
        lockstep = _lockstep(place, where, plain, messages["lockstep"])
        contest(place, [*engine.values(), naive, lockstep], rounds=3)
    yield naive.figure()
    yield lockstep.figure()
    for wire in reversed(OFFERS):
        yield engine[wire].figure(lockstep, aim=10 if wire == "CHUNKING" and milliseconds == 20 else None)


def _ours(place: Town, where: str, wire: str, sink: Provider, messages: int, warm_up: int = 0) -> Entrant:
    return Entrant(where, f"ours, {wire}", Engines(place, ours(sink.port)), sink, messages, warm_up)


def _lockstep(place: Town, where: str, sink: Provider, messages: int) -> Entrant:
    plain = Engines(place, Lockstep("lockstep", sink.port, CONNECTIONS))
    return Entrant(where, "lockstep client, our ledger", plain, sink, messages, WARM_UP)


def _naive(place: Town, sink: Provider, *, reuse: bool) -> NaiveSmtp:
    return NaiveSmtp(place, sink.port, reuse=reuse)


def _bare(wire: str, sink: Provider, emails: Sequence[EmailMessage]) -> Bare:
    return Bare(sink.port, CONNECTIONS, emails, chunking=wire == "CHUNKING")


def _emails(place: Town) -> list[EmailMessage]:
    """The town's emails as the engine would send them."""
    keeper = MemoryTransport()
    engine = Engines(place, keeper)
    place.unsend()
    engine.send(PEOPLE)
    engine.close()
    return [each for each in keeper.messages if isinstance(each, EmailMessage)]
