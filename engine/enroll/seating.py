"""Decides what becomes of each row of a batch: take a seat in its couple, be known already, or be turned away.

Pure: who is stored already is an argument, and nothing here reads or writes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.enroll.bad_value import BadValue
from engine.enroll.rows import Row
from engine.model.couple import NewPartner
from engine.store.joining import Arrival, Person

SEATS = (1, 2)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row with the hashes its addresses are looked up by, and its cells as they were, in case it is turned away."""

    row: Row
    cells: list[str]
    email_index: bytes | None
    phone_index: bytes | None


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
        row, partner = candidate.row, candidate.row.partner
        seated = self._people.get(row.ref, [])
        for person in seated:
            if _same(person, candidate):
                differing = _differences(person, candidate)
                return _differs(differing) if differing else Known()
        addresses = [index for index in (candidate.email_index, candidate.phone_index) if index is not None]
        for index in addresses:
            owner = self._owners.get(index, row.ref)
            if owner != row.ref:
                what = "email address" if index == candidate.email_index else "phone number"
                return BadValue(
                    f"Its {what} belongs to couple {owner!r}.", "A person is in one couple: check the couple's name."
                )
        taken = {person.position for person in seated}
        free = [seat for seat in SEATS if seat not in taken]
        if not free:
            return BadValue(
                f"Couple {row.ref!r} already has two partners, and this is neither.", "Check the couple's name."
            )
        for index in addresses:
            self._owners[index] = row.ref
        self._people.setdefault(row.ref, seated).append(
            _person(partner, free[0], candidate.email_index, candidate.phone_index)
        )
        return Arrival(row.ref, partner, candidate.email_index, candidate.phone_index, free[0])


def _person(partner: NewPartner, position: int, email_index: bytes | None, phone_index: bytes | None) -> Person:
    return Person(
        position,
        partner.given_name,
        email_index,
        phone_index,
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
    by_email = candidate.email_index is not None and person.email_index == candidate.email_index
    return by_email or (candidate.phone_index is not None and person.phone_index == candidate.phone_index)


def _differences(person: Person, candidate: Candidate) -> list[str]:
    """What the row says otherwise than the store, by column."""
    says = _person(candidate.row.partner, person.position, candidate.email_index, candidate.phone_index)
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
