"""On a server with a past, looks and claims read the rows that are due and no others, whatever they are asked with."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event
from world import World, at, person

from engine.store import context, doubts, holds, ledger, places

pytestmark = pytest.mark.store("postgresql")
PAST, DUE, TO_COME = 5_000, 20, 2_000
NOW = at("2026-03-03T09:00")
COLUMNS = (
    "enrollment_id, partner_id, step, occurrence, channel, week, due_at, send_at, expires_at, timezone, tzdata, status"
)
DELIVERIES = f"""
INSERT INTO deliveries ({COLUMNS})
SELECT 1, 1, 'past', i, 'email', 1, %(now)s + i * 1000, %(now)s + i * 1000, %(now)s + 86400000, 'UTC', 'x', %(status)s
FROM generate_series(%(first)s::int, %(last)s::int) i
"""
COUPLES = """
INSERT INTO couples (id, ref, created_at) SELECT i, 'crowd-' || i, 0 FROM generate_series(2, %(last)s::int) i;
INSERT INTO partners (id, couple_id, position, given_name, timezone, locale, channel, send_at, causes)
SELECT i, i, 1, 'Ana', 'UTC', 'en', 'email', '09:00', '' FROM generate_series(2, %(last)s::int) i;
INSERT INTO enrollments (id, couple_id, campaign, digest, start, seed, status, variants, draws, created_at)
SELECT i, i, e.campaign, e.digest, e.start, e.seed, 'active', '{}', '{}', 0
FROM generate_series(2, %(last)s::int) i, enrollments e WHERE e.id = 1;
INSERT INTO places (enrollment_id, partner_id, next_due_at, next_step, next_occurrence)
SELECT i, i, %(now)s + 60000 + i * 1000, 'talk', 1 FROM generate_series(2, %(last)s::int) i
"""


@pytest.fixture
def world() -> World:
    """One person with thousands of messages behind them, some due and in doubt, and thousands of others to come."""
    made = World()
    made.join("x", person("Ana"))
    made.enroll()
    now = int(NOW.timestamp() * 1000)
    parts = [
        ("sent", 1, PAST, -(10**9)),
        ("planned", PAST + 1, PAST + DUE, -(10**8)),
        ("planned", PAST * 2, PAST * 3, 10**6),
    ]
    with made.database.begin() as connection:
        driver = connection.connection.cursor()
        for status, first, last, shift in parts:
            driver.execute(DELIVERIES, {"status": status, "first": first, "last": last, "now": now + shift})
        for statement in COUPLES.split(";"):
            driver.execute(statement, {"last": TO_COME, "now": now})
        driver.execute("ANALYZE")
    return made


LOOKS: dict[str, Callable[[Connection], object]] = {
    "claim": lambda c: ledger.claim(c, NOW, "me", NOW + timedelta(minutes=5), 500, ["email", "sms"]),
    "claim but for a campaign": lambda c: ledger.claim(c, NOW, "me", NOW, 500, ["email"], ["other"]),
    "what is held is set aside": lambda c: ledger.set_aside(c, NOW, NOW + timedelta(hours=1), ["test"], ["sms"], 500),
    "what was held comes back": lambda c: holds.bring_back(c, NOW, NOW + timedelta(hours=1), 500),
    "due places": lambda c: places.due(c, NOW, 500),
    "anything due": lambda c: places.any_due(c, NOW),
    "the next wake": lambda c: places.next_wake(c, NOW),
    "what is due, and what will be": lambda c: places.look_ahead(c, NOW),
    "leases and doubts": lambda c: doubts.unsettled(c, NOW, NOW - timedelta(days=1)),
    "expired leases": lambda c: doubts.expire_leases(c, NOW),
    "what a batch is written with": lambda c: context.context(c, [PAST + 1, PAST + 2]),
    "what the gates need": lambda c: context.facts(c, [PAST + 1, PAST + 2]),
}


@pytest.mark.parametrize("look", LOOKS)
def test_it_reads_what_is_due_and_no_more(world: World, look: str) -> None:
    asked: list[tuple[str, Any]] = []
    with world.database.begin() as connection:
        event.listen(connection, "before_cursor_execute", lambda *given: asked.append(given[2:4]))
        LOOKS[look](connection)
        connection.rollback()
    for sql, parameters in asked:
        with world.database.begin() as connection:
            connection.exec_driver_sql("SET LOCAL plan_cache_mode = force_generic_plan")
            found = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", parameters).scalar_one()
            connection.rollback()
        plan = (found if isinstance(found, list) else json.loads(found))[0]["Plan"]
        read = sum(map(rows_read, steps(plan)))
        assert read <= 20 * DUE, f"{read} rows were read by {sql}"


def steps(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for each in plan.get("Plans", ()):
        yield from steps(each)


def rows_read(step: dict[str, Any]) -> int:
    """How many rows of a table a step has looked at."""
    if "Relation Name" not in step or step["Node Type"] == "ModifyTable":
        return 0
    removed = sum(step.get(f"Rows Removed by {why}", 0) for why in ("Filter", "Index Recheck"))
    return int((step["Actual Rows"] + removed) * step["Actual Loops"])
