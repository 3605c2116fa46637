"""What stood against sending to whom and when, by what people and the operator were told was done.

An act counts for certain from the `n` at which its author was told so. It may count from the instant at which it was
begun, and for good if nobody was told: a process may have died behind its commit, or a call may come again.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from fuzz.model_calendar import Settings, at_first
from fuzz.record import Done, Record
from fuzz.script import Happening, Kind, Person, Script

Target = tuple[str, object]
"""What is barred, or has come about: ("in", couple), ("suppressed", address), ("paused", person),
("pause of both", couple), ("left", person), ("split", couple), ("stopped", couple), ("held", None)."""
WEEKDAYS = "mon", "tue", "wed", "thu", "fri", "sat", "sun"
ABOUT = 2.0  # seconds: what was done at the very instant of a copy may be in it
MOST_WAYS = 64  # in which a person may be set, when many changes were not told of


@dataclass(frozen=True, slots=True)
class Bar:
    """Something that begins or ends to stand against sending. `since` is when it may have, `n` from where it has."""

    n: int
    since: float
    at: float
    on: bool
    told: bool
    until: float | None = None
    lost: int | None = None  # the `n` of a restore that knows nothing of it
    firm: bool = False  # nobody but the operator takes it back

    def sure(self, n: int) -> bool:
        """Whether its author was told, and the store still knew of it when `n` happened."""
        return self.told and (self.lost is None or n <= self.lost)


@dataclass(frozen=True, slots=True)
class Set:
    """How a person may be set from `n` on, which is at `at`, and from `since` at the earliest."""

    n: int
    since: float
    ways: frozenset[Settings]
    at: float = float("-inf")


class Life:
    """The acts of one record, in order, and what follows from them."""

    def __init__(self, script: Script, record: Record) -> None:
        self.people = {person.number: person for person in script.people}
        seats = {(each.couple, each.position): each for each in script.people}
        self._others = {each.number: seats.get((each.couple, 3 - each.position)) for each in script.people}
        self.done = _told(script, record)
        self.bars: dict[Target, list[Bar]] = defaultdict(list)
        self.sets = {person.number: [Set(-1, float("-inf"), frozenset({at_first(person)}))] for person in script.people}
        self.rules: list[tuple[Done, str, str]] = []  # a zone that follows another's rules from then
        self.edits: list[tuple[Done, Happening]] = []
        self.skew = 0.0
        self.restored: list[tuple[float, float, int]] = []  # what was done from, until; the `n` from which it is lost
        for happening, done in self.done:
            act = _ACTS.get(happening.kind)
            if act is not None:
                act(self, happening, done)
            elif happening.kind is Kind.SKEW:
                self.skew = max(self.skew, abs(float(happening.detail["seconds"])))

    def address(self, person: int, channel: str) -> str | None:
        """The person's address on a channel; a text and a WhatsApp message go to the phone."""
        found = self.people[person]
        return found.email if channel == "email" else found.phone

    def other(self, person: int) -> Person | None:
        """The other partner of their couple."""
        return self._others.get(person)

    def certainly(self, target: Target, n: int, at: float) -> bool:
        """Whether it was barred for certain when `n` happened, at that instant."""
        firm, until, on = False, 0.0, False
        for bar in self.bars.get(target, ()):
            if bar.n >= n:
                break
            if not bar.on:
                on = False
            elif bar.sure(n):
                firm |= bar.firm
                on, until = True, _or_ever(bar.until)
            else:
                until = min(until, _or_ever(bar.until))
        return firm or (on and at < until)

    def possibly(self, target: Target, begin: float, end: float) -> bool:
        """Whether it may have been barred at any instant from `begin` to `end`."""
        bars = self.bars.get(target, ())
        for place, bar in enumerate(bars):
            if not bar.on or bar.since > end:
                continue
            lifts = (later.at for later in bars[place + 1 :] if not later.on and later.told and later.lost is None)
            lifted = min(lifts, default=None)
            if bar.firm or not bar.told:
                lifted = None
            if min(_or_ever(bar.until), _or_ever(lifted)) >= begin:
                return True
        return False

    def forgot(self, done: Done) -> bool:
        """Whether a restore knows nothing of it, or may not."""
        return any(begin <= done.at <= end and done.n < n for begin, end, n in self.restored)

    def is_here(self, person: Person, n: int, at: float) -> bool:
        """Whether they have come in for certain by `n`, and cannot have gone."""
        gone = ("left", person.number), ("split", person.couple)
        came = self.certainly(("in", person.couple), n, at)
        return came and not any(self.possibly(each, float("-inf"), at) for each in gone)

    def may_be_here(self, person: Person, n: int, at: float) -> bool:
        """Whether they may have come in by `n`, and not gone."""
        came = self.possibly(("in", person.couple), float("-inf"), at)
        return came and not self.certainly(("left", person.number), n, at)

    def ways(self, person: int, n: int) -> frozenset[Settings]:
        """How they may have been set when `n` happened."""
        return next(each.ways for each in reversed(self.sets[person]) if each.n < n)

    def ways_until(self, person: int, n: int) -> frozenset[Settings]:
        """All the ways in which they may have been set before `n`, or by an act that was on its way then."""
        at = max((each.since for each in self.sets[person] if each.n < n), default=float("-inf"))
        return frozenset(way for each in self.sets[person] if each.n < n or each.since <= at for way in each.ways)

    def ways_since(self, person: int, at: float) -> frozenset[Settings]:
        """All the ways in which they may have been set at that instant or later."""
        sets = self.sets[person]
        now = max((place for place, each in enumerate(sets) if each.at < at), default=0)
        return frozenset(way for each in sets[now:] for way in each.ways)

    def zones(self, zone: str, n: int) -> set[str]:
        """The zones whose rules `zone` followed at `n` or at any time before."""
        return {zone} | {like for done, name, like in self.rules if name == zone and done.n < n}

    def zones_now(self, zone: str, n: int) -> str:
        """The zone whose rules `zone` followed at `n`."""
        return next((like for done, name, like in reversed(self.rules) if name == zone and done.n < n), zone)


def _told(script: Script, record: Record) -> list[tuple[Happening, Done]]:
    """Each happening with what was said of it, in the order of saying."""
    by_number = {each.number: each for each in script.happenings}
    return sorted(((by_number[each.happening], each) for each in record.done), key=lambda pair: pair[1].n)


def _or_ever(until: float | None) -> float:
    return float("inf") if until is None else until


def _bar(life: Life, target: Target, happening: Happening, done: Done, on: bool, **more: Any) -> None:
    life.bars[target].append(Bar(done.n, min(happening.at, done.at), done.at, on, done.told, **more))


def _suppresses(channel: str | None, *, firm: bool) -> Callable[[Life, Happening, Done], None]:
    def act(life: Life, happening: Happening, done: Done) -> None:
        address = life.address(_who(happening), channel or happening.detail["channel"])
        if address is not None:
            _bar(life, ("suppressed", address), happening, done, True, firm=firm)

    return act


def _starts(life: Life, happening: Happening, done: Done) -> None:
    """START takes back a STOP of the phone and ends the pauses of those who have it, if one of them, who has come in
    and not left, agreed to texts.
    """
    address = life.address(_who(happening), "sms")
    owners = [each for each in life.people.values() if address is not None and each.phone == address]
    agreed = [each for each in owners if "sms" in each.consents]
    if not any(life.may_be_here(each, done.n, done.at) for each in agreed):
        return
    told = done.told and any(life.is_here(each, done.n, done.at) for each in agreed)
    for target in (("suppressed", address), *(("paused", each.number) for each in owners)):
        _bar(life, target, happening, replace(done, told=told), False)


def _resumes(life: Life, happening: Happening, done: Done) -> None:
    """Whose phone was stopped may mean START by it."""
    _bar(life, ("paused", _who(happening)), happening, done, False)
    address = life.address(_who(happening), "sms")
    if address is not None:
        _bar(life, ("suppressed", address), happening, replace(done, told=False), False)


def _bars(word: str, *, couple: bool, on: bool = True) -> Callable[[Life, Happening, Done], None]:
    def act(life: Life, happening: Happening, done: Done) -> None:
        who: object = _couple_of(life, happening) if couple else _who(happening)
        _bar(life, (word, who), happening, done, on, until=happening.detail.get("until") if on else None)

    return act


def _erases(life: Life, happening: Happening, done: Done) -> None:
    who = _who(happening)
    _bar(life, ("left", who), happening, done, True)
    _bar(life, ("erased", who), happening, done, True)
    other = life.other(who)
    for channel in ("email", "sms"):
        address = life.address(who, channel)
        # One that the other has as well is theirs too.
        if address is not None and (other is None or life.address(other.number, channel) != address):
            _bar(life, ("suppressed", address), happening, done, True)


def _holds(on: bool) -> Callable[[Life, Happening, Done], None]:
    return lambda life, happening, done: _bar(life, ("held", None), happening, done, on)


def _restores(life: Life, happening: Happening, done: Done) -> None:
    """What was done since the copy was made is not in it: nobody can be told by it; and all is held until confirmed."""
    lost = float(happening.detail["of"]) - ABOUT, done.at, done.n
    life.restored.append(lost)
    for target, bars in life.bars.items():
        life.bars[target] = [
            replace(bar, lost=done.n) if bar.lost is None and lost[0] <= bar.at <= lost[1] else bar for bar in bars
        ]
    for sets in life.sets.values():
        place = max(number for number, each in enumerate(sets) if number == 0 or each.since < lost[0])
        ways = frozenset(way for each in sets[place:] for way in each.ways)
        sets.append(Set(done.n, done.at, frozenset(sorted(ways, key=repr)[:MOST_WAYS])))
    _bar(life, ("held", None), happening, done, True)


def _changes(life: Life, happening: Happening, done: Done) -> None:
    sets = life.sets[_who(happening)]
    before = sets[-1].ways
    changed = frozenset(replace(way, **_read(happening.detail)) for way in before)
    ways = changed if done.told else before | changed
    sets.append(Set(done.n, min(happening.at, done.at), frozenset(sorted(ways, key=repr)[:MOST_WAYS]), done.at))


def _read(detail: Mapping[str, Any]) -> dict[str, Any]:
    """What a change says, as settings have it."""
    said = {
        name: detail[name] for name in ("channel", "zone", "send_at", "reach_from", "reach_until") if name in detail
    }
    for name in ("reach_from", "reach_until"):
        if said.get(name) in ("", "any"):
            said[name] = None
    if "reach_days" in detail:
        said["days"] = frozenset(_days(detail["reach_days"]))
    return said


def _days(said: Any) -> Iterator[int]:
    if isinstance(said, str):
        said = [each for each in said.replace(",", " ").split() if each != "any"]
    for each in said or ():
        yield WEEKDAYS.index(each[:3].lower()) if isinstance(each, str) else int(each)


def _zones(life: Life, happening: Happening, done: Done) -> None:
    life.rules.append((done, happening.detail["zone"], happening.detail["like"]))


def _edits(life: Life, happening: Happening, done: Done) -> None:
    life.edits.append((done, happening))


def _who(happening: Happening) -> int:
    if happening.who is None:
        raise ValueError(f"happening {happening.number} is nobody's")
    return happening.who


def _couple_of(life: Life, happening: Happening) -> int:
    """People's acts are a person's, the operator's on both are a couple's."""
    who = _who(happening)
    return life.people[who].couple if happening.kind.startswith("people.") else who


_ACTS: Mapping[Kind, Callable[[Life, Happening, Done], None]] = {
    Kind.JOIN: lambda life, happening, done: _bar(life, ("in", happening.who), happening, done, True),
    Kind.STOP: _suppresses("sms", firm=False),
    Kind.START: _starts,
    Kind.UNSUBSCRIBE: _suppresses("email", firm=False),
    Kind.BOUNCE: _suppresses("email", firm=True),
    Kind.COMPLAIN: _suppresses("email", firm=True),
    Kind.SUPPRESS: _suppresses(None, firm=True),
    Kind.PAUSE: _bars("paused", couple=False),
    Kind.RESUME: _resumes,
    Kind.PAUSE_COUPLE: _bars("pause of both", couple=True),
    Kind.RESUME_COUPLE: _bars("pause of both", couple=True, on=False),
    Kind.LEAVE: _bars("left", couple=False),
    Kind.ERASE: _erases,
    Kind.SPLIT: _bars("split", couple=True),
    Kind.STOP_COUPLE: _bars("stopped", couple=True),
    Kind.HOLD: _holds(on=True),
    Kind.RELEASE: _holds(on=False),
    Kind.RESTORE: _restores,
    Kind.CONFIRM: _holds(on=False),
    Kind.CHANGE: _changes,
    Kind.ZONES: _zones,
    Kind.EDIT: _edits,
}
