"""Who was given which arm: written once, with the enrollment, and never changed."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, Float, Integer, String, bindparam, func, select, true

from engine.model.experiment import Assigned
from engine.store.operating_schema import assignments
from engine.store.portable import insert
from engine.store.rowset import rows, rowset
from engine.store.types import Instant

_given = rowset(
    "given",
    enrollment_id=Integer,
    step=String,
    arm=String,
    probability=Float,
    stratum=String,
    place=Integer,
)
_keep = (
    insert(assignments)
    .from_select(
        [*_given.c.keys(), "campaign", "at"],
        # With a condition, or SQLite takes ON CONFLICT for a join's ON.
        select(*_given.c, bindparam("campaign", type_=String), bindparam("at", type_=Instant)).where(true()),
    )
    .on_conflict_do_nothing()
)


def keep(connection: Connection, campaign: str, given: Mapping[int, Sequence[Assigned]], at: datetime) -> None:
    """Log the arms of enrollments, by enrollment. Of a step that an enrollment has an arm of, the first one stays."""
    found = [
        (enrollment, each.step, each.arm, each.probability, each.stratum, each.place)
        for enrollment, arms in given.items()
        for each in arms
    ]
    if found:
        connection.execute(_keep, {"given": rows(found), "campaign": campaign, "at": at})


_last = select(func.max(assignments.c.place)).where(
    assignments.c.campaign == bindparam("campaign"),
    assignments.c.step == bindparam("step"),
    assignments.c.stratum == bindparam("stratum"),
    assignments.c.place.is_not(None),  # so that the index is used
)


class Places:
    """The next places in the strata of a campaign, in one transaction that writes: each is given once."""

    def __init__(self, connection: Connection, campaign: str) -> None:
        self._connection = connection
        self._campaign = campaign
        self._next: dict[tuple[str, str], int] = {}

    def __call__(self, step: str, stratum: str) -> int:
        """The next one, from 0."""
        key = (step, stratum)
        if key not in self._next:
            asked = {"campaign": self._campaign, "step": step, "stratum": stratum}
            last = self._connection.execute(_last, asked).scalar()
            self._next[key] = 0 if last is None else last + 1
        self._next[key] += 1
        return self._next[key] - 1
