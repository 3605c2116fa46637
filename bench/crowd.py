"""Millions of enrolled partners in a file, made by SQL: one real couple, enrolled by the engine, copied many times.

Only what a tick could trip over matters: how many rows there are, that every index is full, and that those who are
due have an address that opens and an activity that renders.
"""

import sqlite3
from datetime import timedelta
from pathlib import Path

from bench.town import TALK, Town

LATER = timedelta(days=3)  # when everyone else's next message falls due, spread over a week

FILL = """
INSERT INTO couples (id, ref, created_at)
  WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < :couples)
  SELECT i, printf('crowd-%d', i), 0 FROM n;
INSERT INTO partners (id, couple_id, position, given_name, email_cipher, email_index, timezone, locale, channel,
    send_at, causes, touch, email_consent, sms_consent)
  WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < 2 * :couples)
  SELECT i, (i + 1) / 2, 2 - i % 2, p.given_name, p.email_cipher, CAST(printf('%016d', i) AS BLOB), p.timezone,
    p.locale, p.channel, p.send_at, p.causes, 0, 1, 0
  FROM n CROSS JOIN partners p WHERE p.id = 1;
INSERT INTO enrollments (id, couple_id, campaign, digest, start, seed, status, variants, draws, created_at)
  WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < :couples)
  SELECT i, i, e.campaign, e.digest, e.start, e.seed, 'active', e.variants, e.draws, 0
  FROM n CROSS JOIN enrollments e WHERE e.id = 1;
INSERT INTO places (enrollment_id, partner_id, next_due_at, next_step, next_occurrence)
  WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < 2 * :couples)
  SELECT (i + 1) / 2, i, :later + (i * 7919 % 10080) * 60000, 'try', 4 FROM n;
"""
DUE = "UPDATE places SET next_due_at = ?, next_step = 'talk', next_occurrence = 1 WHERE enrollment_id BETWEEN 2 AND ?"


class Crowd(Town):
    """A town of one couple, with a crowd of copies in its database."""

    def __init__(self, folder: Path, partners: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(folder, 2)
        self.send()  # nothing of the real couple is due any more
        with sqlite3.connect(self.path, isolation_level=None) as connection:
            # A crash would only cost this benchmark its file.
            for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-1048576", "foreign_keys=OFF"):
                connection.execute(f"PRAGMA {pragma}")
            numbers = {"couples": partners // 2, "later": _millis() + int(LATER.total_seconds() * 1000)}
            connection.execute("BEGIN")
            for statement in filter(str.strip, FILL.split(";")):
                wanted = {name: value for name, value in numbers.items() if f":{name}" in statement}
                connection.execute(statement, wanted)
            connection.execute("COMMIT")
        connection.close()

    def make_due(self, partners: int) -> None:
        """Let the talk be due, and not yet planned, for this many of the crowd."""
        with self.database.begin() as connection:
            connection.exec_driver_sql("DELETE FROM deliveries WHERE enrollment_id > 1")
            connection.exec_driver_sql(DUE, (_millis(), partners // 2 + 1))


def _millis() -> int:
    return int(TALK.timestamp() * 1000)
