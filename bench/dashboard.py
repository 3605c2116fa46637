"""How long each page of the dashboard takes with 100,000 couples: `python -m bench.dashboard [COUPLES]`.

Everything that a page could trip over is there: deliveries of every couple, a backlog that is due, doubts, replies,
suppressions, alerts and a long audit. Pages are asked for as a browser does, in process; the median of 15 counts.
"""

import asyncio
import re
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import httpx
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from fastapi import FastAPI

from bench.crowd import Crowd
from bench.figures import Figure
from engine.clock import stopwatch
from engine.sections import OperatorSettings
from engine.web.app import create_app

COUPLES = 100_000
TIMES = 15
WORD = "a password of the bench"
PAGES = {
    "today": "",
    "alerts": "/alerts",
    "an alert": "/alerts/1",
    "every alert": "/alerts?all=yes",
    "in doubt": "/doubts",
    "couples": "/couples",
    "couples, far on": "/couples?after=90000",
    "couples by name": "/couples?q=crowd-5",
    "a couple": "/couples/5000",
    "campaigns": "/campaigns",
    "transports": "/transports",
    "suppressions": "/suppressions",
    "replies": "/replies",
    "audit": "/audit",
    "audit of one couple": "/audit?about=couple+77",
}
FILL = """
INSERT INTO deliveries (enrollment_id, partner_id, step, occurrence, channel, week, due_at, send_at, expires_at,
    timezone, tzdata, status, reason, sent_at, sent_on, intended_at, lease_until)
  SELECT p.enrollment_id, p.partner_id, s.step, s.n, 'email', 1, :now - 86400000, :now - 86400000, :now + 86400000,
    'Europe/London', '2026a',
    CASE WHEN s.n < 3 THEN 'sent' WHEN p.partner_id % 10 = 0 THEN 'planned' WHEN p.partner_id % 97 = 0 THEN 'in_doubt'
      ELSE 'skipped' END,
    CASE WHEN s.n < 3 THEN NULL WHEN p.partner_id % 10 = 0 OR p.partner_id % 97 = 0 THEN NULL ELSE 'paused' END,
    CASE WHEN s.n < 3 THEN :now END, CASE WHEN s.n < 3 THEN 739000 END, :now - 86400000, :now
  FROM places p, (SELECT 'one' step, 1 n UNION ALL SELECT 'two', 2 UNION ALL SELECT 'three', 3) s
  WHERE p.enrollment_id > 1;
INSERT INTO suppressions (address_index, channel, reason, source, at)
  SELECT CAST(printf('s%015d', id) AS BLOB), 'email', 'hard_bounce', 'bench', :now - id FROM partners WHERE id % 10 = 0;
INSERT INTO replies (source, key, partner_id, channel, at, flagged, text_cipher, read_as, media, seen_at)
  SELECT 'bench', 'r' || id, id, 'sms', :now, 0, x'00', CASE WHEN id % 100 = 0 THEN 'kept' ELSE 'answer' END, 0,
    CASE WHEN id % 300 = 0 THEN :now END
  FROM partners;
INSERT INTO alerts (partner_id, kind, source, at, seen_at)
  SELECT id, 'self-harm', 'text', :now, CASE WHEN id % 4000 = 0 THEN NULL ELSE :now END FROM partners
  WHERE id % 200 = 0;
INSERT INTO audit (at, actor, act, about)
  SELECT :now, 'bench', 'pause couple', 'couple ' || (id % 1000) FROM partners;
INSERT INTO tallies (day, channel, what, why, number) VALUES (739000, 'email', 'sent', '', 5);
"""


class Operated(Crowd):
    """A crowd with a past, whose dashboard has a password."""

    def __init__(self, folder: Path, couples: int) -> None:
        super().__init__(folder, 2 * couples)
        now = int(self.clock.now().timestamp() * 1000)
        with sqlite3.connect(self.path, isolation_level=None) as connection:
            for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-1048576", "foreign_keys=OFF"):
                connection.execute(f"PRAGMA {pragma}")
            connection.execute("BEGIN")
            for statement in filter(str.strip, FILL.split(";")):
                connection.execute(statement, {"now": now} if ":now" in statement else {})
            connection.execute("COMMIT")
        connection.close()
        made = Argon2id(salt=bytes(16), length=32, iterations=1, lanes=1, memory_cost=8)
        self.settings.operator = OperatorSettings.model_validate(
            {"password_hash": made.derive_phc_encoded(WORD.encode())}
        )
        self.app: FastAPI = create_app(self.engine)


async def _measure(app: FastAPI) -> list[Figure]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="https://inside.example") as client:
        await client.post("/operator/sign-in", data={"password": WORD})
        figures = []
        for name, path in PAGES.items():
            took = []
            for _ in range(TIMES):
                began = stopwatch()
                answer = await client.get(f"/operator{path}")
                took.append((stopwatch() - began) * 1000)
                if answer.status_code != 200:
                    raise SystemExit(f"{name}: {answer.status_code}")
            figures.append(Figure(f"dashboard, {name}", median(took), "ms"))
        token = re.search(r'name="token" value="(\w+)"', answer.text)
        took = []
        for _ in range(TIMES):
            began = stopwatch()
            await client.post("/operator/couples", data={"token": token[1] if token else "", "q": "a@example.com"})
            took.append((stopwatch() - began) * 1000)
        figures.append(Figure("dashboard, found by address", median(took), "ms"))
    return figures


def run(couples: int = COUPLES) -> Iterator[Figure]:
    """Milliseconds a page."""
    with TemporaryDirectory() as folder:
        operated = Operated(Path(folder) / "town", couples)
        yield from asyncio.run(_measure(operated.app))
        operated.database.close()


if __name__ == "__main__":
    from bench.figures import show

    show(list(run(int(sys.argv[1]) if len(sys.argv) > 1 else COUPLES)))
