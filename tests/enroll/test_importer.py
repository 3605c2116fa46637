"""Importing couples: good rows go in once, bad rows are set aside with a reason, a kill half-way costs nothing."""

import csv
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from world import opened

from engine.enroll.importer import ImportReport, import_couples
from engine.errors import Refused
from engine.model.couple import Consent
from engine.store import couples
from engine.store.database import Database
from engine.store.metadata import metadata
from engine.store.schema import consents
from engine.store.vault import Vault

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CONSENT = Consent("Signed up at the spring fair.", "fair-2026.csv")
VAULT = Vault({"k1": b"k" * 32}, "k1", b"l" * 32)
HEADER = "couple,given_name,email,phone,timezone\n"
ANA = "c-1,Ana,ana@example.com,,Europe/Lisbon\n"
BEN = "c-1,Ben,ben@example.com,,America/New_York\n"
EXAMPLES = Path(__file__).parents[2] / "examples" / "couples.csv"


@pytest.fixture
def database() -> Iterator[Database]:
    database = opened(None)
    yield database
    database.close()


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    return tmp_path / "couples.csv"


def load(database: Database, path: Path, content: str | None = None, batch: int = 2_000) -> ImportReport:
    """Import a file, of this content when given."""
    if content is not None:
        path.write_text(content, encoding="utf-8")
    return import_couples(database, VAULT, path, consent=CONSENT, now=NOW, batch=batch)


def stored(database: Database) -> dict[str, list[str]]:
    """Given names by couple, first partner first."""
    with database.read() as connection:
        listed = couples.list_couples(connection, limit=10_000)
    return {couple.ref: [partner.given_name for partner in couple.partners] for couple in listed}


def snapshot(database: Database) -> list[object]:
    """Every row of every table."""
    with database.read() as connection:
        return [connection.execute(table.select()).all() for table in metadata.sorted_tables]


def rejects(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("batch", [1, 2, 3, 2_000])
def test_two_rows_of_one_couple_become_its_partners_however_far_apart(
    database: Database, sheet: Path, batch: int
) -> None:
    between = "".join(f"d-{n},Cat,cat{n}@example.com,,Asia/Tokyo\n" for n in range(5))
    report = load(database, sheet, HEADER + ANA + between + BEN, batch)
    assert report == ImportReport(added_couples=6, added_partners=7)
    assert stored(database)["c-1"] == ["Ana", "Ben"]


def test_running_it_again_changes_nothing(database: Database, sheet: Path) -> None:
    load(database, sheet, HEADER + ANA + BEN)
    before = snapshot(database)
    report = import_couples(
        database, VAULT, sheet, consent=Consent("Other words.", "other"), now=NOW + timedelta(days=1)
    )
    assert report == ImportReport(unchanged=2)
    assert snapshot(database) == before


def test_the_shipped_examples_go_in_whole(database: Database, sheet: Path) -> None:
    report = load(database, sheet, EXAMPLES.read_text(encoding="utf-8"))
    assert report == ImportReport(added_couples=11, added_partners=21)


def test_the_second_partner_may_come_in_a_later_file(database: Database, sheet: Path) -> None:
    load(database, sheet, HEADER + ANA)
    assert load(database, sheet, HEADER + BEN) == ImportReport(added_partners=1)
    assert stored(database) == {"c-1": ["Ana", "Ben"]}


@pytest.mark.parametrize("batch", [1, 2_000])
@pytest.mark.parametrize(
    ("rows", "kept", "reason"),
    [
        (ANA + BEN + "c-1,Cat,cat@example.com,,Asia/Tokyo\n", {"c-1": ["Ana", "Ben"]}, "already has two partners"),
        (ANA + "c-2,Ana,ANA@example.com,,Europe/Lisbon\n", {"c-1": ["Ana"]}, "email address belongs to couple 'c-1'"),
        (
            "c-1,Ana,,+12025550123,Europe/Lisbon\nc-2,Cat,,+1 202 555 0123,Asia/Tokyo\n",
            {"c-1": ["Ana"]},
            "phone number belongs to couple 'c-1'",
        ),
        (ANA + "c-1,Ana,ana@example.com,,Asia/Tokyo\n", {"c-1": ["Ana"]}, "already, with another timezone"),
        (ANA + "c-1,Ana,ana@example.com,+12025550123,Europe/Lisbon\n", {"c-1": ["Ana"]}, "with another phone"),
        (ANA + "c-1,Ben,ben@example.com,,EST\n", {"c-1": ["Ana"]}, "does not follow the clocks"),
        (ANA + 'c-1,"Ben,ben@example.com,,Asia/Tokyo\n', {"c-1": ["Ana"]}, "quote"),
    ],
)
def test_a_row_that_cannot_go_in_is_set_aside_and_the_others_go_in(
    database: Database, sheet: Path, rows: str, kept: dict[str, list[str]], reason: str, batch: int
) -> None:
    report = load(database, sheet, HEADER + rows, batch)
    assert stored(database) == kept
    assert report.rejected == 1
    assert report.rejects_path == sheet.with_name("couples.rejects.csv")
    (reject,) = rejects(report.rejects_path)
    assert reason in reject["reason"]
    assert reject["fix"]
    assert int(reject["line"]) == rows.count("\n") + 1
    assert "@" not in reject["reason"] + reject["fix"]


@pytest.mark.parametrize("batch", [1, 2_000])
@pytest.mark.parametrize(
    "rows",
    [
        "c-1,Ana,ana@example.com,+12025550123,Europe/Lisbon\nc-1,Ben,ben@example.com,+12025550123,Europe/Lisbon\n",
        "c-1,Alex,a@example.com,,Europe/Lisbon\nc-1,Alex,b@example.com,,Europe/Lisbon\n",
        "c-1,Ana,us@example.com,,Europe/Lisbon\nc-1,Ben,us@example.com,,Europe/Lisbon\n",
    ],
)
def test_partners_may_share_an_address_or_a_name_and_are_still_two(
    database: Database, sheet: Path, rows: str, batch: int
) -> None:
    assert load(database, sheet, HEADER + rows, batch) == ImportReport(added_couples=1, added_partners=2)
    assert load(database, sheet, batch=batch) == ImportReport(unchanged=2)


def test_a_person_listed_twice_in_a_couple_is_one_person(database: Database, sheet: Path) -> None:
    assert load(database, sheet, HEADER + ANA + ANA + BEN) == ImportReport(
        added_couples=1, added_partners=2, unchanged=1
    )


def test_rejects_are_private_harmless_in_a_spreadsheet_and_importable_once_mended(
    database: Database, sheet: Path
) -> None:
    report = load(database, sheet, HEADER + '"=cmd()",Ana,,+12025550123,EST\n' + ANA)
    assert report.rejects_path is not None
    assert stat.S_IMODE(report.rejects_path.stat().st_mode) == 0o600
    (reject,) = rejects(report.rejects_path)
    assert (reject["couple"], reject["phone"], reject["line"]) == ("'=cmd()", "'+12025550123", "2")
    mended = report.rejects_path.read_text(encoding="utf-8").replace(",EST", ",America/New_York")
    report.rejects_path.write_text(mended, encoding="utf-8")
    again = load(database, report.rejects_path)
    assert (again.added_partners, again.rejected, again.ignored_columns) == (1, 0, ())
    with database.read() as connection:
        assert couples.find(connection, VAULT, "=cmd()").partners[0].phone == "+12025550123"


def test_the_rejects_file_tells_of_the_latest_import_only(database: Database, sheet: Path) -> None:
    first = load(database, sheet, HEADER + "c-1,Ana,ana@example.com,,EST\n")
    assert first.rejects_path is not None
    assert load(database, sheet, HEADER + ANA).rejects_path is None
    assert not first.rejects_path.exists()


def test_rejects_are_in_the_files_own_order_whatever_their_reason(database: Database, sheet: Path) -> None:
    taken, zone = "c-2,Ana,ana@example.com,,Asia/Tokyo\n", "c-3,Cat,cat@example.com,,EST\n"
    report = load(database, sheet, HEADER + ANA + taken + zone + taken)
    assert report.rejects_path is not None
    assert [reject["line"] for reject in rejects(report.rejects_path)] == ["3", "4", "5"]


@pytest.mark.parametrize(("words", "source"), [("", "file"), (" \n", "file"), ("I agree.", "")])
def test_without_consent_nothing_is_imported(database: Database, sheet: Path, words: str, source: str) -> None:
    sheet.write_text(HEADER + ANA)
    with pytest.raises(Refused, match="consent") as refused:
        import_couples(database, VAULT, sheet, consent=Consent(words, source), now=NOW)
    assert "--consent" in refused.value.fix
    assert stored(database) == {}


def test_consent_is_kept_for_each_address_with_its_words_and_source(database: Database, sheet: Path) -> None:
    load(database, sheet, HEADER + "c-1,Ana,ana@example.com,+12025550123,Europe/Lisbon\n" + BEN)
    with database.read() as connection:
        kept = connection.execute(
            select(consents.c.channel, consents.c.words, consents.c.source, consents.c.at, func.count())
            .group_by(consents.c.channel, consents.c.words, consents.c.source, consents.c.at)
            .order_by(consents.c.channel)
        ).all()
    assert [tuple(each) for each in kept] == [
        ("email", CONSENT.words, CONSENT.source, NOW, 2),
        ("sms", CONSENT.words, CONSENT.source, NOW, 1),
    ]


def test_progress_ends_at_the_whole_file(database: Database, sheet: Path) -> None:
    sheet.write_text(HEADER + "".join(f"c-{n},Cat,c{n}@example.com,,Asia/Tokyo\n" for n in range(20)))
    seen: list[tuple[int, int]] = []
    import_couples(
        database, VAULT, sheet, consent=CONSENT, now=NOW, batch=7, progress=lambda done, size: seen.append((done, size))
    )
    assert len(seen) == 3
    assert seen[-1] == (sheet.stat().st_size, sheet.stat().st_size)
    assert seen == sorted(seen)


PEOPLE = st.tuples(
    st.sampled_from(["c-1", "c-2", "c-3"]),
    st.sampled_from(["Ana", "Ben"]),
    st.sampled_from(["", "a@example.com", "A@EXAMPLE.com", "b@example.com", "nonsense"]),
    st.sampled_from(["", "+12025550123", "001 202 555 0124", "12"]),
    st.sampled_from(["Europe/Lisbon", "EST"]),
)


@settings(max_examples=25)
@given(st.lists(PEOPLE, max_size=12), st.integers(1, 5))
def test_whatever_is_imported_every_row_is_accounted_for_and_the_batch_size_does_not_show(
    tmp_path_factory: pytest.TempPathFactory, people: list[tuple[str, ...]], batch: int
) -> None:
    outcomes = []
    for size in (batch, 2_000):
        database = opened(None)
        path = tmp_path_factory.mktemp("import") / "couples.csv"
        first = load(database, path, HEADER + "".join(",".join(each) + "\n" for each in people), size)
        assert first.added_partners + first.unchanged + first.rejected == len(people)
        outcomes.append((stored(database), first.added_couples, first.unchanged, first.rejected))
        assert all(1 <= len(names) <= 2 for names in stored(database).values())
        again = load(database, path, batch=size)
        assert (again.added_couples, again.added_partners) == (0, 0)
        assert again.unchanged == first.added_partners + first.unchanged
        database.close()
    assert outcomes[0] == outcomes[1]


CHILD = """
import os, signal, sys
from pathlib import Path
from test_importer import CONSENT, NOW, VAULT
from engine.enroll.importer import import_couples
from engine.store.database import open_database

url, sheet, moment, count = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
database = open_database(url)
seen = 0

def die(*_):
    global seen
    seen += 1
    if seen == count:
        os.kill(os.getpid(), signal.SIGKILL)

def before_commit(connection):
    die()
    commit(connection)

commit = database.engine.dialect.do_commit
if moment == "before a commit":
    database.engine.dialect.do_commit = before_commit
import_couples(
    database, VAULT, sheet, consent=CONSENT, now=NOW, batch=10, progress=die if moment == "between batches" else None
)
"""


@pytest.mark.parametrize(
    ("moment", "count", "committed"),
    [("between batches", 3, 30), ("before a commit", 3, 20), ("before a commit", 1, 0)],
)
def test_killed_half_way_it_resumes_where_it_was(
    tmp_path: Path, sheet: Path, moment: str, count: int, committed: int
) -> None:
    rows = [f"c-{n // 2},P{'ab'[n % 2]},p{n}@example.com,,Asia/Tokyo\n" for n in range(95)]
    sheet.write_text(HEADER + "".join(rows) + "c-x,Ana,ana@example.com,,EST\n")
    database = opened(tmp_path / "rekindle.sqlite3")
    url = database.engine.url.render_as_string(hide_password=False)
    child = subprocess.run(
        [sys.executable, "-c", CHILD, url, str(sheet), moment, str(count)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])},
        check=False,
    )
    assert child.returncode == -signal.SIGKILL
    with database.read() as connection:
        assert couples.count(connection).partners == committed
    report = load(database, sheet, batch=10)
    assert (report.added_partners, report.unchanged, report.rejected) == (95 - committed, committed, 1)
    assert stored(database) == {f"c-{n}": (["Pa", "Pb"] if n < 47 else ["Pa"]) for n in range(48)}
    assert load(database, sheet).unchanged == 95
    database.close()
