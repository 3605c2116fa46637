"""The PostgreSQL server: whether it keeps what is committed, has room for us, and its clock is ours."""

from collections.abc import Iterator

from engine.doctor.finding import Finding, fine, problem, warning
from engine.doctor.patient import Patient
from engine.store import jobs, serving

SKEW = 2.0
"""Seconds: a worker whose clock is further off takes no work."""
STILL = 60
"""Seconds that no transaction of ours lasts."""


def check_server(patient: Patient) -> Iterator[Finding]:
    """How the server stands; nothing where the database is a file."""
    database = patient.database
    if database is None or not database.server:
        return
    with database.read() as connection:
        found = serving.facts(connection)
    ahead = jobs.ahead(database, patient.clock)
    wrong = list(_wrong(found, ahead))
    yield from wrong
    if not wrong:
        yield fine("server", f"PostgreSQL {found.version} keeps what is committed, and its clock is this machine's.")
    if not found.takers:
        yield warning(
            "workers", "No `rekindle worker` lives.", "Start one, unless `rekindle run` or `rekindle tick` sends."
        )


def _wrong(found: serving.Facts, ahead: float) -> Iterator[Finding]:
    if found.version < serving.OLDEST:
        what = f"PostgreSQL {found.version} is no longer maintained."
        yield problem("server", what, f"Upgrade it to {serving.OLDEST} or newer.")
    if not found.durable:
        what = "The server may forget what was committed: messages could be sent twice after a power cut."
        yield problem("server", what, "Set fsync, full_page_writes and synchronous_commit to on.")
    if abs(ahead) > SKEW:
        what = f"This machine's clock is {abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'} the server's."
        yield problem("server", what, "Set both by NTP: workers whose clock is off take no work.")
    if found.connections > 0.8 * found.most_connections:
        what = f"{found.connections} of {found.most_connections} connections are in use."
        yield warning("server", what, "Raise max_connections, or put a pooler in session mode in between.")
    if found.oldest_seconds > STILL:
        what = f"A transaction has lasted for {found.oldest_seconds} seconds: nothing behind it is vacuumed."
        yield warning("server", what, "Find it in pg_stat_activity by xact_start, and end it.")
