"""An activity's smaller version as a text message."""

from sqlalchemy import Connection

from engine.hear.texting import Texting
from engine.hear.wrote import Asked, Wrote
from engine.model.campaign import Channel
from engine.render.markdown import named
from engine.render.seen import activity_seen
from engine.render.segments import measure, plainer
from engine.render.spec_errors import RenderError
from engine.store.writers import other_name

MOST_PARTS = 3
"""Somebody has asked for these words: they may take one part more than a nudge."""

_PLAIN_SIGNS = str.maketrans(
    {"«": '"', "»": '"', "“": '"', "”": '"', "‘": "'", "’": "'", "…": "...", "–": "-", "—": "-"}
)


def smaller_version(connection: Connection, texting: Texting, wrote: Wrote, asked: Asked) -> str:
    """The smaller version in the reader's language, on one line; "" where there is none, or it is too long for a text.

    The other partner is named as in the messages themselves: by a usual name only where it fits.
    """
    question = asked.question
    campaign = texting.campaign_of(connection, question.digest)
    if question.activity is None or question.activity not in campaign.activities:
        return ""
    try:
        seen = activity_seen(campaign, question.activity, question.locale, None)
        nameless = texting.notices.nameless(question.locale)
    except RenderError:  # lint's to find
        return ""
    for name in (other_name(connection, question.partner_id) or nameless, nameless):
        text = " ".join(named(seen.smaller, name).split())
        if wrote.inbound.channel is not Channel.SMS:
            return text
        text = text.translate(_PLAIN_SIGNS)
        if measure(plainer(text)).parts <= MOST_PARTS:
            return text
    return ""
