"""What the first page of a gallery says: a line for each couple, and the whole of it in a few figures."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from engine.clock import UnknownZone
from engine.model.campaign import Channel
from engine.model.delivery import DeliveryStatus
from engine.model.enrollment import EnrollmentStatus
from engine.plan.local import wall_time
from engine.report.gallery_clocks import clock_changes
from engine.report.gallery_journeys import Journey
from engine.report.gallery_letters import Text
from engine.report.gallery_weeks import STOPPED, TO_COME, Card, Week

NOON = time(12)


@dataclass(frozen=True, slots=True)
class Strip:
    """One partner's weeks at a glance: the kind of each mark by week, and the same in words."""

    name: str
    weeks: tuple[tuple[str, ...], ...]
    words: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A couple's line on the first page. `href` is empty when they are in no campaign."""

    names: str
    ref: str
    href: str
    journey: Journey
    strips: tuple[Strip, ...]
    tags: tuple[str, ...]


def listed(journey: Journey, href: str, weeks: Sequence[Week]) -> Listed:
    """The line of one couple, whose page is at `href`."""
    strips = []
    for place, side in enumerate(journey.sides):
        by_week = [[card for moment in week.moments if (card := moment.cards[place])] for week in weeks]
        marks = tuple(tuple(_mark(card) for card in cards) for cards in by_week)
        strips.append(Strip(side.name, marks, _words([card for cards in by_week for card in cards])))
    return Listed(names(journey), journey.ref, href, journey, tuple(strips), _tags(journey, weeks))


def names(journey: Journey) -> str:
    """Both given names, or the one."""
    return " & ".join(side.name for side in journey.sides) or journey.ref


def _mark(card: Card) -> str:
    if card.status == DeliveryStatus.SENT:
        return card.channel.value
    return "later" if card.status in (STOPPED, TO_COME) else "none"


def _words(cards: Sequence[Card]) -> str:
    later = {STOPPED: "stopped", TO_COME: "to come"}
    marks = (later.get(card.status, _mark(card)) for card in cards)
    said = {"email": "email", "sms": "text", "none": "not sent"}
    found = sorted(Counter(marks).items(), key=lambda pair: [*said, *later.values()].index(pair[0]))
    parts = (f"{number} {said.get(mark, mark)}{_s(mark, number)}" for mark, number in found)
    return ", ".join(parts) or "nothing yet"


def _s(mark: str, number: int) -> str:
    return "s" if mark in ("email", "sms") and number != 1 else ""


def _tags(journey: Journey, weeks: Sequence[Week]) -> tuple[str, ...]:
    tags = []
    if journey.way is None:
        return ("in no campaign",)
    if len(journey.sides) == 1:
        tags.append("one partner so far")
    shared = dict.fromkeys(channel.address for channel in journey.shares)
    tags += [{"phone": "share a phone", "email": "share a mailbox"}[address] for address in shared]
    if journey.way.status is EnrollmentStatus.STOPPED:
        cards = ((week.number, card) for week in weeks for moment in week.moments for card in moment.cards if card)
        first = next((number for number, card in cards if card.status == STOPPED), None)
        tags.append(f"stopped in week {first}" if first else "stopped")
    elif journey.way.status is EnrollmentStatus.PAUSED:
        tags.append("paused")
    if apart := _hours_apart(journey, datetime.combine(journey.way.start, NOON, UTC)):
        tags.append(f"{apart:g} hours apart" if apart != 1 else "an hour apart")
    return tuple(tags)


def _hours_apart(journey: Journey, moment: datetime) -> float:
    """How many hours lie between the partners' clocks at an instant; 0 for one partner or an unknown zone."""
    try:
        walls = [wall_time(moment, side.timezone).replace(tzinfo=None) for side in journey.sides]
    except UnknownZone:
        return 0
    return (max(walls) - min(walls)) / timedelta(hours=1) if walls else 0


@dataclass
class Figures:
    """The whole gallery in numbers, added up couple by couple. `unsent` counts by status and sentence."""

    couples: set[str] = field(default_factory=set)
    people: int = 0
    emails: int = 0
    texts: int = 0
    parts: int = 0
    moved: int = 0
    cost: int = 0  # millionths of the currency
    zones: set[str] = field(default_factory=set)
    clocks: set[tuple[str, date]] = field(default_factory=set)
    unsent: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    earliest: str = ""
    latest: str = ""

    def add(self, journey: Journey, weeks: Iterable[Week]) -> None:
        """Count one journey in."""
        if journey.ref not in self.couples:
            self.couples.add(journey.ref)
            self.people += len(journey.sides)
        self.zones.update(side.timezone for side in journey.sides)
        for week in weeks:
            for moment in week.moments:
                for card in moment.cards:
                    if card is not None and card.id:
                        self._count(card)
        self._cross(journey)

    def _count(self, card: Card) -> None:
        if card.wrong:
            self.wrong[card.wrong] += 1
        if card.status != DeliveryStatus.SENT:
            self.unsent[card.sentence] += 1
            return
        self.emails += card.channel is Channel.EMAIL
        self.texts += card.channel is not Channel.EMAIL
        self.cost += card.cost
        if card.looks and isinstance(letter := card.looks[0].letter, Text):
            self.parts += letter.size.parts
        self.moved += bool(card.moved)
        self.earliest = min(self.earliest or card.stamp.time, card.stamp.time)
        self.latest = max(self.latest, card.stamp.time)

    def _cross(self, journey: Journey) -> None:
        """Clock changes between a couple's first day and the last day on which something was sent."""
        sent = [entry.line.local_time[:10] for entry in journey.entries if entry.line.status == DeliveryStatus.SENT]
        if journey.way is None or not sent:
            return
        for side in journey.sides:
            for change in clock_changes(side.timezone, journey.way.start, date.fromisoformat(max(sent))):
                self.clocks.add((change.timezone, change.on))
