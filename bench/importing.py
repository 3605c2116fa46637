"""Import speed: rows of a couples file a second, onto a database on disk, and again when everyone is there already."""

import csv
import random
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from engine.clock import stopwatch
from engine.enroll.importer import import_couples
from engine.enroll.rows import COLUMNS
from engine.model.couple import Consent
from engine.store.database import Database, open_database
from engine.store.vault import Vault

ROWS = 100_000
NOW = datetime(2026, 3, 1, tzinfo=UTC)
NAMES = ("Aroha", "Ben", "Chidi", "Dóra", "Eun-ji", "Farid", "Grace", "Hiro", "Inés", "João", "Kwame", "Łucja")
ZONES = ("Pacific/Auckland", "America/New_York", "Europe/London", "Asia/Kolkata", "America/Sao_Paulo")
CAUSES = ("", "lack-of-appreciation", "disconnected-lives;limited-affection")


def write_couples(path: Path, count: int, seed: int = 1) -> None:
    """A couples file of `count` rows: both addresses each, domains as uneven as in life, couples side by side."""
    choose = random.Random(seed)
    with path.open("w", newline="", encoding="utf-8") as file:
        sheet = csv.writer(file)
        sheet.writerow(COLUMNS)
        for number in range(count):
            name, zone = choose.choice(NAMES), choose.choice(ZONES)
            domain = "example.com" if choose.random() < 0.7 else f"mail{choose.randrange(500)}.example.org"
            # India's 98x mobile range: every number is valid, and there are enough of them.
            phone = f"+9198{number + 10_000_000:08d}"
            sheet.writerow(
                (f"c-{number // 2:07d}", name, f"p{number}@{domain}", phone, zone, "en", "", "", choose.choice(CAUSES))
            )


def run(rows: int = ROWS) -> dict[str, float | str]:
    """Rows a second into a file, first time and again."""
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(f"sqlite:///{folder}/bench.sqlite3")
        database.create_all()
        found = imported(database, Path(folder), rows)
        database.close()
    return {"rows": rows, "import rows/s": found[0], "import again rows/s": found[1]}


def imported(database: Database, folder: Path, rows: int) -> tuple[int, int]:
    """Rows a second into this database, first time and again; the couples file is made in `folder`."""
    path = folder / "couples.csv"
    write_couples(path, rows)
    vault = Vault.from_text(Vault.generate_key_text())
    rates = []
    for _ in range(2):
        began = stopwatch()
        report = import_couples(database, vault, path, consent=Consent("bench", "bench"), now=NOW)
        rates.append(round(rows / (stopwatch() - began)))
        assert not report.rejected, report
    return rates[0], rates[1]


if __name__ == "__main__":
    print(run())
