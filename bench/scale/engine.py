"""What the parts of a worker cost: jobs, waking, memory; and how many signed webhooks one process takes in."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import sleep

from procrastinate import App
from source_rigs import SendGridRig, SourceRig, TwilioStatusRig

from bench.figures import Figure, Lap, middle
from bench.scale.town import ServerTown, children, town_on_server, wait_until, workers
from bench.transports.provider import Provider, smtp_sink
from engine.app import Engine
from engine.model.campaign import Channel
from engine.run.worker import connector
from engine.store.server import conninfo
from engine.transport.memory import MemoryTransport
from engine.transport.source import EventSource, Hook

BATCH = 500
TOKENS = 400
PROCESSES = 2
ROUNDS = 3
WAKES = 20
CALLS = 200
LAST = "goodbye", 55
"""A step, and its day from 0."""
EVENTS = 100  # in one call of SendGrid's, which gathers them


def run(people: int = 4_000, rounds: int = 4) -> Iterator[Figure]:
    """Each against its aim."""
    with ExitStack() as stack:
        sink = stack.enter_context(smtp_sink("PIPELINING", "CHUNKING"))
        place = stack.enter_context(town_on_server(people))
        place.unsend(0)
        yield from _overhead(place, sink, people)
        yield from _waking(place, sink)
        yield from _memory(place, sink, people, rounds)
        yield from _webhooks(place)


def run_large() -> Iterator[Figure]:
    """Memory over 300,000 deliveries."""
    yield from run(20_000, 15)


def _overhead(place: ServerTown, sink: Provider, people: int) -> Iterator[Figure]:
    """What jobs cost a message: what one takes, by how many there were while all was sent."""
    cost = _a_job(place)
    with workers(place, PROCESSES, sink.port) as running:
        before = _next_job(place)
        for _ in range(ROUNDS):
            place.unsend()
            wait_until(place.over, running)
        jobs, messages = _next_job(place) - before - 1, people * ROUNDS
    yield Figure("a job: deferred, fetched, finished", cost / 1000, "ms")
    yield Figure(f"jobs for {messages:,} emails, {PROCESSES} processes", jobs, "")
    overhead = cost * jobs / messages
    yield Figure("what jobs cost an email", overhead, "µs", aim="≤ 10 µs", met=overhead <= 10)
    yield Figure(f"the same, had each {BATCH} one of their own", cost / BATCH, "µs")


def _a_job(place: ServerTown) -> float:
    """Microseconds that one takes."""
    app = App(connector=connector(conninfo(place.database.engine.url), most=4))

    @app.task(name="token", queue="token")
    async def token() -> None:
        pass

    async def work() -> None:
        async with app.open_async():
            for _ in range(TOKENS):
                await token.defer_async()
            await app.run_worker_async(queues=["token"], wait=False, delete_jobs="always", listen_notify=False)

    with Lap() as lap:
        asyncio.run(work())
    return lap.seconds / TOKENS * 1e6


def _next_job(place: ServerTown) -> int:
    """The number of the next job; takes it."""
    with place.database.begin() as connection:
        asked = "SELECT nextval('procrastinate_jobs_id_seq')"
        number: int = connection.exec_driver_sql(asked).scalar_one()
    return number


def _waking(place: ServerTown, sink: Provider) -> Iterator[Figure]:
    """From the instant at which a place falls due, to the committed intent to send what was planned for it."""
    waits = []
    with workers(place, 1, sink.port) as running:
        for partner in range(1, WAKES + 1):
            due = datetime.now(UTC) + timedelta(seconds=1.5 + partner % 7 / 10)
            with place.database.begin() as connection:
                connection.exec_driver_sql("DELETE FROM deliveries WHERE partner_id = %s", (partner,))
                connection.exec_driver_sql(
                    "UPDATE enrollments SET status = 'active'"
                    " WHERE id IN (SELECT enrollment_id FROM places WHERE partner_id = %s)",
                    (partner,),
                )
                # Its last: after any other, an enrollment that began months ago has more to catch up with.
                connection.exec_driver_sql(
                    "UPDATE places SET next_due_at = %s, next_step = %s, next_occurrence = %s WHERE partner_id = %s",
                    (int(due.timestamp() * 1000), *LAST, partner),
                )
            wait_until(lambda: _intended(place, partner) is not None, running)  # noqa: B023
            waits.append((_intended(place, partner) or 0) - due.timestamp() * 1000)
    worst = max(waits)
    yield Figure("idle, from due to the intent to send", middle(waits), "ms")
    yield Figure(f"the same, the worst of {WAKES}", worst, "ms", aim="< 200 ms", met=worst < 200)


def _intended(place: ServerTown, partner: int) -> int | None:
    with place.database.read() as connection:
        return connection.exec_driver_sql(
            "SELECT intended_at FROM deliveries WHERE partner_id = %s", (partner,)
        ).scalar()


def _memory(place: ServerTown, sink: Provider, people: int, rounds: int) -> Iterator[Figure]:
    """One worker process: when it is idle, after its first round, and what each further round adds."""
    with workers(place, 1, sink.port) as running:
        sleep(2)
        (pid,) = children(running)
        idle = resident(pid)
        sizes = []
        for _ in range(rounds):
            place.unsend()
            wait_until(place.over, running)
            sizes.append(resident(pid))
        own = share(pid)
    growth, over = sizes[-1] - sizes[0], people * (rounds - 1)
    yield Figure("a worker's memory, idle", idle, "MB")
    yield Figure(f"the same, after {people:,} emails", sizes[0], "MB", aim="≤ 80 MB", met=sizes[0] <= 80)
    yield Figure("the same at the end, its part alone of what processes share", own, "MB")
    yield Figure(f"what {over:,} more add", growth, "MB", aim="≤ 5 MB over 300,000", met=growth <= 5)


def resident(pid: int) -> float:
    """Resident memory in MB of a million bytes."""
    return _said(pid, "status", "VmRSS")


def share(pid: int) -> float:
    """The same, but of pages that several processes have, its part of each."""
    return _said(pid, "smaps_rollup", "Pss")


def _said(pid: int, where: str, what: str) -> float:
    lines = Path(f"/proc/{pid}/{where}").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(f"{what}:")).split()[1]) * 1024 / 1e6


def _webhooks(place: ServerTown) -> Iterator[Figure]:
    """Signed calls, verified, stored and reacted to, in one process; a batch of events each, or one status each."""
    null = MemoryTransport(keep=False)
    engine = Engine(place.settings, place.database, place.vault, place.clock, dict.fromkeys(Channel, null))
    for rig, name, size in ((SendGridRig(), "sendgrid", EVENTS), (TwilioStatusRig(), "twilio", 1)):
        hooks = _hooks(rig, size)
        source: EventSource = rig.source()
        hearing = engine.hearing_of({name: source})
        with Lap() as lap:
            for hook in hooks:
                hearing.react(hearing.receive(name, hook))
        rate = len(hooks) * size / lap.seconds
        what = f"webhooks of {name}, {size} event{'s' if size > 1 else ''} a call"
        yield Figure(
            what, rate, "events/s", aim="≥ 3,000/s" if size > 1 else "", met=rate >= 3_000 if size > 1 else None
        )


def _hooks(rig: SourceRig, size: int) -> list[Hook]:
    hooks = []
    for call in range(CALLS):
        told = [rig.told("1.Proof-_0001", call * size + each) for each in range(size)]
        hooks.append(rig.batch(told) if size > 1 else told[0])
    return hooks
