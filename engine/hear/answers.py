"""Answers, from a page or by text: screened, kept, and revealed to both as soon as both have shared theirs."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from engine.hear.danger import alarm
from engine.hear.means import Means
from engine.hear.safety import screen
from engine.model.danger import Danger
from engine.model.notice import Notice
from engine.plan.draw import slot_key
from engine.store import answers, questions
from engine.store.notices import Posted
from engine.store.questions import Question
from engine.store.waiting import release

LONGEST = 10_000
"""Characters of an answer that are kept: more than anyone has answered, less than a page should hold."""

AGAIN_WITHIN = timedelta(minutes=10)
"""The same words so soon after are a form that was sent again, and no news."""


@dataclass(frozen=True, slots=True)
class Given:
    """What became of an answer. Not `kept`: it had been revealed, and stays as it was. `danger` is for its author."""

    kept: bool = True
    revealed: bool = False
    danger: Danger | None = None


def give(
    connection: Connection, means: Means, question: Question, text: str, *, share: bool, source: str, now: datetime
) -> Given:
    """Keep an answer, in the caller's transaction. One that may speak of danger is never shared, whatever was asked.

    The caller has seen to it that its author consents to answers being kept, and that it has at most LONGEST
    characters. A form that is sent again raises no second alarm.
    """
    danger = screen(text)
    again = danger is not None and _known(connection, means, question, text, now)
    kept = answers.give(connection, means.vault, question, text, shared=share, withheld=danger is not None, now=now)
    if danger is not None and not again:
        alarm(connection, means, question.partner_id, danger, source, now, answer_id=kept)
    if kept is None:
        return Given(kept=False, danger=danger)
    return Given(revealed=reveal(connection, means, question, now), danger=danger)


def _known(connection: Connection, means: Means, question: Question, text: str, now: datetime) -> bool:
    """Whether these very words of danger were given a moment ago."""
    mine = answers.find(connection, means.vault, question)
    if mine is None or not mine.withheld or mine.given_at is None:
        return False
    return mine.text == text and now - mine.given_at < AGAIN_WITHIN


def share(connection: Connection, means: Means, question: Question, *, shared: bool, now: datetime) -> bool:
    """Say of an answer that is kept whether it may be shown; whether there is one that could be."""
    done = answers.share(connection, question, shared=shared)
    if done and shared:
        reveal(connection, means, question, now)
    return done


def reveal(connection: Connection, means: Means, question: Question, now: datetime) -> bool:
    """Reveal the answers if both are shared: each partner is told once, and what waited for them goes; whether so."""
    number = answers.reveal(connection, question, now)
    if number is None:
        return False
    for partner_id, delivery_id in questions.of_both(connection, question).items():
        means.post.post(connection, Posted(Notice.REVEALED, partner_id, number, about=delivery_id), now)
    release(connection, question.enrollment_id, slot_key(question.step, question.occurrence, None), now)
    return True
