"""A couple's weeks as a page shows them: moments one under another, both partners' cards side by side."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple

from engine.model.campaign import Campaign, Channel, Step, StepPurpose
from engine.model.delivery import DeliveryStatus, FailReason, MovedBecause, SkipReason
from engine.model.enrollment import EnrollmentStatus
from engine.model.notice import NOTICES
from engine.plan.calendar import DAYS, Calendars, Slot
from engine.report.deliveries import Line, local_time
from engine.report.gallery_clocks import clock_changes
from engine.report.gallery_journeys import Entry, Journey, Side, Way
from engine.report.gallery_letters import Letter
from engine.report.gallery_looks import Besides, Look, looks
from engine.report.gallery_terms import terms

STOPPED = "stopped"
TO_COME = "to come"


@dataclass(frozen=True, slots=True)
class Stamp:
    """An instant on a partner's wall."""

    iso: str
    time: str
    day: str
    offset: str


@dataclass(frozen=True, slots=True)
class Card:
    """What one partner got at one moment, or why they got nothing: then `sentence` says so, and `wrong` what to mend.

    `terms` are those on which the step comes to them. Whatever was written is among `looks`: first what went.
    """

    id: int
    side: Side
    channel: Channel
    status: str
    title: str
    step: str
    stamp: Stamp
    sentence: str
    moved: str
    terms: tuple[str, ...] = ()
    looks: tuple[Look, ...] = ()
    wrong: str = ""
    cost: int = 0  # millionths of the currency


@dataclass(frozen=True, slots=True)
class Source:
    """Where cards get their messages: `find` gives what was sent for a delivery, `besides` what would have been.

    Prices are in `currency`. `silent`: nobody has told us anything, as before a campaign has begun.
    """

    find: Callable[[int], Letter | None]
    besides: Besides = field(default_factory=dict)
    currency: str = ""
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """One occurrence of a step. `cards` has a place for each partner, empty where the step does not concern them."""

    weekday: str
    step: str
    cards: tuple[Card | None, ...]


@dataclass(frozen=True, slots=True)
class Week:
    """One week of a campaign, from the couple's own start date."""

    number: int
    theme: str
    dates: str
    clocks: tuple[str, ...]
    moments: tuple[Moment, ...]


def weeks(journey: Journey, source: Source) -> tuple[Week, ...]:
    """The weeks of a journey. None at all for a couple in no campaign."""
    if journey.way is None:
        return ()
    way = journey.way
    order = {step.key: place for place, step in enumerate(way.campaign.steps)}
    seen: dict[_Place, dict[int, Card]] = defaultdict(dict)
    for side in journey.sides:
        for (occurrence, step), card in _cards(journey.entries, side, way, source):
            seen[_Place(occurrence, order[step], step)][side.position] = card
    for place, cards in _notices(journey, way, source):
        seen[place].update(cards)
    positions = [side.position for side in journey.sides]
    by_week: dict[int, list[Moment]] = defaultdict(list)
    for place in sorted(seen):
        day = way.start + timedelta(days=place.day)
        moment = Moment(f"{day:%A}", place.step, tuple(seen[place].get(position) for position in positions))
        by_week[place.day // DAYS + 1].append(moment)
    numbers = range(1, max([way.campaign.weeks, *by_week]) + 1)
    return tuple(_week(journey, way, number, tuple(by_week.get(number, ()))) for number in numbers)


class _Place(NamedTuple):
    """Where a moment stands on a couple's page: days after the start, then the steps of that day, then its notices."""

    day: int
    order: int
    step: str
    number: int = 0


def _notices(journey: Journey, way: Way, source: Source) -> Iterator[tuple[_Place, dict[int, Card]]]:
    """The notices of a journey on the earlier of the days on which the two got them."""
    by_number: dict[tuple[str, int], list[Entry]] = defaultdict(list)
    for entry in journey.entries:
        if entry.line.campaign == NOTICES and way.notices is not None:
            by_number[entry.line.step, entry.occurrence].append(entry)
    sides = {side.position: side for side in journey.sides}
    for (step, number), entries in by_number.items():
        cards = {each.position: _card(each, sides[each.position], way, source) for each in entries}
        first = min(date.fromisoformat(each.line.local_time[:10]) for each in entries)
        yield _Place(max((first - way.start).days, 0), len(way.campaign.steps), step, number), cards


def _week(journey: Journey, way: Way, number: int, moments: tuple[Moment, ...]) -> Week:
    first = way.start + timedelta(days=DAYS * (number - 1))
    last = first + timedelta(days=DAYS - 1)
    themes = way.campaign.themes[number - 1 : number]
    theme = " · ".join(way.campaign.strategies.get(each, each) for theme in themes for each in theme.strategies)
    alive = any(card and card.status not in (STOPPED, TO_COME) for moment in moments for card in moment.cards)
    zones = dict.fromkeys(side.timezone for side in journey.sides)
    clocks = [change.sentence for zone in zones if alive for change in clock_changes(zone, first, last)]
    return Week(number, theme, f"{_day(first)} – {_day(last)}", tuple(clocks), moments)


def _day(day: date) -> str:
    return f"{day.day} {day:%B}"


def _cards(entries: tuple[Entry, ...], side: Side, way: Way, source: Source) -> Iterator[tuple[tuple[int, str], Card]]:
    """Every card of one partner by occurrence and step: what was planned, then what never came to be."""
    own = (each for each in entries if each.position == side.position and each.line.campaign == way.campaign.id)
    planned = {(entry.occurrence, entry.line.step): entry for entry in own}
    for place, entry in planned.items():
        yield place, _card(entry, side, way, source)
    if way.status is EnrollmentStatus.COMPLETED or side.left:
        return
    for slot in Calendars(way.campaign).of(way.start, side.own_time, side.position, side.days, way.left_week):
        if (slot.occurrence, slot.step.key) not in planned:
            yield (slot.occurrence, slot.step.key), _absent(slot, side, way, source)


def _card(entry: Entry, side: Side, way: Way, source: Source) -> Card:
    line = entry.line
    campaign = way.campaign_of(line)
    step = campaign.step(line.step)
    besides = source.besides.get(entry.id, ())
    return Card(
        id=entry.id,
        side=side,
        channel=Channel(line.channel),
        status=STOPPED if line.reason == SkipReason.STOPPED else line.status,
        title=_title(campaign, step, line.activity, side.locale),
        step=line.step,
        stamp=_stamp(line.local_time),
        sentence=_why(line, way),
        moved=_moved(entry),
        terms=tuple(terms(step, line.variant, line.status, line.reason, silent=source.silent)),
        looks=tuple(looks(entry.id, source.find(entry.id), entry.cost, besides, source.currency)),
        cost=entry.cost,
        wrong=next((each.wrong for each in besides if each.own), ""),
    )


def _absent(slot: Slot, side: Side, way: Way, source: Source) -> Card:
    """The card of a step that was never planned: the enrollment was stopped before, or has not come so far."""
    stopped = way.status is EnrollmentStatus.STOPPED
    due_at, _ = slot.instant(way.start, side.timezone)
    return Card(
        id=0,
        side=side,
        channel=slot.step.channel or side.channel,
        status=STOPPED if stopped else TO_COME,
        title=_title(way.campaign, slot.step, None, side.locale),
        step=slot.step.key,
        stamp=_stamp(local_time(due_at, side.timezone)),
        sentence=_stopped(way) if stopped else "Still to come.",
        moved="",
        terms=tuple(terms(slot.step, None, TO_COME, None, silent=source.silent)),
    )


def _why(line: Line, way: Way) -> str:
    """Why nothing was sent, in one sentence; nothing when it was."""
    if line.status == DeliveryStatus.SENT:
        return ""
    if line.reason == SkipReason.STOPPED:
        return _stopped(way)
    for reasons in (SkipReason, FailReason):
        if line.reason in list(reasons):
            return reasons(line.reason).sentence
    return DeliveryStatus(line.status).sentence


def _stopped(way: Way) -> str:
    return way.stopped.sentence if way.stopped else EnrollmentStatus.STOPPED.sentence


def _moved(entry: Entry) -> str:
    if entry.moved is None:
        return ""
    was = _stamp(local_time(entry.due_at, entry.line.timezone))
    now = _stamp(entry.line.local_time)
    if entry.moved is MovedBecause.DST_GAP or was == now:
        return entry.moved.sentence
    return f"Moved from {was.day} {was.time}. {entry.moved.sentence}"


def _title(campaign: Campaign, step: Step, activity: str | None, locale: str) -> str:
    if activity is not None and activity in campaign.activities:
        return campaign.activities[activity].text(locale).title
    if step.purpose is StepPurpose.PULSE:
        return "How close the week felt"
    if activity is None and step.draw is not None and len(step.draw.kinds) == 1:
        return next(iter(step.draw.kinds)).value.capitalize()
    return step.key.replace("-", " ").capitalize()


def _stamp(iso: str) -> Stamp:
    moment = datetime.fromisoformat(iso)
    minutes = (moment.utcoffset() or timedelta(0)) // timedelta(minutes=1)
    hours, rest = divmod(abs(minutes), 60)
    sign = "−" if minutes < 0 else "+"
    return Stamp(iso, f"{moment:%H:%M}", f"{moment:%a} {moment.day} {moment:%b}", f"UTC{sign}{hours:02d}:{rest:02d}")
