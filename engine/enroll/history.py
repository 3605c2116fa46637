"""What a couple's draws go by, read from the store as plan.learn takes it."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection

from engine.define.digest import thaw
from engine.model.campaign import Campaign
from engine.model.reply import Feedback
from engine.model.strategy import Cause
from engine.plan.draw import Tastes
from engine.plan.learn import Said
from engine.store import definitions, learning

CampaignOf = Callable[[Connection, str], Campaign]
"""The stored campaign with this digest; NotFound when there is none."""


def stored_campaigns(*known: Campaign) -> CampaignOf:
    """Campaigns from the store, thawed once each; those `known` need not be read."""
    by_digest = {campaign.digest: campaign for campaign in known}

    def of(connection: Connection, digest: str) -> Campaign:
        if digest not in by_digest:
            by_digest[digest] = thaw(definitions.body(connection, digest))
        return by_digest[digest]

    return of


def said_by(connection: Connection, campaign_of: CampaignOf, couple_ids: Collection[int]) -> Mapping[int, list[Said]]:
    """What each of these couples said of activities, in whichever campaign; who said nothing is not in the answer."""
    found: dict[int, list[Said]] = {}
    for couple_id, digest, activity, verdict, *_ in learning.verdicts(connection, couple_ids):
        its = campaign_of(connection, digest).activities.get(activity)
        said = Said(activity, None if its is None else its.strategy, Feedback(verdict))
        found.setdefault(couple_id, []).append(said)
    return found


def tastes_of(people: Iterable[Any]) -> Tastes:
    """A couple's tastes from its partners' rows, with `causes` and `touch`: causes of either, touch only of all."""
    partners = list(people)
    causes = frozenset(Cause(cause) for partner in partners for cause in partner.causes)
    return Tastes(causes, touch=all(partner.touch for partner in partners))
