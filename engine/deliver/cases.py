"""From a row of facts to the Case that the gates are asked about."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from operator import attrgetter

from engine.clock import UnknownZone
from engine.model.campaign import Campaign, Channel
from engine.model.enrollment import EnrollmentStatus
from engine.plan.gates import Case
from engine.plan.local import local_day, week_start
from engine.plan.window import Window, narrowed
from engine.store.facts import Facts

Counts = Mapping[int, tuple[int, int]]

Reach = tuple[bool, bool, bool]
"""Whether there is an address, consent to write to it, and a suppression of it."""

# The columns of FACTS that are about one channel.
_REACH = {
    channel: attrgetter(f"has_{channel.address}", f"{channel}_consent", f"{channel.address}_suppressed")
    for channel in Channel
}


def reach_on(facts: Facts, channel: Channel) -> Reach:
    """How the partner may be reached on a channel, by the columns of FACTS."""
    found: Reach = _REACH[channel](facts)
    return found


def case_of(
    facts: Facts,
    campaign: Campaign,
    reach: Reach,
    due_at: datetime,
    expires_at: datetime,
    sent: Counts,
    *,
    shared: bool = False,
) -> Case:
    """The case of one delivery; `facts` has the columns of STANDING, `sent` messages by partner (today, this week).

    `shared` says that the other partner gets this occurrence at the same address; only the last look can know.
    """
    has_address, consented, suppressed = reach
    today, this_week = sent.get(facts.partner_id, (0, 0))
    return Case(
        timezone=facts.timezone,
        window=window_of(facts, campaign),
        caps=campaign.caps,
        due_at=due_at,
        expires_at=expires_at,
        has_address=has_address,
        consented=consented,
        suppressed=suppressed,
        shared=shared,
        enrollment=EnrollmentStatus(facts.enrollment_status),
        paused_until=_later(facts.partner_paused_until, facts.couple_paused_until),
        life_event=facts.life_event_at is not None,
        sent_today=today,
        sent_this_week=this_week,
        left=facts.left_at is not None,
    )


def window_of(facts: Facts, campaign: Campaign) -> Window:
    """The hours in which this partner may be reached: the campaign's, narrowed to their own."""
    if facts.reach_days or facts.reach_from or facts.reach_until:
        return narrowed(campaign.window, facts.reach_days, facts.reach_from, facts.reach_until)
    return campaign.window


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(one, other) if one and other else one or other


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
