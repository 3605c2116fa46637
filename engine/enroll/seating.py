"""Decides what becomes of each row of a batch: take a seat in its couple, be known already, or be turned away.

Pure: who is stored already is an argument, and nothing here reads or writes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.enroll.bad_value import BadValue
from engine.enroll.reading import Candidate
from engine.store.joining import Arrival, Person

SEATS = (1, 2)


@dataclass(frozen=True, slots=True)
class Known:
    """This person is in this couple already, in all that the row says."""


Decision = Arrival | Known | BadValue


class Seating:
    """The couples of a batch as they fill up. `people` and `owners` are what is stored, by couple and by address."""

    def __init__(self, people: Mapping[str, Sequence[Person]], owners: Mapping[bytes, str]) -> None:
        self._people = {ref: list(seated) for ref, seated in people.items()}
        self._owners = dict(owners)

    def decide(self, candidate: Candidate) -> Decision:
        """What becomes of this row, given all that came before it."""
        row, kept = candidate.row, candidate.addresses
        seated = self._people.get(row.ref, [])
        for person in seated:
            if _same(person, candidate):
                differing = _differences(person, candidate)
                return _differs(differing) if differing else Known()
        indexes = [index for index in (kept.email_index, kept.phone_index) if index is not None]
        for index in indexes:
            owner = self._owners.get(index, row.ref)
            if owner != row.ref:
                what = "email address" if index == kept.email_index else "phone number"
                return BadValue(
                    f"Its {what} belongs to couple {owner!r}.", "A person is in one couple: check the couple's name."
                )
        taken = {person.position for person in seated}
        free = [seat for seat in SEATS if seat not in taken]
        if not free:
            return BadValue(
                f"Couple {row.ref!r} already has two partners, and this is neither.", "Check the couple's name."
            )
        for index in indexes:
            self._owners[index] = row.ref
        self._people.setdefault(row.ref, seated).append(_person(candidate, free[0]))
        return Arrival(row.ref, row.partner, kept, free[0])


def _person(candidate: Candidate, position: int) -> Person:
    partner = candidate.row.partner
    return Person(
        position,
        partner.given_name,
        candidate.addresses.email_index,
        candidate.addresses.phone_index,
        partner.timezone,
        partner.locale,
        partner.channel,
        partner.send_at,
        partner.causes,
    )


def _same(person: Person, candidate: Candidate) -> bool:
    """One name and one address in common: two people may share a phone, or a name, but hardly both in one couple."""
    if person.given_name != candidate.row.partner.given_name:
        return False
    email, phone, *_ = candidate.addresses
    return (email is not None and person.email_index == email) or (phone is not None and person.phone_index == phone)


def _differences(person: Person, candidate: Candidate) -> list[str]:
    """What the row says otherwise than the store, by column."""
    says = _person(candidate, person.position)
    if says == person:
        return []
    columns = {"email": "email_index", "phone": "phone_index"}
    names = ("email", "phone", "timezone", "locale", "channel", "send_at", "causes")
    return [name for name in names if getattr(says, key := columns.get(name, name)) != getattr(person, key)]


def _differs(columns: list[str]) -> BadValue:
    return BadValue(
        f"This partner is here already, with another {', '.join(columns)}.",
        "Nothing was changed: it may be the partner's own wish. Take the row out, or make it agree.",
    )
