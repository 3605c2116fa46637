"""From a row of facts to the Case that the gates are asked about."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from engine.clock import UnknownZone
from engine.model.campaign import Audience, Campaign, Channel, Step
from engine.model.enrollment import EnrollmentStatus
from engine.plan.gates import Case
from engine.plan.local import local_day, week_start
from engine.store.facts import Facts

Counts = Mapping[int, tuple[int, int]]


def case_of(
    facts: Facts,
    campaign: Campaign,
    step: Step,
    channel: Channel,
    due_at: datetime,
    expires_at: datetime,
    sent: Counts,
    now: datetime,
) -> Case:
    """The case of one delivery on `channel` at `now`; `sent` counts messages by partner (today, this week)."""
    values = facts._mapping
    today, this_week = sent.get(facts.partner_id, (0, 0))
    pauses = [until for until in (facts.partner_paused_until, facts.couple_paused_until) if until is not None]
    return Case(
        timezone=facts.timezone,
        window=campaign.window,
        caps=campaign.caps,
        due_at=due_at,
        expires_at=expires_at,
        has_address=values[f"has_{channel}"],
        consented=values[f"{channel}_consent"],
        suppressed=values[f"{channel}_suppressed"],
        shared=_shared(facts, step, channel, now),
        enrollment=EnrollmentStatus(facts.enrollment_status),
        paused_until=max(pauses, default=None),
        life_event=facts.life_event_at is not None,
        sent_today=today,
        sent_this_week=this_week,
    )


def _shared(facts: Facts, step: Step, channel: Channel, at: datetime) -> bool:
    """Whether the first partner gets this very occurrence at the same address, so that the second need not."""
    values = facts._mapping
    if facts.position != 2 or step.audience is Audience.ALTERNATING or not values[f"same_{channel}"]:
        return False
    reached_here = (step.channel or facts.other_preferred) == channel and values[f"other_{channel}_consent"]
    return bool(reached_here and not (facts.other_paused_until is not None and at < facts.other_paused_until))


def days_asked(partners: Iterable[tuple[int, str]], now: datetime) -> list[tuple[int, date, date]]:
    """Each partner's own day and the Monday of its week at `now`; a partner in an unknown zone is left to the gates."""
    days: dict[str, date | None] = {}
    asked = []
    for partner, timezone in dict.fromkeys(partners):
        if timezone not in days:
            try:
                days[timezone] = local_day(now, timezone)
            except UnknownZone:
                days[timezone] = None
        day = days[timezone]
        if day is not None:
            asked.append((partner, day, week_start(day)))
    return asked


class Tally:
    """Counts of what partners got, kept up to date while a batch is decided one by one."""

    def __init__(self, counts: dict[int, tuple[int, int]]) -> None:
        self.counts = counts

    def add(self, partner: int) -> None:
        today, week = self.counts.get(partner, (0, 0))
        self.counts[partner] = (today + 1, week + 1)
