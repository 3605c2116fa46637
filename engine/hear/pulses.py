"""Pulses, from a page or by text: how close a partner rates the week that a message asked about."""

from datetime import datetime

from sqlalchemy import Connection

from engine.hear.means import Means
from engine.store import pulses
from engine.store.questions import Question

LOWEST, HIGHEST = 1, 5


def rate(connection: Connection, means: Means, question: Question, value: int, at: datetime) -> bool:
    """Keep a rating of 1 to 5 in the place of an earlier one of the same week, in the caller's transaction; whether
    anything changed. Later draws mind it.
    """
    if not LOWEST <= value <= HIGHEST:
        raise ValueError("a pulse is 1 to 5")
    changed = pulses.rate(
        connection,
        question.enrollment_id,
        question.partner_id,
        question.step,
        question.occurrence,
        question.week,
        value,
        at,
    )
    if changed:
        means.redraw(connection, question.couple_id, at)
    return changed
