"""What made-up partners do with what they get: answer, share or not, rate the week, say what was not for them.

From a keyed hash of who and what alone: the same people do the same things in every run.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from engine.app import Engine
from engine.hear import answers, feedback, pulses
from engine.keyed import fraction
from engine.model.campaign import Campaign, Channel, StepPurpose
from engine.model.reply import ConsentPurpose, Feedback
from engine.model.signup import Ticked
from engine.store import consents, couples, questions
from engine.store.database import Transaction
from engine.store.questions import Question

ANSWERS, SHARED, RATED, DID, NOT_FOR_US = 0.75, 0.8, 0.85, 0.5, 0.06
"""How often each is done, of the messages with which it can be."""

WORDS = {
    "en": (
        "It took me a while to find words for it. The short one is: more than I let on.",
        "I had an answer at once, and a truer one ten minutes later, washing up. That is the one I mean.",
        "Smaller than I thought, and it still matters to me. I would like to tell you the long version tonight.",
        "The honest part: I was waiting for you to ask. So, thank you.",
        "There was one moment in spring. You probably don't remember it. I do.",
    ),
    "es": (
        "Me costó encontrar las palabras. La versión corta: más de lo que dejo ver.",
        "Tuve una respuesta al momento, y otra más cierta diez minutos después. Me quedo con la segunda.",
        "Es más pequeño de lo que pensaba, y aun así me importa. Esta noche te cuento la versión larga.",
        "La parte sincera: estaba esperando que me lo preguntaras. Así que gracias.",
    ),
}
AGREED = Ticked(ConsentPurpose.ANSWERS, "Keep my answers, and show one when we have both shared.", "sample")
A_LINE = Ticked(ConsentPurpose.PULSE, "Show us a line of our weeks together, if we both want it.", "sample")


def agree(engine: Engine, refs: Sequence[str]) -> None:
    """Everyone in these couples lets their answers be kept; two couples in three want a line together."""
    for ref in refs:
        with engine.database.begin() as connection:
            for partner in couples.find(connection, engine.vault, ref).partners:
                ticked = [AGREED, A_LINE] if fraction("sample", ref, "line") < 2 / 3 else [AGREED]
                consents.record(
                    connection, partner.id, Channel.EMAIL, ticked, "a sample", engine.clock.now(), given=True
                )


class Acts:
    """Acts on every message once: after the tick that sent it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._seen_until = engine.clock.now() - timedelta(days=1)

    def __call__(self, now: datetime) -> None:
        """Let everyone act who got something since the last time."""
        with self._engine.database.begin() as connection:
            for question in questions.gone_between(connection, self._seen_until, now):
                campaign = self._engine.definitions.get(connection, question.digest).campaign
                self._act(connection, campaign, question, now)
        self._seen_until = now

    def _act(self, connection: Transaction, campaign: Campaign, question: Question, now: datetime) -> None:
        def chance(what: str) -> float:
            return fraction("acts", question.couple_id, question.partner_id, question.step, question.occurrence, what)

        means = self._engine.means
        if campaign.step(question.step).purpose is StepPurpose.PULSE:
            if chance("rate") < RATED:
                better = 0.18 * question.week  # it helps a little, in this world
                pulses.rate(connection, means, question, min(5, 2 + int(chance("pulse") * 2.4 + better)), now)
            return
        activity = campaign.activities.get(question.activity or "")
        if activity is None:
            return
        if activity.text(question.locale).question and question.answers_consent and chance("answer") < ANSWERS:
            words = WORDS.get(question.locale.partition("-")[0], WORDS["en"])
            text = words[int(chance("words") * len(words))]
            share = chance("share") < SHARED
            answers.give(connection, means, question, text, share=share, source="page", now=now)
        if chance("feedback") < NOT_FOR_US:
            feedback.give(connection, means, question, Feedback.NOT_FOR_US, now)
        elif chance("feedback") < DID:
            feedback.give(connection, means, question, Feedback.DID, now)
