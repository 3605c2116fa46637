"""What a partner says of an activity: kept once a verdict, and heard by the draws of what is still to come.

The other partner never learns who said it, nor that anybody did: what comes instead is drawn like everything else.
"""

from datetime import datetime

from sqlalchemy import Connection

from engine.hear.means import Means
from engine.model.reply import Feedback
from engine.store import feedback
from engine.store.questions import Question


def give(connection: Connection, means: Means, question: Question, verdict: Feedback, now: datetime) -> bool:
    """Keep a verdict on the activity that a message brought, in the caller's transaction; whether it is news.

    A message without an activity takes none.
    """
    if question.activity is None:
        return False
    news = feedback.give(connection, question.delivery_id, question.partner_id, question.activity, verdict, now)
    if news:
        means.redraw(connection, question.couple_id, now)
    return news
