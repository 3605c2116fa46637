"""One script and its record, with what the rules look up in them; and what a rule says when it is broken."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from fuzz.model_calendar import Key, Settings, falls, keys
from fuzz.model_life import Life
from fuzz.record import Accepted, Intent, Record
from fuzz.script import Course, Kind, Person, Script, Step

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that was broken: which, how in words, and the `n` at which (-1: at the end)."""

    rule: str
    text: str
    n: int = -1


class Case:
    """What the rules ask. Nothing here judges."""

    def __init__(self, script: Script, record: Record) -> None:
        self.script, self.record, self.life = script, record, Life(script, record)
        self.rows: dict[int, Row] = {row["id"]: row for row in (*record.forgotten, *record.rows)}
        self.person_of = {row: number for number, row in record.partners.items()}
        self.intents: dict[int, list[Intent]] = defaultdict(list)
        for intent in record.intents:
            self.intents[intent.delivery].append(intent)
        self.accepted: dict[int, list[Accepted]] = defaultdict(list)
        for each in record.accepted:
            self.accepted[each.delivery].append(each)
        self.starts: dict[int, date] = {}
        self.joined: dict[int, tuple[int, bool]] = {}  # by couple: the n of it, and whether it was told
        for happening, done in self.life.done:
            if happening.kind is Kind.JOIN and happening.who is not None:
                self.starts[happening.who] = date.fromisoformat(happening.detail["start"])
                told = done.told or self.joined.get(happening.who, (0, False))[1]
                told = told and not self.life.forgot(done)
                self.joined[happening.who] = done.n, told
        self._digests = {row["id"]: row["digest"] for row in record.tables.get("enrollments", ())}

    def put_back_after(self, at: float) -> bool:
        """Whether the store was put back to what it was before that instant, or about it."""
        return any(begin <= at <= end for begin, end, _ in self.life.restored)

    def planned(self, row: Row) -> bool:
        """Whether it is a campaign's, and no notice."""
        return row["enrollment_id"] in self.record.enrollments

    def person(self, row: Row) -> Person | None:
        """Whose it is."""
        number = self.person_of.get(row["partner_id"])
        return None if number is None else self.life.people[number]

    def intent_of(self, accepted: Accepted) -> Intent | None:
        """The intent that an acceptance goes back to: the last before its hand-over began."""
        before = [each for each in self.intents[accepted.delivery] if each.n <= accepted.asked]
        return before[-1] if before else None

    def courses(self, row: Row) -> list[Course]:
        """The versions that a delivery may be of: the one that its digest names, else any."""
        digest = row.get("digest") or self._digests.get(row["enrollment_id"])
        number = self.record.courses.get(digest) if digest else None
        return list(self.script.courses) if number is None else [self.script.courses[number]]

    @cached_property
    def slots(self) -> Mapping[int, Mapping[Key, list[tuple[Course, Step]]]]:
        """By person: every occurrence that any version has for them, with the versions that have it."""
        found: dict[int, dict[Key, list[tuple[Course, Step]]]] = {}
        for person in self.script.people:
            mine: dict[Key, list[tuple[Course, Step]]] = defaultdict(list)
            start = self.starts.get(person.couple)
            for course in self.versions if start is not None else ():
                for key, step in keys(course, start, person.position):  # type: ignore[arg-type]
                    mine[key].append((course, step))
            found[person.number] = mine
        return found

    @cached_property
    def versions(self) -> list[Course]:
        """The campaign at first and what it may have become."""
        numbers = [0, *(happening.detail["course"] for _, happening in self.life.edits)]
        return [self.script.courses[number] for number in dict.fromkeys(numbers)]

    def instants(self, person: Person, key: Key, ways: frozenset[Settings], n: int) -> set[float]:
        """All instants at which that occurrence may fall for a person who is set in one of these ways, as of `n`."""
        start = self.starts[person.couple]
        return {
            falls(course, step, key[1], start, way, zone)
            for course, step in self.slots[person.number].get(key, ())
            for way in ways
            for zone in self.life.zones(way.zone, n)
        }

    def of_kind(self, *kinds: Kind) -> Iterator[tuple[float, float]]:
        """When happenings of these kinds were in force, as far as their script says: from, until."""
        for happening in self.script.happenings:
            if happening.kind in kinds:
                yield happening.at, float(happening.detail.get("until", happening.at))

    @cached_property
    def troubles(self) -> list[tuple[float, float]]:
        """When the machine, the store or a provider was not as it should be, or may not have been: from, until."""
        return [
            *self.of_kind(Kind.AWAY, Kind.OUTAGE, Kind.SECOND, Kind.STALL, Kind.SKEW, Kind.CRASH, Kind.STORE_FAULT),
            *self.of_kind(Kind.RESTORE, Kind.EDIT, Kind.RESOLVE, Kind.ZONES),
            *((at, at) for at in self.record.troubled),
        ]

    def troubled(self, begin: float, end: float, lasting: float = 0.0, *, at_random: bool = True) -> bool:
        """Whether anything of that kind was so between these instants, or so long after it.

        What goes wrong with hand-overs `at_random` counts as trouble all the time.
        """
        if at_random and any(self.script.rates.values()):
            return True
        return any(since <= end and until + lasting >= begin for since, until in self.troubles)

    def befell(self, begin: float, end: float) -> bool:
        """Whether anything truly befell a process or the store between these instants."""
        return any(begin <= at <= end for at in self.record.troubled)

    def met(self, row: Row, *fates: str) -> bool:
        """Whether a hand-over of this delivery went wrong in one of these ways."""
        return not self.record.fates.get(row["id"], frozenset()).isdisjoint(fates)

    def happened(self, kind: Kind, **detail: object) -> bool:
        """Whether something of the kind was acted out, told of or not."""
        return any(
            happening.kind is kind and all(happening.detail.get(name) == value for name, value in detail.items())
            for happening, _ in self.life.done
        )
