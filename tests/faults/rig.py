"""A place with processes that work in it, for one test or one benchmark."""

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

import psycopg
from faults.count import Count, count, owners, resting
from faults.hands import Hands, awake, children, ours
from faults.place import Place, Size

from engine.model.job import Job

PATIENCE_SECONDS = 60
"""How long a process that wakes may take to say what it did with its batch."""


class Rig:
    """A place and its hands. `unknowable`: how many deliveries faults other than killing may leave in doubt."""

    def __init__(self, place: Place, *, hurried: bool) -> None:
        self.place = place
        self.hands = Hands(place, hurried=hurried)
        self.unknowable = 0

    def sent(self, part: float) -> bool:
        """Whether the sink has accepted this part of all deliveries."""
        return len(self.place.sink.accepted()) >= part * self.place.size.deliveries

    def go_on(self, part: float) -> None:
        """Wait until the sink has accepted this part of all deliveries."""
        self.hands.until(lambda: self.sent(part))

    def clients(self) -> set[str]:
        """The names of the processes from which the sink has accepted anything."""
        return {line.client.partition(".")[0] for line in self.place.sink.accepted()}

    def last_client(self) -> str:
        """Who sent the last that the sink accepted."""
        return self.place.sink.accepted()[-1].client.partition(".")[0]

    def ready(self, workers: int) -> bool:
        """Whether so many workers take jobs, of each kind."""
        return self.place.ask("SELECT count(*) FROM procrastinate_workers")[0][0] >= workers * len(Job)

    def working(self) -> list[int]:
        """The processes that send, but for the parents of crews."""
        hands = [*self.hands.called("worker"), *self.hands.called("run")]
        return [pid for hand in hands for pid in children(hand.pid) or [hand.pid]]

    def order(self, statement: str) -> None:
        """Change the store behind the engine's back; nothing happens where it cannot be reached."""
        with suppress(psycopg.Error):
            self.place.ask(statement)

    def hasten(self) -> None:
        """Let what is to be tried again go at once."""
        self.place.ask("UPDATE deliveries SET send_at = due_at WHERE status = 'planned'")

    def settle(self, seconds: float = 300) -> Count:
        """Wait until everything has come to rest, then count."""
        self.hands.until(lambda: self.hands.whole and resting(self.place), seconds)
        with suppress(TimeoutError):  # it is counted then
            self.hands.until(self._nobody_knows, PATIENCE_SECONDS)
        self.hands.until(lambda: resting(self.place), seconds)
        return count(self.place, self.hands.killed)

    def _nobody_knows(self) -> bool:
        """Whether none of those is awake who had what is in doubt: one that woke past its lease still says."""
        return not any(awake(pid) for pid in owners(self.place) & ours(self.place))

    def settle_all(self, seconds: float = 300) -> Count:
        """The same, where nothing is to stay in doubt: who waited to record what left may come later than its lease."""
        self.hands.until(lambda: self.hands.whole and resting(self.place) and not self.place.ask(DOUBTED), seconds)
        return count(self.place)

    @property
    def most_in_doubt(self) -> int:
        """How many deliveries the faults can explain in doubt: of a killed process, the batch that it was sending."""
        return len(self.hands.killed) * self.place.size.batch + self.unknowable

    def fair(self, counted: Count) -> bool:
        """Whether nothing was lost, doubled, early or told wrongly, and nothing is in doubt but by a fault: by the
        death of the process that was sending it, no more of each than a batch, or of the sink."""
        return (
            counted.right
            and not counted.orphaned
            and counted.unanswered <= self.unknowable
            and counted.in_doubt <= self.most_in_doubt
        )


DOUBTED = "SELECT id FROM deliveries WHERE status = 'in_doubt' LIMIT 1"


@contextmanager
def rig(size: Size, *, hurried: bool = True) -> Iterator[Rig]:
    """A rig that is gone afterwards, with all its processes."""
    folder = Path(mkdtemp(prefix="rekindle-faults-"))
    with closing(Place(folder, size)) as place:
        made = Rig(place, hurried=hurried)
        try:
            yield made
        finally:
            made.hands.end()
