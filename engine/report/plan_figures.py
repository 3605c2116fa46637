"""The planner's figures, counted couple by couple; those of different couples add up, in any order, to those of all."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import NamedTuple

from engine.clock import UnknownZone
from engine.model.campaign import Campaign
from engine.model.delivery import DeliveryStatus
from engine.plan.calendar import DAYS
from engine.plan.local import at, wall_time, week_start
from engine.report.plan_clocks import Change, Clocks
from engine.report.plan_rows import Person, Row

EXAMPLES = 3  # couples named beside a reason
LONGEST = 5  # couples named for their silence, or for their density
MICROS = 1_000_000  # of the currency's unit: as costs are kept
HOUR, QUARTER, DAY = 3_600_000, 900_000, 86_400_000
SENT, SKIPPED, FAILED = DeliveryStatus.SENT.value, DeliveryStatus.SKIPPED.value, DeliveryStatus.FAILED.value

Example = tuple[int, str]  # (couple id, ref)
Slot = tuple[int, str, int]  # (partner's position, step, occurrence)


class End(NamedTuple):
    """What one delivery came to: enough to see whether another run changes it. `at` is in milliseconds."""

    at: int
    channel: str
    activity: str | None
    status: str
    reason: str | None


class Silence(NamedTuple):
    """So long did a couple hear nothing: `hours`, from one message of either partner (or the start) to the next
    (or the end), on the first partner's calendar.
    """

    hours: int
    couple_id: int
    ref: str
    since: str
    until: str


class Dense(NamedTuple):
    """So many messages did the two of a couple get in one calendar week, from its Monday on."""

    messages: int
    couple_id: int
    ref: str
    week_of: date


@dataclass
class Money:
    """Messages that went, the parts they are charged for, and their price in millionths of the currency."""

    messages: int = 0
    segments: int = 0
    micros: int = 0


@dataclass
class Figures:
    """All that the planner shows of one run, as counts. Hours are 0 to 23; days and hours are where they say."""

    couples: int = 0
    people: int = 0
    unheard: list[Example] = field(default_factory=list)  # couples that got nothing at all
    unheard_count: int = 0
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)  # (status, reason or "")
    utc: Counter[tuple[date, int]] = field(default_factory=Counter)
    local: Counter[tuple[date, int]] = field(default_factory=Counter)
    zones: Counter[tuple[str, int]] = field(default_factory=Counter)  # (zone, local hour)
    dwellers: Counter[str] = field(default_factory=Counter)  # people by zone
    money: dict[tuple[str, int], Money] = field(default_factory=dict)  # (channel, week)
    skips: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # (status, reason, step)
    examples: dict[tuple[str, str, str], list[Example]] = field(default_factory=dict)
    moves: Counter[tuple[str, str]] = field(default_factory=Counter)  # (why, sent or what else became of it)
    silences: list[Silence] = field(default_factory=list)
    dense: list[Dense] = field(default_factory=list)
    silence_days: Counter[int] = field(default_factory=Counter)  # couples by their longest silence in whole days
    dense_weeks: Counter[int] = field(default_factory=Counter)  # couples by the messages of their densest week
    strategies: Counter[str] = field(default_factory=Counter)
    least: dict[str, tuple[float, int, str]] = field(default_factory=dict)  # by strategy: (share, couple id, ref)
    most: dict[str, tuple[float, int, str]] = field(default_factory=dict)
    changes: dict[tuple[str, date], Change] = field(default_factory=dict)
    ends: dict[str, dict[Slot, End]] = field(default_factory=dict)  # by couple; only where they were asked for

    def add(self, other: "Figures") -> None:
        """Count the couples of `other`, none of which is counted here, as well."""
        for each in fields(self):
            mine, theirs = getattr(self, each.name), getattr(other, each.name)
            if isinstance(mine, int):
                setattr(self, each.name, mine + theirs)
            elif isinstance(mine, Counter):
                mine.update(theirs)
        for key, money in other.money.items():
            mine = self.money.setdefault(key, Money())
            mine.messages += money.messages
            mine.segments += money.segments
            mine.micros += money.micros
        for reason, examples in other.examples.items():
            self.examples[reason] = sorted({*self.examples.get(reason, ()), *examples})[:EXAMPLES]
        self.unheard = sorted({*self.unheard, *other.unheard})[:EXAMPLES]
        self.silences = longest([*self.silences, *other.silences])
        self.dense = densest([*self.dense, *other.dense])
        for name, (share, couple_id, ref) in other.least.items():
            self.least[name] = min(self.least.get(name, (2.0, 0, "")), (share, couple_id, ref))
        for name, (share, couple_id, ref) in other.most.items():
            before = self.most.get(name)
            if before is None or (share, -couple_id) > (before[0], -before[1]):
                self.most[name] = (share, couple_id, ref)
        for where, change in other.changes.items():
            self.changes.setdefault(where, Change(*where, change.by)).add(change)
        self.ends.update(other.ends)

    @property
    def deliveries(self) -> int:
        """All deliveries, whatever became of them."""
        return self.outcomes.total()

    @property
    def sent(self) -> int:
        """Messages that went."""
        return sum(number for (status, _), number in self.outcomes.items() if status == SENT)

    @property
    def total(self) -> Money:
        """What all of them come to."""
        return Money(*(sum(getattr(each, name.name) for each in self.money.values()) for name in fields(Money)))


def longest(silences: Iterable[Silence]) -> list[Silence]:
    """The longest first."""
    return sorted(silences, key=lambda each: (-each.hours, each.couple_id))[:LONGEST]


def densest(weeks: Iterable[Dense]) -> list[Dense]:
    """The densest first."""
    return sorted(weeks, key=lambda each: (-each.messages, each.couple_id, each.week_of))[:LONGEST]


class Counting:
    """Counts one couple after another into `figures`. `keep` keeps what each delivery came to, for comparisons."""

    def __init__(self, campaign: Campaign, *, keep: bool = False) -> None:
        self.figures = Figures()
        self._campaign = campaign
        self._strategy = {each.id: each.strategy for each in campaign.activities.values()}
        self._clocks = Clocks(campaign, self.figures.changes)
        self._keep = keep
        self._walls: dict[tuple[str, int], datetime] = {}

    def count(self, people: Sequence[Person], rows: Sequence[Row]) -> None:
        """One couple: its people and its deliveries."""
        figures, who = self.figures, (people[0].couple_id, people[0].ref)
        figures.couples += 1
        figures.people += len(people)
        figures.dwellers.update(person.timezone for person in people)
        went = [row for row in rows if row.status == SENT]
        weeks: Counter[date] = Counter()
        mine: Counter[str] = Counter()
        for row in rows:
            figures.outcomes[row.status, row.reason or ""] += 1
            if row.moved_because is not None:
                figures.moves[row.moved_because, row.status] += 1
            if row.status != SENT:
                self._not_sent(row, who)
        for row in went:
            wall = self._wall(row.at, row.timezone)
            day = _day(row.at)
            figures.utc[day, row.at // HOUR % 24] += 1
            figures.local[wall.date(), wall.hour] += 1
            figures.zones[row.timezone, wall.hour] += 1
            weeks[week_start(wall.date())] += 1
            money = figures.money.setdefault((row.channel, row.week), Money())
            money.messages += 1
            money.segments += row.parts
            money.micros += row.cost
            strategy = self._strategy.get(row.activity or "")
            if strategy is not None:
                mine[strategy] += 1
        self._density(who, weeks)
        self._silence(who, people[0], went)
        self._balance(who, mine)
        self._clocks.count(people, rows)
        if self._keep:
            figures.ends[who[1]] = {
                (row.position, row.step, row.occurrence): End(row.at, row.channel, row.activity, row.status, row.reason)
                for row in rows
            }

    def _not_sent(self, row: Row, who: Example) -> None:
        key = (row.status, row.reason or "", row.step)
        self.figures.skips[key] += 1
        examples = self.figures.examples.setdefault(key, [])
        if len(examples) < EXAMPLES and who not in examples:
            examples.append(who)

    def _density(self, who: Example, weeks: Counter[date]) -> None:
        if not weeks:
            return
        week, number = min(weeks.items(), key=lambda each: (-each[1], each[0]))
        self.figures.dense_weeks[number] += 1
        self.figures.dense = densest([*self.figures.dense, Dense(number, *who, week)])

    def _silence(self, who: Example, first: Person, went: Sequence[Row]) -> None:
        """From one message to the next, whichever of the two it goes to; from the start to the first, and so on."""
        if not went:
            self.figures.unheard_count += 1
            if len(self.figures.unheard) < EXAMPLES:
                self.figures.unheard.append(who)
        start, end = (_midnight(first, days) for days in (0, self._campaign.weeks * DAYS))
        moments = sorted({start, *(row.at for row in went), end})
        hours, since, until = max(((after - before) // HOUR, before, after) for before, after in pairwise(moments))
        self.figures.silence_days[hours // 24] += 1
        walls = (self._wall(each, first.timezone).isoformat(timespec="minutes") for each in (since, until))
        self.figures.silences = longest([*self.figures.silences, Silence(hours, *who, *walls)])

    def _balance(self, who: Example, mine: Counter[str]) -> None:
        self.figures.strategies.update(mine)
        drawn = mine.total()
        for name in self._campaign.strategies if drawn else ():
            share = mine[name] / drawn
            least, most = self.figures.least.get(name), self.figures.most.get(name)
            if least is None or share < least[0]:
                self.figures.least[name] = (share, *who)
            if most is None or share > most[0]:
                self.figures.most[name] = (share, *who)

    def _wall(self, at: int, timezone: str) -> datetime:
        """The wall time, to the quarter of an hour: no offset changes in between. UTC where the zone is unknown."""
        quarter = (timezone, at // QUARTER)
        found = self._walls.get(quarter)
        if found is None:
            moment = datetime.fromtimestamp(at // QUARTER * 900, UTC)
            try:
                found = wall_time(moment, timezone)
            except UnknownZone:
                found = moment
            self._walls[quarter] = found
        return found


def _midnight(person: Person, days: int) -> int:
    """When the day begins that is so many after their start; by UTC where the zone is unknown."""
    day = person.start + timedelta(days=days)
    try:
        found = at(day, time(0), person.timezone)
    except UnknownZone:
        found = datetime.combine(day, time(0), UTC)
    return round(found.timestamp()) * 1000


def _day(at: int) -> date:
    return date.fromordinal(_EPOCH + at // DAY)


_EPOCH = date(1970, 1, 1).toordinal()
