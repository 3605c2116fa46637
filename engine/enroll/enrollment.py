"""Enrolls couples in a campaign: pins the version, draws their activities, gives each partner their first place."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import blake2b
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row

from engine.define.digest import freeze
from engine.model.campaign import Campaign
from engine.model.strategy import Cause
from engine.plan.assign import assign
from engine.plan.calendar import Calendars
from engine.plan.draw import Tastes, draw_all
from engine.store import definitions, enrollments
from engine.store.database import Database
from engine.store.enrollments import NewEnrollment

PAGE = 1_000


@dataclass
class Enrolled:
    """What an enrolling did, in couples."""

    enrolled: int = 0
    already: int = 0  # in this campaign already: left as they are


def enroll(
    database: Database,
    campaign: Campaign,
    start: date,
    *,
    seed_key: bytes,
    now: datetime,
    refs: Sequence[str] | None = None,
    dry_run: bool = False,
) -> Enrolled:
    """Enroll every couple, or those called `refs`, from the local date `start` on each partner's own calendar.

    A couple that is already in the campaign is left as it is, so running it again changes nothing. `seed_key` keys the
    draws: the same key, couple, campaign and start give the same activities on every machine.
    """
    done = Enrolled()
    calendars = Calendars(campaign)
    after = 0
    while True:
        with database.begin() as connection:
            if not dry_run:
                _keep(connection, campaign, now)
            people = enrollments.candidates(connection, after, PAGE, refs)
            if not people:
                return done
            after = people[-1].couple_id
            batch = list(_batch(campaign, calendars, people, start, seed_key))
            new = enrollments.add(connection, batch, now, dry_run=dry_run)
            done.enrolled += new
            done.already += len(batch) - new


def seed_of(seed_key: bytes, ref: str, campaign: str, start: date) -> str:
    """The seed of one enrollment: 32 hexadecimal digits that nobody can guess without the key."""
    words = "\x1f".join((ref, campaign, start.isoformat())).encode()
    return blake2b(words, key=seed_key[:64], digest_size=16).hexdigest()


def _keep(connection: Connection, campaign: Campaign, now: datetime) -> None:
    definitions.keep(
        connection,
        digest=campaign.digest,
        campaign=campaign.id,
        title=campaign.title,
        body=freeze(campaign),
        now=now,
    )


def _batch(
    campaign: Campaign,
    calendars: Calendars,
    people: Sequence[Row[*tuple[Any, ...]]],
    start: date,
    seed_key: bytes,
) -> Iterator[NewEnrollment]:
    for couple_id, members in groupby(people, key=lambda person: person.couple_id):
        partners = list(members)
        seed = seed_of(seed_key, partners[0].ref, campaign.id, start)
        causes = frozenset(Cause(cause) for partner in partners for cause in partner.causes)
        tastes = Tastes(causes, touch=all(partner.touch for partner in partners))
        yield NewEnrollment(
            couple_id=couple_id,
            campaign=campaign.id,
            digest=campaign.digest,
            start=start,
            seed=seed,
            variants=assign(campaign, seed),
            draws=draw_all(campaign, start.weekday(), seed, tastes),
            first=[_first(calendars, partner, start) for partner in partners],
        )


def _first(
    calendars: Calendars, partner: Row[*tuple[Any, ...]], start: date
) -> tuple[int, datetime | None, str | None, int | None]:
    slots = calendars.of(start, partner.send_at, partner.position)
    if not slots:
        return partner.partner_id, None, None, None
    due_at, _ = slots[0].instant(start, partner.timezone)
    return partner.partner_id, due_at, slots[0].step.key, slots[0].occurrence
