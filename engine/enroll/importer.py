"""Puts a file of couples in: a million rows in bounded memory, bad rows set aside, run again without harm.

A batch is one transaction. Killed at any point, what was committed stays and the same command brings in the rest:
a row whose person is already there changes nothing. While the database works on one batch, the next is read, and its
addresses are sealed.
"""

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from operator import itemgetter
from pathlib import Path

from engine.enroll.bad_value import BadValue
from engine.enroll.rejects import Rejects
from engine.enroll.rows import Header
from engine.enroll.seating import Candidate, Known, Seating
from engine.enroll.spreadsheet import Record, Spreadsheet
from engine.errors import Refused
from engine.model.couple import Consent
from engine.store import joining
from engine.store.database import Database
from engine.store.vault import Vault

BATCH = 2_000
SOURCE_LIMIT = 200

Progress = Callable[[int, int], None]
"""Called after each batch with the bytes read so far and the file's size."""

Aside = tuple[int, BadValue, list[str]]  # a row that does not go in: its line, why, its cells


@dataclass(frozen=True, slots=True)
class _Read:
    """A batch as the file has it, and how much of the file had been read by its end."""

    candidates: list[Candidate]
    aside: list[Aside]
    bytes_read: int


@dataclass
class ImportReport:
    """What an import did. Every row of the file is a new partner, an unchanged one or a reject.

    `rejects_path` is None when nothing was rejected; `ignored_columns` are columns of the file that nobody reads.
    """

    added_couples: int = 0
    added_partners: int = 0
    unchanged: int = 0
    rejected: int = 0
    rejects_path: Path | None = None
    ignored_columns: tuple[str, ...] = ()


def import_couples(
    database: Database,
    vault: Vault,
    path: Path,
    *,
    consent: Consent,
    now: datetime,
    progress: Progress | None = None,
    batch: int = BATCH,
) -> ImportReport:
    """Import the couples file at `path`; rows that cannot go in are in `FILE.rejects.csv` beside it.

    Each partner's consent is recorded for each channel they have an address on. Nobody is ever changed or removed.
    Refused when consent is empty, or the file as a whole cannot be read.
    """
    if not consent.words.strip() or not consent.source.strip():
        raise Refused(
            "No import without consent.", fix='Say how these people agreed: --consent "Signed up at the spring fair".'
        )
    if len(consent.source) > SOURCE_LIMIT:
        raise Refused("The consent's source is too long.", fix=f"Use at most {SOURCE_LIMIT} characters.")
    report = ImportReport()
    with Spreadsheet.open(path, Header.known_in) as sheet, Rejects(path) as rejects:
        records = iter(sheet)
        header = _header(records, sheet.name)
        rejects.begin(header.cells)
        report.ignored_columns = header.ignored

        def read() -> _Read | None:
            some = list(islice(records, batch))
            return _Read(*_candidates(header, vault, some), sheet.bytes_read) if some else None

        with closing(_ahead(read)) as batches:
            for each in batches:
                aside = each.aside + _store(database, each.candidates, consent, now, report)
                for line, problem, cells in sorted(aside, key=itemgetter(0)):
                    rejects.add(line, problem, cells)
                rejects.flush()
                if progress:
                    progress(each.bytes_read, sheet.size)
        report.rejected = rejects.count
        report.rejects_path = rejects.path if rejects.count else None
    return report


def _header(records: Iterator[Record], name: str) -> Header:
    first = next(records, None)
    if first is None:
        raise Refused(f"{name} is empty.", fix="Give a file with a header line and one row a partner.")
    if first.problem is not None:
        raise Refused(f"{name}, line {first.line}: {first.problem.what}", fix=first.problem.fix)
    return Header(first.cells, f"{name}, line {first.line}")


def _ahead(read: Callable[[], _Read | None]) -> Generator[_Read]:
    """All that `read` gives until None, in order; it is called in a thread, once more than was asked for."""
    with ThreadPoolExecutor(1, "reader") as reader:
        coming = reader.submit(read)
        while (some := coming.result()) is not None:
            coming = reader.submit(read)
            yield some


def _candidates(header: Header, vault: Vault, records: list[Record]) -> tuple[list[Candidate], list[Aside]]:
    """The records that hold a person, and the others."""
    candidates: list[Candidate] = []
    aside: list[Aside] = []
    for line, cells, problem in records:
        try:
            if problem is not None:
                raise problem
            row = header.row(line, cells)
        except BadValue as error:
            aside.append((line, error, cells))
        else:
            candidates.append(Candidate(row, cells, joining.sealed(vault, row.partner)))
    return candidates, aside


def _store(
    database: Database,
    candidates: list[Candidate],
    consent: Consent,
    now: datetime,
    report: ImportReport,
) -> list[Aside]:
    """Decide on each candidate and put in those who are new, in one transaction; who was turned away."""
    refs = dict.fromkeys(candidate.row.ref for candidate in candidates)
    emails = [each.addresses.email_index for each in candidates if each.addresses.email_index]
    phones = [each.addresses.phone_index for each in candidates if each.addresses.phone_index]
    arrivals: list[joining.Arrival] = []
    aside: list[Aside] = []
    unchanged = 0
    with database.begin() as connection:
        seating = Seating(joining.people(connection, refs), joining.owners(connection, emails, phones))
        for candidate in candidates:
            match seating.decide(candidate):
                case joining.Arrival() as arrival:
                    arrivals.append(arrival)
                case Known():
                    unchanged += 1
                case BadValue() as problem:
                    aside.append((candidate.row.line, problem, candidate.cells))
        added = joining.put_in(connection, arrivals, consent, now)
    # Only once committed is it true.
    report.added_couples += added
    report.added_partners += len(arrivals)
    report.unchanged += unchanged
    return aside
