"""The campaign of the notices: its steps fall on no day, and are planned one by one when there is something to say."""

from datetime import timedelta
from functools import lru_cache

from engine.define.digest import identified
from engine.model.campaign import Campaign, OnDoubt, Step, StepPurpose, Theme, Urgency
from engine.model.notice import NOTICES, Notice

_ASKED_WITHIN = timedelta(hours=24)
"""What somebody asked for this minute is no use a day later."""
_NEWS_WITHIN = timedelta(days=7)

URGENCY = {
    Notice.CONFIRM: Urgency.ASKED,
    Notice.KNOWN: Urgency.ASKED,
    Notice.INVITE: Urgency.NEWS,
    Notice.REVEALED: Urgency.NEWS,
    Notice.LINK: Urgency.ASKED,
    Notice.ALERT: Urgency.ASKED,
}


@lru_cache(maxsize=1)
def notices() -> Campaign:
    """The definition, digest and all; the same for every workspace of this version."""
    steps = tuple(
        Step(
            key=notice.value,
            template=notice.value,
            weeks=(1,),
            purpose=StepPurpose.NOTE,
            urgency=urgency,
            late_after=_ASKED_WITHIN if urgency is Urgency.ASKED else _NEWS_WITHIN,
        )
        for notice, urgency in URGENCY.items()
    )
    return identified(
        Campaign(
            id=NOTICES,
            title="Rekindle",
            weeks=1,
            steps=steps,
            themes=(Theme(()),),
            activities={},
            strategies={},
            on_doubt=OnDoubt.HOLD,
        )
    )
