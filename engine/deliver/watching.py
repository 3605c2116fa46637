"""Watches over one process: keeps its figures where every process reads them, sees and tells what is out of order."""

from collections import Counter

from engine.clock import Clock
from engine.deliver.sentinel import Limits, Looked, decide, look, read
from engine.deliver.telling import Addresses, Teller, Told
from engine.measures import Measures, parts
from engine.model.incident import IncidentKind
from engine.store import tallies
from engine.store.database import Database
from engine.store.standing import Standing, standing


class Watch:
    """One for the process. StoreError from any method when the database stays busy: then nothing is lost."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        measures: Measures,
        teller: Teller,
        addresses: Addresses,
        limits: Limits,
    ) -> None:
        self._database = database
        self._clock = clock
        self._measures = measures
        self._teller = teller
        self._limits = limits
        self._ways = {kind: addresses.ways(kind) for kind in IncidentKind}
        self._kept: Counter[str] = Counter()

    def stands(self) -> Standing:
        """How things stand; changes nothing."""
        with self._database.read() as connection:
            return standing(connection, self._clock.now(), self._limits.doubt)

    def look(self) -> Looked:
        """Look around; what this process has done since the last look is stored, and incidents begin and end.

        It takes no lock where there is nothing to write.
        """
        ends = Counter(self._measures.ends)
        fresh = ends - self._kept
        found = self.stands()
        if not fresh and not any(decide(read(found, self._limits), found.incidents)):
            return Looked(found)
        with self._database.begin() as connection:
            tallies.add(connection, found.at.date(), {parts(name): number for name, number in fresh.items()})
            looked = look(connection, self._clock.now(), self._limits, self._ways)
        self._kept = ends
        return looked

    async def tell(self) -> list[Told]:
        """Tell the operator what is still to be told; see `telling.Teller`."""
        told = await self._teller.tell()
        self._measures.told.update((each.telling.way.value, each.state) for each in told)
        return told
