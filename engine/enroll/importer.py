"""Puts a file of couples in: a million rows in bounded memory, bad rows set aside, run again without harm.

A batch is one transaction. Killed at any point, what was committed stays and the same command brings in the rest:
a row whose person is already there changes nothing.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from pathlib import Path

from engine.enroll.bad_value import BadValue
from engine.enroll.reading import Aside, Candidate, batches, heading
from engine.enroll.rejects import Rejects
from engine.enroll.seating import Known, Seating
from engine.errors import Refused
from engine.model.couple import Consent
from engine.store import joining
from engine.store.database import Database
from engine.store.vault import Vault

BATCH = 2_000
SOURCE_LIMIT = 200

Progress = Callable[[int, int], None]
"""Called after each batch with the bytes read so far and the file's size."""


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
    head, report = heading(path), ImportReport()
    report.ignored_columns = head.ignored
    with Rejects(path) as rejects, closing(batches(path, vault, batch)) as coming:
        rejects.begin(head.cells)
        for each in coming:
            aside = each.aside + _store(database, each.candidates, consent, now, report)
            for line, problem, cells in sorted(aside, key=itemgetter(0)):
                rejects.add(line, problem, cells)
            rejects.flush()
            if progress:
                progress(each.bytes_read, head.size)
        report.rejected = rejects.count
        report.rejects_path = rejects.path if rejects.count else None
    return report


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
