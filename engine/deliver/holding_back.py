"""Which deliveries to come wait for answers that are not revealed yet."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from sqlalchemy import Connection

from engine.deliver.definitions import Definitions
from engine.plan.draw import slot_key
from engine.plan.waiting import awaited
from engine.store.facts import Facts
from engine.store.waiting import revealed

K = TypeVar("K")
Answers = tuple[int, str, int]  # enrollment, step, occurrence
NONE: Mapping[tuple[int, int], str] = {}


def held(connection: Connection, asked: Mapping[K, Answers]) -> dict[K, str]:
    """The slot (step/occurrence) that each of `asked` has to wait for; what is revealed is waited for no longer."""
    known = revealed(connection, asked.values()) if asked else set()
    return {
        key: slot_key(step, occurrence, None)
        for key, (enrollment, step, occurrence) in asked.items()
        if (enrollment, step, occurrence) not in known
    }


def held_places(
    connection: Connection, definitions: Definitions, found: Sequence[Facts]
) -> Mapping[tuple[int, int], str]:
    """The same for places that have fallen due, by enrollment and partner. Free where no step of theirs ever waits."""
    if not any(definitions.get(connection, digest).waiting for digest in {place.digest for place in found}):
        return NONE
    asked = {}
    for place in found:
        definition = definitions.get(connection, place.digest)
        _, step = definition.steps[place.next_step]
        answers = awaited(definition.campaign, step, place.next_occurrence, place.start.weekday())
        if answers:
            asked[place.enrollment_id, place.partner_id] = (place.enrollment_id, *answers)
    return held(connection, asked)
