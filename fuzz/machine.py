"""The processes of a life: each an engine with a store of its own to see, that may fail under it, and that may die."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError
from sqlalchemy.util import LRUCache

from engine.app import Engine
from engine.clock import Clock, VirtualClock
from engine.deliver.dispatch import ProtocolStep
from engine.model.campaign import Channel
from engine.settings import Settings
from engine.store import embedded
from engine.store.database import IN_MEMORY, Database, open_database
from engine.store.migrate import upgrade
from engine.store.vault import Vault
from engine.transport.base import Transport
from engine.transport.chaos import Died
from fuzz.notebook import Notebook

VAULT = Vault({"k1": bytes(32)}, "k1", bytes(range(32)))  # worthless keys, so that seeds and draws repeat
SAID = {"locked": "database is locked", "full": "database or disk is full"}
_SENDING = "SELECT id, fence FROM deliveries WHERE status IN ('claimed', 'sending') AND status = 'sending'"
_compiled: Any = LRUCache(2000)
_dialects: list[Any] = []


class Skewed:
    """A clock that is off by so many seconds."""

    def __init__(self, clock: VirtualClock, seconds: float) -> None:
        self._clock = clock
        self._by = timedelta(seconds=seconds)

    def now(self) -> datetime:
        return self._clock.now() + self._by


class Disk:
    """The one database behind all stores, and what is about to go wrong with it."""

    def __init__(self, notebook: Notebook) -> None:
        self.database = open_database(IN_MEMORY)
        _share_compiled(self.database)
        self.notebook = notebook
        self.faults: list[str] = []  # the next commits' of whatever process, in this order
        self._known: set[tuple[int, int]] = set()
        self._held = self.database.engine.raw_connection()
        self.put_back(empty())

    @property
    def driver(self) -> sqlite3.Connection:
        """SQLite itself, for looks by SQL alone."""
        connection: sqlite3.Connection = self._held.driver_connection  # type: ignore[assignment]
        return connection

    def copy(self) -> bytes:
        """All of it, as a backup has it."""
        return self.driver.serialize()

    def put_back(self, content: bytes) -> None:
        """Be what it was when that copy was taken."""
        # By way of another: SQLite 3.40 does not survive `deserialize` under statements that were prepared before.
        with closing(sqlite3.connect(":memory:")) as was:
            was.deserialize(content)
            was.backup(self.driver)
        self._known = set(self.driver.execute(_SENDING))

    def look(self) -> None:
        """Note the intents that have been committed since the last look."""
        found = set(self.driver.execute(_SENDING))
        for delivery, _ in sorted(found - self._known):
            self.notebook.intend(delivery)
        self._known = found

    def fault(self) -> str | None:
        """What goes wrong with this commit."""
        if not self.faults or not self.faults[0]:
            del self.faults[:1]  # one that is spared
            return None
        self.notebook.faults[f"store: {self.faults[0]}"] += 1
        self.notebook.troubled.append(self.notebook.at)
        return self.faults.pop(0)

    def close(self) -> None:
        self._held.close()
        self.database.close()


class Store(Database):
    """The database as one process sees it: nothing, once the process is dead."""

    def __init__(self, disk: Disk) -> None:
        super().__init__(disk.database.engine, embedded)
        self.disk = disk
        self.dead = False

    @contextmanager
    def begin(self, *, shared: bool = False) -> Iterator[Connection]:
        self.must_live()
        how = self.disk.fault()
        with self._plainly():
            if how in SAID:
                raise _failed(SAID[how])
            with super().begin(shared=shared) as connection:
                yield connection
                if how == "before":
                    raise _failed("disk I/O error")
            self.disk.look()
            if how == "after":
                raise _failed("disk I/O error")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        self.must_live()
        with super().read() as connection:
            yield connection

    def must_live(self) -> None:
        """Died where the process is dead: what still runs of it is nobody's."""
        if self.dead:
            raise Died


class Process:
    """One engine. `between` is called with the name of each step that the protocol has taken."""

    def __init__(
        self,
        name: str,
        disk: Disk,
        settings: Settings,
        clock: Clock,
        transports: "Callable[[Process], Mapping[Channel, Transport]]",
        between: "Callable[[Process, str], None]",
    ) -> None:
        self.name = name
        self.clock = clock
        self.store = Store(disk)
        self._between = between
        self.engine = Engine(settings, self.store, VAULT, clock, transports(self), self._announce)

    def _announce(self, step: ProtocolStep) -> None:
        self.store.must_live()
        self._between(self, step.name.lower())

    def die(self) -> None:
        """It is gone, in the middle of whatever it does."""
        self.store.dead = True
        raise Died


@lru_cache(maxsize=1)
def empty() -> bytes:
    """A database that is set up and holds nothing."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "empty.sqlite3"
        database = open_database(f"sqlite:///{file}")
        upgrade(database)
        database.close()
        with closing(sqlite3.connect(file)) as opened:
            opened.execute("PRAGMA journal_mode=DELETE")
        return file.read_bytes()


def _failed(said: str) -> OperationalError:
    return OperationalError("COMMIT", {}, sqlite3.OperationalError(said))


def _share_compiled(database: Database) -> None:
    """Statements come to the same in every life: they are compiled once a process."""
    if not _dialects:
        _dialects.append(database.engine.dialect)
    database.engine.dialect = _dialects[0]
    database.engine.update_execution_options(compiled_cache=_compiled)
