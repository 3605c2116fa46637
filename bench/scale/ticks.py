"""What an idle tick and planning cost on PostgreSQL, by how many are enrolled."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta

from bench.figures import Figure, Lap, middle
from bench.scale.town import ServerTown, town_on_server
from bench.town import TALK, ZONE
from engine.deliver.definitions import Definitions
from engine.deliver.due import Planner

IDLE_TICKS = 100
REPEAT = 3
FILL = (
    "INSERT INTO couples (id, ref, created_at) SELECT i, 'crowd-' || i, 0 FROM generate_series(2, {couples}) i",
    """INSERT INTO partners (id, couple_id, position, given_name, email_cipher, email_index, timezone, locale, channel,
        send_at, causes, touch, email_consent, sms_consent)
      SELECT i, (i + 1) / 2, 2 - i %% 2, p.given_name, p.email_cipher, convert_to(lpad(i::text, 16, '0'), 'UTF8'),
        p.timezone, p.locale, p.channel, p.send_at, p.causes, false, true, false
      FROM generate_series(3, 2 * {couples}) i CROSS JOIN partners p WHERE p.id = 1""",
    """INSERT INTO enrollments (id, couple_id, campaign, digest, start, seed, status, variants, draws, created_at)
      SELECT i, i, e.campaign, e.digest, e.start, e.seed, 'active', e.variants, e.draws, 0
      FROM generate_series(2, {couples}) i CROSS JOIN enrollments e WHERE e.id = 1""",
    """INSERT INTO places (enrollment_id, partner_id, next_due_at, next_step, next_occurrence)
      SELECT (i + 1) / 2, i, {later} + (i::bigint * 7919 %% 10080) * 60000, 'try', 4
      FROM generate_series(3, 2 * {couples}) i""",
)
DUE = "UPDATE places SET next_due_at = %s, next_step = 'talk', next_occurrence = 1 WHERE enrollment_id BETWEEN 2 AND %s"


def run() -> Iterator[Figure]:
    """20,000 against 200,000 enrolled partners."""
    yield from _compare(20_000, 200_000, due=4_000)


def run_large() -> Iterator[Figure]:
    """200,000 against 10,000,000: needs some ten gigabytes of disk, and many minutes."""
    yield from _compare(200_000, 10_000_000, due=20_000)


def _compare(few: int, many: int, due: int) -> Iterator[Figure]:
    with ExitStack() as stack:
        crowds = []
        for size in (few, many):
            crowd = stack.enter_context(town_on_server(2))
            with Lap() as filling:
                _fill(crowd, size // 2)
            crowds.append(crowd)
            yield Figure(f"PostgreSQL, fill with {size:,} partners (SQL only)", filling.seconds, "s")
        idle: list[list[float]] = [[], []]
        busy: list[list[float]] = [[], []]
        for _ in range(IDLE_TICKS):  # turn about, so that a busy moment of the machine falls on both
            for crowd, laps in zip(crowds, idle, strict=True):
                with Lap() as lap:
                    asyncio.run(crowd.engine.tick())
                laps.append(lap.seconds)
        for turn in range(REPEAT + 1):
            for crowd, laps in zip(crowds, busy, strict=True):
                _make_due(crowd, due)
                planner = Planner(crowd.database, Definitions())
                with Lap() as lap:
                    planned = planner.plan_due(TALK).planned
                assert planned == due, f"{planned} of {due} were planned"
                if turn:
                    laps.append(lap.seconds)
        kinds = (("idle tick", idle, 1000, "ms", 1.3), (f"planning {due:,} due", busy, 1, "s", 1.5))
        for what, laps_of, scale, unit, aim in kinds:
            small, large = (middle(laps) for laps in laps_of)
            yield Figure(f"{what}, {few:,} enrolled", small * scale, unit)
            ratio = large / small
            yield Figure(
                f"{what}, {many:,} enrolled", large * scale, unit, ratio, f"at {few:,}", f"≤ {aim}×", ratio <= aim
            )


def _fill(crowd: ServerTown, couples: int) -> None:
    later = int((TALK + timedelta(days=3)).timestamp() * 1000)
    with crowd.database.begin() as connection:
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
        connection.exec_driver_sql("DELETE FROM deliveries")
        connection.exec_driver_sql("UPDATE partners SET timezone = %s", (ZONE,))  # where it is the evening of TALK
        for statement in FILL:
            connection.exec_driver_sql(statement.format(couples=couples, later=later), ())
    with crowd.database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM ANALYZE")


def _make_due(crowd: ServerTown, partners: int) -> None:
    with crowd.database.begin() as connection:
        connection.exec_driver_sql("DELETE FROM deliveries WHERE enrollment_id > 1")
        connection.exec_driver_sql(DUE, (int(TALK.timestamp() * 1000), partners // 2 + 1))
