"""The independent check: what the sink's file and the store's rows say once everything has come to rest."""

from collections import Counter
from collections.abc import Container
from dataclasses import dataclass

from faults.place import Place

DOUBTED = """
SELECT DISTINCT ON (d.delivery_id) d.delivery_id, d.owner, deliveries.detail
FROM doubted d JOIN deliveries ON deliveries.id = d.delivery_id AND deliveries.status = 'in_doubt'
ORDER BY d.delivery_id, d.id DESC
"""
SILENT = "The worker stopped"
"""How the detail of a doubt begins where a lease ran out; who sleeps past it and wakes says then what it was."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many deliveries there are, and what is wrong with them."""

    rows: int
    statuses: Counter[str]
    lost: int  # neither accepted nor in doubt, or in no final status
    twice: int  # accepted by the sink more than once
    untrue: int  # said to be sent and never accepted, or accepted and said to be something else than sent or in doubt
    early: int  # accepted before they were due
    in_doubt: int
    doubted_and_accepted: int
    orphaned: int  # in doubt because its worker was silent, and its worker was not killed
    unanswered: int  # in doubt because the sink did not answer

    @property
    def right(self) -> bool:
        """Whether no delivery was lost, doubled, early or told wrongly."""
        return not any((self.lost, self.twice, self.untrue, self.early))

    @property
    def spotless(self) -> bool:
        """Whether, besides, nothing at all is in doubt."""
        return self.right and not self.in_doubt

    def __str__(self) -> str:
        return (
            f"{self.rows} deliveries: {dict(self.statuses)}; lost {self.lost}, accepted twice {self.twice}, "
            f"untrue {self.untrue}, early {self.early}, in doubt {self.in_doubt}, "
            f"of which accepted {self.doubted_and_accepted}; not of a killed process {self.orphaned}, "
            f"not answered by the relay {self.unanswered}"
        )


def count(place: Place, killed: Container[int] = ()) -> Count:
    """Count now. Every delivery of these tests is one that should be sent; `killed` are processes' ids."""
    lines = place.sink.accepted()
    accepted = Counter(line.delivery_id for line in lines)
    rows = place.ask("SELECT id, status, due_at FROM deliveries")
    became = {number: status for number, status, _ in rows}
    due = {number: millis / 1000 for number, _, millis in rows}
    sent = {number for number, status in became.items() if status == "sent"}
    doubted = {number for number, status in became.items() if status == "in_doubt"}
    silent = _silent(place)
    return Count(
        rows=len(became),
        statuses=Counter(became.values()),
        lost=place.size.deliveries - len(sent | doubted),
        twice=sum(times > 1 for times in accepted.values()),
        untrue=len(sent - accepted.keys()) + len(accepted.keys() - sent - doubted),
        early=sum(line.at < due[line.delivery_id] for line in lines if line.delivery_id in due),
        in_doubt=len(doubted),
        doubted_and_accepted=len(doubted & accepted.keys()),
        orphaned=sum(owner not in killed for owner in silent.values()),
        unanswered=len(doubted - silent.keys()),
    )


def owners(place: Place) -> set[int]:
    """The processes that had what is in doubt because they were silent."""
    return set(_silent(place).values())


def _silent(place: Place) -> dict[int, int]:
    """Deliveries that are in doubt because their worker was silent, and the id of its process."""
    return {number: int(owner.split(":")[1]) for number, owner, detail in place.ask(DOUBTED) if SILENT in detail}


def resting(place: Place) -> bool:
    """Whether nothing is left to plan, to claim or to send, and no lease runs."""
    left = "SELECT count(*) FROM deliveries WHERE status NOT IN ('sent', 'skipped', 'failed', 'in_doubt', 'cancelled')"
    there = place.ask(f"SELECT (SELECT count(*) FROM deliveries), ({left})")[0]
    return there == (place.size.deliveries, 0)
