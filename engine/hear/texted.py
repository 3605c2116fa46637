"""Answers and pulses by text.

All that a partner texts to one question is one answer, in order of time, a line for each text. It is put together anew
from the stored texts whenever one comes, so that neither repetitions nor the order of arrival make a difference. What
was written on the page stays, and later texts are added to it. What is answered depends on what this partner did, and
on nothing that the other did or left undone, until both have seen both answers.
"""

from collections.abc import Sequence

from sqlalchemy import Connection

from engine.hear import answers as answering
from engine.hear import pulses
from engine.hear.alarmed import alarmed
from engine.hear.answers import LONGEST
from engine.hear.keywords import read
from engine.hear.pictures import with_pictures
from engine.hear.safety import screen
from engine.hear.texting import Texting
from engine.hear.wrote import Asked, Wrote
from engine.model.campaign import Audience
from engine.model.event import Command
from engine.model.reply import ReadAs
from engine.render.notices import CLOSED, KEPT_OWN, KEPT_PRIVATE, KEPT_SHARED, RATED, SHARED_PHONE, UNASKED, Response
from engine.store import answers, replies
from engine.store.questions import Question
from engine.store.replies import Text


def answer(connection: Connection, texting: Texting, wrote: Wrote, asked: Asked, reply_id: int) -> Response | None:
    """Put a text that is stored as an answer into the answer; the first one is acknowledged."""
    question, vault = asked.question, texting.means.vault
    texts = replies.about(connection, vault, question)
    given = [each for each in texts if each.read_as == ReadAs.ANSWER]
    kept = answers.find(connection, vault, question)
    so_far = None if kept is None else kept.text
    withheld = any(each.read_as == ReadAs.DANGER for each in texts)
    shared = _said(texts, otherwise=question.share_texts)
    if kept is not None and so_far is not None:
        withheld, shared = kept.withheld, kept.shared
    text = _joined(so_far, given, reply_id, question.locale)
    if not withheld and (danger := screen(text)) is not None:  # in pieces, none of which says it by itself
        replies.reread(connection, reply_id, ReadAs.DANGER)
        return alarmed(connection, texting, wrote, danger, reply_id)
    now = wrote.received_at
    put = answers.give(connection, vault, question, text, shared=shared, withheld=withheld, now=now)
    if put is not None and not withheld:
        answering.reveal(connection, texting.means, question, now)
    if len(given) > 1:
        return None
    if put is None:
        return Response(CLOSED, question.locale)
    if withheld or asked.step.audience is Audience.ALTERNATING:
        return Response(KEPT_OWN, question.locale)
    return Response(KEPT_SHARED if shared else KEPT_PRIVATE, question.locale)


def pulse(connection: Connection, texting: Texting, wrote: Wrote, asked: Asked, value: int) -> Response | None:
    """Keep a rating; a change is acknowledged."""
    changed = pulses.rate(connection, texting.means, asked.question, value, wrote.inbound.at)
    return Response(RATED, asked.question.locale, number=value) if changed else None


def unasked(
    connection: Connection, texting: Texting, wrote: Wrote, asked: Asked, page: str, reply_id: int
) -> Response | None:
    """Words that are kept as nobody's answer, because their writer has not agreed to it or cannot be known: said once
    for each question.
    """
    texts = replies.about(connection, texting.means.vault, asked.question)
    such = [each for each in texts if each.read_as == ReadAs.UNASKED]
    if (danger := screen("\n".join(each.text for each in such))) is not None:
        replies.reread(connection, reply_id, ReadAs.DANGER)
        return alarmed(connection, texting, wrote, danger, reply_id)
    return not_kept(texting, wrote, asked.question, page) if len(such) == 1 else None


def not_kept(texting: Texting, wrote: Wrote, question: Question, page: str) -> Response:
    """Why a text is not kept as an answer, and the page that helps."""
    if wrote.shared or wrote.writer is None:
        return Response(SHARED_PHONE, wrote.locale, link=texting.page(page, question, wrote.today))
    return Response(UNASKED, wrote.locale, link=texting.own_page(wrote.writer, wrote.today))


def _joined(so_far: str | None, given: Sequence[Text], reply_id: int, locale: str) -> str:
    """The answer with the new text in it: all texts in order of time, unless somebody has been at it on its page."""

    def joined(texts: Sequence[Text]) -> str:
        return "\n".join(with_pictures(each.text, each.media, locale) for each in texts)[:LONGEST]

    if so_far == joined([each for each in given if each.id != reply_id]):
        return joined(given)
    new = joined([each for each in given if each.id == reply_id])
    # None: there was none, or it was deleted there; what has been taken back does not come again.
    return new if so_far is None else f"{so_far}\n{new}"[:LONGEST]


def _said(texts: Sequence[Text], *, otherwise: bool) -> bool:
    """Whether an answer is to be shared: as was last ordered for this question, else as its author usually wants."""
    orders = [read(each.text).command for each in texts if each.read_as == ReadAs.ORDER]
    return next((order is Command.SHARE for order in reversed(orders) if order in CHOICES), otherwise)


CHOICES = frozenset({Command.SHARE, Command.PRIVATE})
