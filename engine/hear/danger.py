"""When somebody's words may speak of danger: they are paused, the operator is alerted, and nobody else learns of it.

Whoever wrote is shown where to find help, at once and on the way they wrote: by whoever calls this.
"""

from datetime import datetime

from sqlalchemy import Connection

from engine.hear.means import Means
from engine.model.danger import Danger
from engine.model.notice import Notice
from engine.store import alerts, pausing
from engine.store.notices import Posted


def alarm(
    connection: Connection,
    means: Means,
    partner_id: int,
    danger: Danger,
    source: str,
    now: datetime,
    *,
    reply_id: int | None = None,
    answer_id: int | None = None,
) -> int:
    """Raise an alert, pause the one partner until they resume, and tell the operator; the alert's number."""
    number = alerts.add(connection, partner_id, danger.value, source, now, reply_id=reply_id, answer_id=answer_id)
    pausing.pause_partner(connection, partner_id, None)
    if means.operator is not None:
        means.post.post(connection, Posted(Notice.ALERT, partner_id, number, about=number, to=means.operator), now)
    return number
