"""Reads a couples file a batch ahead of who puts it in: meanwhile the database works on the batch before.

A large file is read by a process of its own. To read, and to seal addresses, takes as long as all the rest of an
import, and threads of one process take turns.
"""

import os
import signal
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import fields
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

from engine.enroll.bad_value import BadValue
from engine.enroll.rows import Header, Row
from engine.enroll.spreadsheet import Record, Spreadsheet
from engine.errors import Refused, RekindleError
from engine.model.couple import NewPartner
from engine.store.sealing import SealedAddresses, sealed
from engine.store.vault import Vault

LARGE = 4_000_000
"""Bytes, some 40,000 rows: of less, starting a process costs more than it saves."""

_all_of = attrgetter(*(each.name for each in fields(NewPartner)))


class Candidate(NamedTuple):
    """A row with its addresses sealed, and its cells as they were, in case it is turned away."""

    row: Row
    cells: list[str]
    addresses: SealedAddresses


Aside = tuple[int, BadValue, list[str]]
"""A row that does not go in: its line, why, its cells."""


class Batch(NamedTuple):
    """So many rows as the file has them, and how many bytes of it had been read by their end."""

    candidates: list[Candidate]
    aside: list[Aside]
    bytes_read: int


class Heading(NamedTuple):
    """A file's header line and size; `ignored` are those of its columns that nobody reads."""

    cells: tuple[str, ...]
    ignored: tuple[str, ...]
    size: int


def heading(path: Path) -> Heading:
    """Refused when the file cannot be read as a whole."""
    with Spreadsheet.open(path, Header.known_in) as sheet:
        header = _header(iter(sheet), sheet.name)
        return Heading(header.cells, header.ignored, sheet.size)


def batches(path: Path, vault: Vault, size: int) -> Generator[Batch]:
    """The rows below the header, so many at a time, in order.

    RekindleError when the process that reads is killed; it is ended when this is closed.
    """
    apart = path.stat().st_size >= LARGE and (os.cpu_count() or 1) > 1
    return _ahead(_from_a_process(path, vault, size) if apart else _read(path, vault, size))


def _read(path: Path, vault: Vault, size: int) -> Generator[Batch]:
    with Spreadsheet.open(path, Header.known_in) as sheet:
        records = iter(sheet)
        header = _header(records, sheet.name)
        while some := list(islice(records, size)):
            yield Batch(*_candidates(header, vault, some), sheet.bytes_read)


def _header(records: Iterator[Record], name: str) -> Header:
    first = next(records, None)
    if first is None:
        raise Refused(f"{name} is empty.", fix="Give a file with a header line and one row a partner.")
    if first.problem is not None:
        raise Refused(f"{name}, line {first.line}: {first.problem.what}", fix=first.problem.fix)
    return Header(first.cells, f"{name}, line {first.line}")


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
            candidates.append(Candidate(row, cells, sealed(vault, row.partner)))
    return candidates, aside


def _ahead(read: Generator[Batch]) -> Generator[Batch]:
    """All of them; a thread fetches the next while the last that was given is worked on."""
    with closing(read), ThreadPoolExecutor(1, "reader") as reader:
        coming = reader.submit(next, read, None)
        while (batch := coming.result()) is not None:
            coming = reader.submit(next, read, None)
            yield batch


def _from_a_process(path: Path, vault: Vault, size: int) -> Generator[Batch]:
    """A pipe holds less than a batch, so that the process is one ahead and no more."""
    context = get_context("spawn")  # a fork would take over whatever lock another thread holds
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_tell, args=(there, path, vault, size), daemon=True)
    process.start()
    there.close()
    try:
        while (told := _told(here)) is not None:
            yield _unpacked(*told)
    finally:
        here.close()
        process.terminate()  # changes nothing for one that is done
        process.join()


def _tell(end: Connection, path: Path, vault: Vault, size: int) -> None:
    """What the process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever began it ends it
    with suppress(BrokenPipeError):
        for told in _all_there_is(path, vault, size):
            end.send(told)


def _all_there_is(path: Path, vault: Vault, size: int) -> Iterator[tuple[Any, ...] | Exception | None]:
    """Each batch; then None, or why there is no more, such as that the file was changed since its header was read."""
    try:
        yield from map(_packed, _read(path, vault, size))
    except (RekindleError, OSError) as error:
        yield error
    else:
        yield None


def _told(end: Connection) -> tuple[Any, ...] | None:
    try:
        told = end.recv()
    except (EOFError, OSError):
        raise RekindleError(
            "The process that read the file ended before the file did, perhaps for want of memory.",
            fix="Import it again: what was put in stays, and the rest goes in.",
        ) from None
    if isinstance(told, Exception):
        raise told
    return told  # type: ignore[no-any-return]


def _packed(batch: Batch) -> tuple[Any, ...]:
    """Plain tuples: what is made of our own classes takes five times as long to pack."""
    people = [(line, ref, *_all_of(who)) for (line, ref, who), _, _ in batch.candidates]
    cells = [each.cells for each in batch.candidates]
    addresses = [tuple(each.addresses) for each in batch.candidates]
    aside = [(line, why.what, why.fix, row) for line, why, row in batch.aside]
    return people, cells, addresses, aside, batch.bytes_read


def _unpacked(
    people: list[tuple[Any, ...]],
    cells: list[list[str]],
    addresses: list[tuple[Any, ...]],
    aside: list[tuple[int, str, str, list[str]]],
    bytes_read: int,
) -> Batch:
    candidates = [
        Candidate(Row(line, ref, NewPartner(*who)), row, SealedAddresses(*kept))
        for (line, ref, *who), row, kept in zip(people, cells, addresses, strict=True)
    ]
    return Batch(candidates, [(line, BadValue(what, fix), row) for line, what, fix, row in aside], bytes_read)
