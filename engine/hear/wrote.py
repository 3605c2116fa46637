"""One text and all that is known of it: who may have written it, and which question and which pulse are open to it.

A question is the latest activity that had gone to that address, for OPEN_FOR: what is written after the next one
belongs to that. A pulse is open until the next pulse, for as long. Whoever quotes a message means that one, however old
it is. Notices and notes ask nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from engine.hear.texting import Texting
from engine.model.campaign import Step, StepPurpose
from engine.model.event import Inbound
from engine.model.notice import NOTICES
from engine.store.questions import Question
from engine.store.writers import Sent, Writer, sent_to, writers

OPEN_FOR = timedelta(days=7)
"""So long a question or a pulse can be answered by text; on its page for longer."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A message that asks something, and the step that it is of."""

    question: Question
    step: Step


@dataclass(frozen=True, slots=True)
class Wrote:
    """A text. `index` is its sender's address, hashed; `latest` the last message of any kind before it."""

    inbound: Inbound
    index: bytes
    received_at: datetime
    writers: Sequence[Writer]
    latest: Question | None
    question: Asked | None
    pulse: Asked | None

    @property
    def shared(self) -> bool:
        """Whether it may be either partner's, so that its words are nobody's."""
        return len(self.writers) > 1 or any(writer.shared_phone for writer in self.writers)

    @property
    def writer(self) -> Writer | None:
        """Who wrote it: of two who share a phone, whoever the latest message went to; those who have left come last."""
        about = None if self.latest is None else self.latest.partner_id
        return min(self.writers, key=lambda each: (each.left, each.id != about), default=None)

    @property
    def present(self) -> Sequence[Writer]:
        """Those of its writers who have not left."""
        return [writer for writer in self.writers if not writer.left]

    @property
    def locale(self) -> str:
        """The language to answer in."""
        return self.writer.locale if self.writer is not None else "en"

    @property
    def today(self) -> date:
        """The day on which links in the answer are signed."""
        return self.received_at.date()


def wrote(connection: Connection, texting: Texting, inbound: Inbound, index: bytes, received_at: datetime) -> Wrote:
    """What is known of a text."""
    sent = sent_to(connection, inbound, index)
    asked = list(_asked(connection, texting, inbound, sent))
    return Wrote(
        inbound,
        index,
        received_at,
        writers(connection, inbound.channel, index),
        sent[0].question if sent else None,
        next((each for each in asked if each.step.purpose is StepPurpose.ACTIVITY), None),
        next((each for each in asked if each.step.purpose is StepPurpose.PULSE), None),
    )


def _asked(connection: Connection, texting: Texting, inbound: Inbound, sent: Sequence[Sent]) -> Iterator[Asked]:
    """The messages that the text may answer, and their steps: the one that it quotes, else those of the last days."""
    quoted = [each for each in sent if each.quoted]
    for each in quoted[:1] or sent:
        question = each.question
        if question.left or question.campaign == NOTICES or not (each.quoted or each.at >= inbound.at - OPEN_FOR):
            continue
        steps = texting.campaign_of(connection, question.digest).steps
        step = next((step for step in steps if step.key == question.step), None)  # a newer version may have dropped it
        if step is not None:
            yield Asked(question, step)
