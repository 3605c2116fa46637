"""The whole path with its ledger into a sink on loopback: PostgreSQL by one, two and four processes; SQLite by one;
against a loop that writes bytes made before, a naive loop, and a job a message.

Everything shares the machine: workers, server and sink. So more processes than cores gain little here, and the bare
loop, which has no server beside it, has more of the machine than they have.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import ExitStack

from bench.figures import Figure, Lap, middle
from bench.scale.naive import JobAMessage, NaiveOnServer
from bench.scale.town import ServerTown, town_on_server, wait_until, workers
from bench.town import town
from bench.transports.contest import Engines
from bench.transports.provider import Provider, smtp_sink
from bench.transports.smtp import ours
from bench.transports.smtp_bare import Bare
from engine.app import Engine
from engine.clock import SystemClock
from engine.model.campaign import Channel
from engine.transport.base import EmailMessage
from engine.transport.memory import MemoryTransport

PROCESSES = 1, 2, 4
SINGLE = 300
EMBEDDED = 4_000
ROUNDS = 3
CONNECTIONS = 8
WIRES = {"CHUNKING": ("PIPELINING", "CHUNKING"), "PIPELINING": ("PIPELINING",)}


def run(people: int = 8_000) -> Iterator[Figure]:
    """Emails a second. The wire is the quickest that a relay can offer, or the one that most do."""
    with ExitStack() as stack:
        sinks = {wire: stack.enter_context(smtp_sink(*offers)) for wire, offers in WIRES.items()}
        sink = sinks["CHUNKING"]
        place = stack.enter_context(town_on_server(people))
        bare = _bare(place, sinks)
        naive, single = _one_by_one(place, sink)
        yield Figure("naive loop on PostgreSQL", naive, "emails/s")
        yield Figure("a job a message, on PostgreSQL", single, "emails/s", single / naive, "the naive loop")
        for processes in PROCESSES:
            rate = _workers(place, sink, people, processes)
            what = f"PostgreSQL, {processes} process{'' if processes == 1 else 'es'}"
            aim = ("≥ 40×", rate >= 40 * naive) if processes == 2 else ("", None)
            yield Figure(what, rate, "emails/s", rate / naive, "the naive loop", *aim)
            if processes == 2:
                both = {"CHUNKING": rate, "PIPELINING": _workers(place, sinks["PIPELINING"], people, processes)}
                for wire, own in both.items():
                    share, loop = own / bare[wire], f"a bare loop's {bare[wire]:,.0f}"
                    yield Figure(f"{what}, {wire}", own, "emails/s", share, loop, "≥ 0.6×", share >= 0.6)
        yield from _sizes(place, people)
        embedded = _embedded(sink)
        yield Figure("SQLite, 1 process", embedded, "emails/s", embedded / naive, "the naive loop")


def _bare(place: ServerTown, sinks: Mapping[str, Provider]) -> dict[str, float]:
    """Emails a second of one process that writes what the engine would, made before, by wire."""
    keeper = MemoryTransport()
    place.unsend(EMBEDDED)
    engine = Engine(place.settings, place.database, place.vault, SystemClock(), dict.fromkeys(Channel, keeper))
    asyncio.run(engine.tick())
    emails = [each for each in keeper.messages if isinstance(each, EmailMessage)]
    found = {}
    for wire, sink in sinks.items():
        loop = Bare(sink.port, CONNECTIONS, emails, chunking=wire == "CHUNKING")
        laps = []
        for _ in range(ROUNDS + 1):
            with Lap() as lap:
                loop.send(len(emails))
            laps.append(lap.seconds)
        loop.close()
        found[wire] = len(emails) / middle(laps[1:])
    return found


def _one_by_one(place: ServerTown, sink: Provider) -> tuple[float, float]:
    """Emails a second of the naive loop, and with a job for each."""
    loop = NaiveOnServer(place, sink.port)
    rates = []
    place.unsend(2 * SINGLE)
    loop.send(SINGLE, place.clock.now())  # compiles its templates
    with Lap() as lap:
        loop.send(SINGLE, place.clock.now())
    rates.append(SINGLE / lap.seconds)
    place.unsend(SINGLE)
    with place.database.read() as connection:
        due = list(connection.exec_driver_sql("SELECT id FROM deliveries WHERE status = 'planned'").scalars())
    jobs = JobAMessage(place, loop)
    with Lap() as lap:
        jobs.defer(due)
        jobs.work()
    assert place.sent()[0] == SINGLE, "a job was lost"
    loop.close()
    return rates[0], SINGLE / lap.seconds


def _workers(place: ServerTown, sink: Provider, people: int, processes: int) -> float:
    """Emails a second of so many processes: the median of a few rounds after one that does not count."""
    rates = []
    place.unsend(0)
    with workers(place, processes, sink.port) as running:
        for _ in range(ROUNDS + 1):
            sink.forget()
            place.unsend()
            wait_until(place.over, running)
            come = sink.come()
            assert come.messages == come.different == people, f"{come.messages} came of {people}"
            sent, seconds = place.sent()
            rates.append(sent / seconds)
    return middle(rates[1:])


def _sizes(place: ServerTown, people: int) -> Iterator[Figure]:
    """What a delivery that was sent takes on disk, freshly packed."""
    with place.database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM FULL deliveries")
        heap, indexes = connection.exec_driver_sql(
            "SELECT pg_table_size('deliveries'), pg_indexes_size('deliveries')"
        ).one()
    yield Figure("a sent delivery's row on disk", heap / people, "bytes")
    yield Figure("its indexes", indexes / people, "bytes")


def _embedded(sink: Provider) -> float:
    """Emails a second of one process on a SQLite file."""
    laps = []
    with town(EMBEDDED) as place:
        engine = Engines(place, ours(sink.port))
        for _ in range(ROUNDS + 1):
            place.unsend()
            with Lap() as lap:
                engine.send(EMBEDDED)
            laps.append(lap.seconds)
        engine.close()
    return EMBEDDED / middle(laps[1:])
