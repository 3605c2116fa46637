"""A rehearsed campaign as one JSON object: what the terminal, the page and other programs are shown of it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from engine.model.campaign import Campaign
from engine.model.delivery import DeliveryStatus, FailReason, MovedBecause, SkipReason
from engine.plan.calendar import DAYS
from engine.report.plan_clocks import COUNTED
from engine.report.plan_figures import MICROS, SENT, Example, Figures, Money

Entry = dict[str, Any]
HOURS = range(24)
GATES = {
    MovedBecause.WINDOW: SkipReason.OUTSIDE_WINDOW,
    MovedBecause.FREQUENCY_CAP: SkipReason.FREQUENCY_CAP,
    MovedBecause.CATCH_UP: SkipReason.TOO_LATE,
}
"""What a message is skipped for that would have to wait too long for the same reason."""


def entry(campaign: Campaign, start: date, seed: str, figures: Figures, currency: str | None) -> Entry:
    """All figures of one run. Money is in whole units of `currency`; it is null where no price is known."""
    return {
        "campaign": campaign.id,
        "title": campaign.title,
        "digest": campaign.digest,
        "start": start.isoformat(),
        "end": (start + timedelta(days=campaign.weeks * DAYS - 1)).isoformat(),
        "weeks": campaign.weeks,
        "seed": seed,
        "couples": figures.couples,
        "people": figures.people,
        "zones": len(figures.dwellers),
        "deliveries": figures.deliveries,
        "sent": figures.sent,
        "outcomes": [
            {"status": status, "reason": reason or None, "deliveries": number}
            for (status, reason), number in ordered(figures.outcomes)
        ],
        "volume": _volume(figures),
        "cost": _cost(campaign, figures, currency),
        "skips": _skips(figures),
        "gates": _gates(figures),
        "silence": _silence(figures),
        "density": _density(figures),
        "strategies": _strategies(campaign, figures),
        "clocks": _clocks(figures),
    }


def ordered(counts: Counter[Any]) -> list[tuple[Any, int]]:
    """Most first, and equals by their names."""
    return sorted(counts.items(), key=lambda each: (-each[1], each[0]))


def _volume(figures: Figures) -> Entry:
    return {
        "utc": _calendar(figures.utc),
        "local": _calendar(figures.local),
        "zones": [
            {
                "timezone": name,
                "people": figures.dwellers[name],
                "messages": sum(figures.zones[name, hour] for hour in HOURS),
                "hours": [figures.zones[name, hour] for hour in HOURS],
            }
            for name, _ in ordered(figures.dwellers)
        ],
        "busiest_hour": _busiest(figures.utc),
    }


def _calendar(counts: Mapping[tuple[date, int], int]) -> list[Entry]:
    """A row of 24 hours for each day from the first to the last that has a message."""
    days = [day for day, _ in counts]
    if not days:
        return []
    first, last = min(days), max(days)
    every = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return [{"day": day.isoformat(), "hours": [counts.get((day, hour), 0) for hour in HOURS]} for day in every]


def _busiest(counts: Mapping[tuple[date, int], int]) -> Entry | None:
    if not counts:
        return None
    (day, hour), number = min(counts.items(), key=lambda each: (-each[1], each[0]))
    return {"day": day.isoformat(), "hour": hour, "messages": number}


def _money(money: Money, currency: str | None) -> Entry:
    cost = None if currency is None else money.micros / MICROS
    return {"messages": money.messages, "segments": money.segments, "cost": cost}


def _cost(campaign: Campaign, figures: Figures, currency: str | None) -> Entry:
    channels = sorted({channel for channel, _ in figures.money})
    return {
        "currency": currency,
        "total": _money(figures.total, currency),
        "channels": [{"channel": channel, **_money(_sum(figures, channel), currency)} for channel in channels],
        "weeks": [
            {"week": week, "channel": channel, **_money(figures.money.get((channel, week), Money()), currency)}
            for week in range(1, campaign.weeks + 1)
            for channel in channels
        ],
    }


def _sum(figures: Figures, channel: str) -> Money:
    some = [money for (name, _), money in figures.money.items() if name == channel]
    return Money(sum(m.messages for m in some), sum(m.segments for m in some), sum(m.micros for m in some))


def _skips(figures: Figures) -> list[Entry]:
    return [
        {
            "status": status,
            "reason": reason or None,
            "why": why(status, reason),
            "step": step,
            "deliveries": number,
            "couples": refs(figures.examples.get((status, reason, step), ())),
        }
        for (status, reason, step), number in ordered(figures.skips)
    ]


def why(status: str, reason: str) -> str:
    """The sentence of a reason, or of a status that has none."""
    if reason in set(SkipReason):
        return SkipReason(reason).sentence
    return FailReason(reason).sentence if reason in set(FailReason) else DeliveryStatus(status).sentence


def refs(examples: Iterable[Example]) -> list[str]:
    """The names of some couples."""
    return [ref for _, ref in examples]


def _gates(figures: Figures) -> list[Entry]:
    """How often something moved a message, what became of it, and how often it was skipped for the same reason."""
    skipped: Counter[str] = Counter()
    for (_, reason, _), number in figures.skips.items():
        skipped[reason] += number
    return [
        {
            "gate": moved.value,
            "why": moved.sentence,
            "moved": sum(number for (because, _), number in figures.moves.items() if because == moved),
            "moved_and_sent": figures.moves[moved.value, SENT],
            "skipped": skipped[GATES[moved].value] if moved in GATES else 0,
        }
        for moved in MovedBecause
        if moved in GATES or any(because == moved for because, _ in figures.moves)
    ]


def _silence(figures: Figures) -> Entry:
    return {
        "longest": [
            {"couple": each.ref, "days": round(each.hours / 24, 1), "from": each.since, "until": each.until}
            for each in figures.silences
        ],
        "couples_by_days": {str(days): number for days, number in sorted(figures.silence_days.items())},
        "heard_nothing": figures.unheard_count,
        "heard_nothing_couples": refs(figures.unheard),
    }


def _density(figures: Figures) -> Entry:
    return {
        "densest": [
            {"couple": each.ref, "messages": each.messages, "week_of": each.week_of.isoformat()}
            for each in figures.dense
        ],
        "couples_by_messages": {str(number): couples for number, couples in sorted(figures.dense_weeks.items())},
    }


def _strategies(campaign: Campaign, figures: Figures) -> list[Entry]:
    drawn = figures.strategies.total()
    return [
        {
            "strategy": name,
            "title": campaign.strategies[name],
            "messages": figures.strategies[name],
            "share": figures.strategies[name] / drawn if drawn else 0.0,
            "least": _share(figures.least.get(name)),
            "most": _share(figures.most.get(name)),
        }
        for name in sorted(campaign.strategies, key=lambda name: (-figures.strategies[name], name))
    ]


def _share(found: tuple[float, int, str] | None) -> Entry | None:
    return None if found is None else {"share": found[0], "couple": found[2]}


def _clocks(figures: Figures) -> list[Entry]:
    return [
        {
            "timezone": change.timezone,
            "on": change.on.isoformat(),
            "minutes": round(change.by.total_seconds() / 60),
            "what": change.sentence,
            **{name: getattr(change, name) for name in COUNTED},
            "sound": change.sound,
        }
        for change in sorted(figures.changes.values(), key=lambda each: (each.on, each.timezone))
    ]
