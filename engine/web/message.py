"""A message as its pages know it: the step, its activity in the reader's words, and which page it is shown on.

The links of one message differ by page, and every one of them is good for all: a link leads to the page that is the
nearest to it of those that the message has.
"""

from dataclasses import dataclass, replace

from engine.app import Engine
from engine.hear.passes import Opened
from engine.model.campaign import Audience, Campaign, Step, StepPurpose
from engine.model.notice import NOTICES
from engine.model.reply import Feedback
from engine.model.strategy import Mode
from engine.model.words import Described
from engine.render.markdown import named
from engine.render.seen import ActivitySeen, activity_seen
from engine.store import feedback, questions
from engine.store.database import Transaction
from engine.store.questions import Question

ARRANGED = frozenset({Mode.DO, Mode.OUTING})
"""What may want a place in a calendar."""


class Page(Described):
    """A page of a message; what its path begins with."""

    ANSWER = "a", "To answer its question."
    ACTIVITY = "n", "To read it, and to say what became of it."
    PULSE = "pulse", "To say how close the week felt."


@dataclass(frozen=True, slots=True)
class Asked:
    """One message, for one reader. `body` and `smaller` are HTML, with the other partner called `other`."""

    question: Question
    step: Step
    campaign_title: str
    weeks: int
    other: str
    activity: ActivitySeen | None = None
    body: str = ""
    smaller: str = ""

    def page(self, wanted: Page) -> Page:
        """The page that is shown to whoever wants that one."""
        if self.step.purpose is StepPurpose.PULSE:
            return Page.PULSE
        return wanted if wanted is Page.ANSWER and self.has_question else Page.ACTIVITY

    @property
    def has_question(self) -> bool:
        """Whether it asks an open question."""
        return self.activity is not None and bool(self.activity.question)

    @property
    def of_one(self) -> bool:
        """Whether the step asks one of the two at a time: there is never a second answer to share."""
        return self.step.audience is Audience.ALTERNATING

    @property
    def arranged(self) -> bool:
        """Whether it is something to do at a time of one's own."""
        return self.activity is not None and self.activity.mode in ARRANGED and self.activity.minutes > 0

    def agreed(self) -> "Asked":
        """The same once its reader has let us keep answers."""
        return replace(self, question=replace(self.question, answers_consent=True))


def asked(connection: Transaction, engine: Engine, opened: Opened) -> Asked | None:
    """The message of a pass; None when it is gone, or is a notice: those have no page of their own."""
    question = questions.find(connection, opened.id)
    if question is None or question.campaign == NOTICES:
        return None
    campaign = engine.definitions.get(connection, question.digest).campaign
    step = next((each for each in campaign.steps if each.key == question.step), None)
    if step is None:  # the couple was moved to a version without it
        return None
    activity = seen(campaign, question.activity, question.locale)
    other = opened.holder.other_name or engine.texting.notices.nameless(question.locale)
    return Asked(
        question,
        step,
        campaign.title_in(question.locale),
        campaign.weeks,
        other,
        activity,
        "" if activity is None else named(activity.body, other),
        "" if activity is None else named(activity.smaller, other),
    )


def seen(campaign: Campaign, activity: str | None, locale: str) -> ActivitySeen | None:
    """An activity's words as pages show them, HTML without a style of its own; None for one that there is not."""
    if activity is None or activity not in campaign.activities:
        return None
    return activity_seen(campaign, activity, locale, css="")


def said(connection: Transaction, it: Asked) -> frozenset[Feedback]:
    """What the reader has said of it."""
    return feedback.of(connection, it.question.delivery_id)
