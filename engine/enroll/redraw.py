"""Draws anew what a couple has not been given yet, by what it has told us since: called after feedback and pulses."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from engine.enroll.history import CampaignOf, said_by, tastes_of
from engine.model.campaign import Campaign
from engine.plan.draw import Tastes, draw_all
from engine.plan.epoch import Epoch, followed_by, read
from engine.plan.learn import Felt, Given, Learned, Said, learn
from engine.store import learning
from engine.store.facts import Facts


def redraw(connection: Connection, couple_id: int, now: datetime, campaign_of: CampaignOf) -> int:
    """Bring the draws of a couple's running enrollments up to what is known of it; how many were drawn anew.

    In the caller's transaction. The days up to the last for which either partner has a delivery, sent or not, stay as
    they are. Called again with nothing new to go by, it changes nothing. What the partners ask for (causes, touch) is
    read again as well, so it may also be called when that has changed.
    """
    running = learning.running(connection, couple_id)
    if not running:
        return 0
    tastes = tastes_of(learning.tastes(connection, couple_id))
    said = said_by(connection, campaign_of, [couple_id]).get(couple_id, [])
    return sum(_drawn_anew(connection, row, campaign_of(connection, row.digest), tastes, said, now) for row in running)


def _drawn_anew(
    connection: Connection, row: Facts, campaign: Campaign, tastes: Tastes, said: list[Said], now: datetime
) -> bool:
    keys = {step.key for step in campaign.steps}
    begun = [each for each in learning.begun(connection, row.id) if each.step in keys]
    learned = learned_from(connection, row.id, campaign, begun, said)
    since = 1 + max((each.occurrence for each in begun), default=-1)
    epochs, new = read(row.learned), Epoch(since, now, tastes, learned)
    if epochs and new.goes_by_the_same(epochs[-1]):
        return False
    draws = draw_all(
        campaign, row.start.weekday(), row.seed, tastes, row.variants, learned=learned, kept=row.draws, since=since
    )
    learning.keep(connection, row.id, draws, [epoch.entry() for epoch in followed_by(epochs, new)])
    return True


def learned_from(
    connection: Connection, enrollment_id: int, campaign: Campaign, begun: Iterable[Any], said: list[Said]
) -> Learned:
    """What is known of a couple: what it `said`, and how it felt about what it was sent of what has `begun`.

    That has an occurrence, an activity and whether it was `sent`; what `campaign` does not know says nothing.
    """
    given = {
        Given(each.occurrence, campaign.activities[each.activity].strategy)
        for each in begun
        if each.sent and each.activity in campaign.activities
    }
    return learn(said, (Felt(*each) for each in learning.felt(connection, enrollment_id)), given)
