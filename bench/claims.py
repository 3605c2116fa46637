"""The ledger alone: claim, intend, accept; in batches of 500 against a row at a time, on one SQLite file."""

import sqlite3
from collections.abc import Iterator
from datetime import timedelta

from bench.figures import Figure, Lap, middle
from bench.town import TALK, Town, town
from engine.store import ledger

ROWS = 20_000
BATCH = 500
SINGLE = 300
REPEAT = 5
LEASE = timedelta(minutes=5)
DAY = TALK.toordinal()
# As many deliveries as are wanted, by copying one: the ledger looks at nothing but their ids, instants and status.
COPY = """
INSERT INTO deliveries (enrollment_id, partner_id, step, occurrence, channel, week, due_at, send_at, expires_at,
    timezone, tzdata, status)
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
  SELECT enrollment_id, partner_id, 'copy', i, channel, week, due_at, send_at, expires_at, timezone, tzdata, 'planned'
  FROM n CROSS JOIN (SELECT * FROM deliveries WHERE step = 'talk' LIMIT 1)
"""
CHANGES = (
    "UPDATE deliveries SET status = 'claimed', lease_owner = 'me', lease_until = 1, fence = fence + 1 WHERE id = ?",
    "UPDATE deliveries SET status = 'sending', attempts = attempts + 1, sent_on = 1, transport = 'me' WHERE id = ?",
    "UPDATE deliveries SET status = 'sent', receipt = 'me', sent_at = 1, lease_owner = NULL, lease_until = NULL"
    " WHERE id = ?",
)


def run() -> Iterator[Figure]:
    """Rows a second, from planned to sent."""
    batches, singles, computing = [], [], []
    with town(2) as place:
        place.send()
        for turn in range(REPEAT + 1):
            _fill(place)
            with Lap() as fast:
                done = _in_batches(place)
            assert done == ROWS, f"{done} of {ROWS} were marked"
            _fill(place)
            with Lap() as slow:
                _one_by_one(place)
            if turn:
                batches.append(fast.seconds / ROWS)
                computing.append(fast.processor / ROWS)
                singles.append(slow.seconds / SINGLE)
    ours, theirs = 1 / middle(batches), 1 / middle(singles)
    yield Figure("ledger, a row at a time", theirs, "rows/s")
    what = "ledger, claim + intend + accept, batches of 500"
    yield Figure(what, ours, "rows/s", ours / theirs, "a row at a time", "> 50,000 rows/s", ours > 50_000)
    yield Figure("the same, waiting for the disk left out", 1 / middle(computing), "rows/s")


def _fill(place: Town) -> None:
    with place.database.begin() as connection:
        connection.exec_driver_sql("DELETE FROM deliveries WHERE step = 'copy'")
        connection.exec_driver_sql(COPY, (ROWS,))


def _in_batches(place: Town) -> int:
    done = 0
    while True:
        with place.database.begin() as connection:
            ids = ledger.claim(connection, TALK, "bench", TALK + LEASE, BATCH, ["email"])
        if not ids:
            return done
        with place.database.begin() as connection:
            ours = ledger.intend(connection, [(each, 1, DAY, "memory", 1, 0) for each in ids], TALK)
        with place.database.begin() as connection:
            done += ledger.accept(connection, [(each, 1, f"memory-{each}") for each in ours], TALK)


def _one_by_one(place: Town) -> None:
    connection = sqlite3.connect(place.path, isolation_level=None)
    for pragma in ("foreign_keys=ON", "journal_mode=DELETE", "synchronous=FULL", "cache_size=-65536"):
        connection.execute(f"PRAGMA {pragma}")
    first = "SELECT id FROM deliveries WHERE status = 'planned' ORDER BY send_at, id LIMIT 1"
    for _ in range(SINGLE):
        (each,) = connection.execute(first).fetchone()
        for change in CHANGES:
            connection.execute(change, (each,))
    connection.close()
