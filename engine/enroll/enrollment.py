"""Enrolls couples in a campaign: pins the version, draws their activities, gives each partner their first place."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import blake2b
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row

from engine.define.digest import freeze
from engine.enroll.history import said_by, stored_campaigns, tastes_of
from engine.enroll.latecomers import seat_latecomers
from engine.model.campaign import Campaign
from engine.plan.assign import Place, assigned
from engine.plan.calendar import Calendars
from engine.plan.draw import Pools, draw_all
from engine.plan.epoch import Epoch
from engine.plan.learn import NOTHING, Said, learn
from engine.plan.strata import stratum_of
from engine.render.sandbox import compile_expression
from engine.store import couples, definitions, enrollments
from engine.store.assignments import Places
from engine.store.database import Database
from engine.store.enrollments import NewEnrollment

PAGE = 1_000
PAGE_IN_STRATA = 200  # drawn under the write lock, because places in strata are counted there
Person = Row[*tuple[Any, ...]]
"""A partner as `store.enrollments.candidates` gives them."""


@dataclass
class Enrolled:
    """What an enrolling did, in couples."""

    enrolled: int = 0
    already: int = 0  # in this campaign already, or not to be taken back unasked: left as they are


def enroll(
    database: Database,
    campaign: Campaign,
    start: date,
    *,
    seed_key: bytes,
    now: datetime,
    refs: Sequence[str] | None = None,
    where: str | None = None,
    dry_run: bool = False,
) -> Enrolled:
    """Enroll couples from the local date `start` on each partner's own calendar.

    All of them; or those called `refs`, NotFound naming the first that does not exist; or those for whom `where` holds,
    a sandboxed Jinja expression over `couple` (see `whom`), RenderError when it is wrong.

    A couple that is already in the campaign, or was from this start, is left as it is, so running it again changes
    nothing. One that has been through the campaign or was stopped, in any, begins again only when it is named.
    `seed_key` keys the draws: the same key, couple, campaign and start give the same activities on every machine; where
    strata divide couples, so does the order in which they enroll.
    """
    done = Enrolled()
    draws = Draws(campaign, start, seed_key, now)
    campaign_of = stored_campaigns(campaign)
    wanted = compile_expression(where) if where is not None else None
    after, page = 0, PAGE_IN_STRATA if draws.in_strata else PAGE
    with database.read() as connection:
        for ref in refs or ():
            couples.id_of(connection, ref)
    while True:
        with database.read() as connection:
            people = enrollments.candidates(connection, after, page, refs)
        if not people:
            break
        after = people[-1].couple_id
        members = [list(group) for _, group in groupby(people, key=lambda person: person.couple_id)]
        chosen = [each for each in members if wanted is None or wanted({"couple": whom(each)})]
        with database.read() as connection:
            said = said_by(connection, campaign_of, [each[0].couple_id for each in chosen])
        # Drawn outside the transaction: page after page under the lock would keep a running engine from recording.
        batch = [] if draws.in_strata else [draws.enrollment(each, said.get(each[0].couple_id)) for each in chosen]
        with database.begin() as connection:
            if not dry_run:
                _keep(connection, campaign, now)
            if draws.in_strata:
                ids = [each[0].couple_id for each in chosen]
                already = enrollments.left_alone(connection, ids, campaign.id, start, named=refs is not None)
                place = Places(connection, campaign.id)
                batch = [
                    draws.enrollment(each, said.get(each[0].couple_id), place)
                    for each in chosen
                    if each[0].couple_id not in already
                ]
            new = enrollments.add(connection, batch, now, named=refs is not None, dry_run=dry_run)
            done.enrolled += new
            done.already += len(chosen) - new
    if done.enrolled and not dry_run:
        seat_latecomers(database, now)  # whoever joined a couple between the reading of its page and its storing
    return done


def enroll_one(
    connection: Connection, campaign: Campaign, ref: str, start: date, *, seed_key: bytes, now: datetime
) -> bool:
    """Enroll the couple called `ref` as `enroll` does a named one, in the caller's transaction; whether it was new."""
    made = would_be(connection, campaign, ref, start, seed_key=seed_key, now=now)
    return made is not None and keep(connection, campaign, made, now)


def would_be(
    connection: Connection, campaign: Campaign, ref: str, start: date, *, seed_key: bytes, now: datetime
) -> NewEnrollment | None:
    """What enrolling the couple called `ref` would store; None when nobody is in it. Nothing is changed."""
    members = list(enrollments.candidates(connection, 0, 1, [ref]))
    if not members:
        return None
    said = said_by(connection, stored_campaigns(campaign), [members[0].couple_id])
    draws = Draws(campaign, start, seed_key, now)
    place = Places(connection, campaign.id) if draws.in_strata else None
    return draws.enrollment(members, said.get(members[0].couple_id), place)


def keep(connection: Connection, campaign: Campaign, made: NewEnrollment, now: datetime) -> bool:
    """Store an enrollment as of a couple that was named, and its campaign with it; whether it was new."""
    _keep(connection, campaign, now)
    return enrollments.add(connection, [made], now, named=True) == 1


def seed_of(seed_key: bytes, ref: str, campaign: str, start: date) -> str:
    """The seed of one enrollment: 32 hexadecimal digits that nobody can guess without the key."""
    words = "\x1f".join((ref, campaign, start.isoformat())).encode()
    return blake2b(words, key=seed_key[:64], digest_size=16).hexdigest()


def _block_key(seed_key: bytes) -> str:
    """What orders blocks of arms: another secret than any couple's own."""
    return blake2b(b"blocks", key=seed_key[:64], digest_size=16).hexdigest()


def _keep(connection: Connection, campaign: Campaign, now: datetime) -> None:
    definitions.keep(
        connection,
        digest=campaign.digest,
        campaign=campaign.id,
        title=campaign.title,
        body=freeze(campaign),
        now=now,
    )


def whom(partners: Sequence[Person]) -> dict[str, object]:
    """What `--where` may ask of a couple: `ref`, `size`, and both partners' causes, channels, locales and timezones."""
    return {
        "ref": partners[0].ref,
        "size": len(partners),
        "causes": sorted({cause for partner in partners for cause in partner.causes}),
        "channels": sorted({partner.channel for partner in partners}),
        "locales": sorted({partner.locale for partner in partners}),
        "timezones": sorted({partner.timezone for partner in partners}),
    }


class Draws:
    """Makes enrollments from one start date; what couples share is worked out once."""

    def __init__(self, campaign: Campaign, start: date, seed_key: bytes, now: datetime) -> None:
        self._campaign = campaign
        self._calendars = Calendars(campaign)
        self._pools = Pools(campaign)
        self._start = start
        self._seed_key = seed_key
        self._now = now

    @property
    def in_strata(self) -> bool:
        """Whether strata divide the couples that are given a variant to keep."""
        experiment = self._campaign.experiment
        return bool(experiment and experiment.strata and any(step.kept_arms for step in self._campaign.steps))

    def enrollment(
        self, partners: Sequence[Person], said: Sequence[Said] | None, place: Place | None = None
    ) -> NewEnrollment:
        """The enrollment of a couple that has `said` this of activities in earlier campaigns.

        Where strata divide couples, `place` counts in the transaction that stores it.
        """
        campaign, start = self._campaign, self._start
        seed = seed_of(self._seed_key, partners[0].ref, campaign.id, start)
        epoch = Epoch(0, self._now, tastes_of(partners), learn(said) if said else NOTHING)
        strata = campaign.experiment.strata if campaign.experiment else ()
        arms = assigned(campaign, seed, stratum_of(strata, partners), place, _block_key(self._seed_key))
        variants = {each.step: each.arm for each in arms}
        return NewEnrollment(
            couple_id=partners[0].couple_id,
            campaign=campaign.id,
            digest=campaign.digest,
            start=start,
            seed=seed,
            variants=variants,
            draws=draw_all(
                campaign,
                start.weekday(),
                seed,
                epoch.tastes,
                variants,
                learned=epoch.learned,
                pools=self._pools,
            ),
            learned=[epoch.entry()],
            first=[_first(self._calendars, partner, start) for partner in partners],
            assigned=arms,
        )


def _first(calendars: Calendars, partner: Person, start: date) -> tuple[int, datetime | None, str | None, int | None]:
    slots = calendars.of(start, partner.send_at, partner.position, partner.reach_days)
    if not slots:
        return partner.partner_id, None, None, None
    due_at, _ = slots[0].instant(start, partner.timezone)
    return partner.partner_id, due_at, slots[0].step.key, slots[0].occurrence
