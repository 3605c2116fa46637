"""What the words do that only we understand: one function an order, in a visible table.

Every order is about the open question, or about whoever wrote. Each may be repeated. One partner's orders are never
told to the other, nor can the other's change what is answered here.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from engine.clock import UnknownZone
from engine.hear import answers as answering
from engine.hear import feedback
from engine.hear.later import Later, put_off
from engine.hear.smaller import smaller_version
from engine.hear.texted import not_kept
from engine.hear.texting import Texting
from engine.hear.wrote import Asked, Wrote
from engine.model.campaign import Audience
from engine.model.event import Command
from engine.model.reply import Feedback
from engine.plan.local import to_instant, wall_time
from engine.render import notices
from engine.render.notices import Response, When
from engine.store import answers, pausing
from engine.store.pausing import OPEN_ENDED
from engine.store.writers import Writer

PAUSE_FOR = timedelta(days=7)

Order = Callable[[Connection, Texting, Wrote, Writer], Response | None]
"""Carries an order out; what its writer is answered."""
OfQuestion = Callable[[Connection, Texting, Wrote, Writer, Asked], Response | None]


def done(connection: Connection, texting: Texting, wrote: Wrote, writer: Writer, asked: Asked) -> Response | None:
    """They did it: draws mind that. Said once."""
    news = feedback.give(connection, texting.means, asked.question, Feedback.DID, wrote.received_at)
    return Response(notices.DONE, writer.locale) if news else None


def smaller(connection: Connection, texting: Texting, wrote: Wrote, writer: Writer, asked: Asked) -> Response:
    """It is too much today: the smaller version at once, or the page that has it."""
    feedback.give(connection, texting.means, asked.question, Feedback.SMALLER, wrote.received_at)
    text = smaller_version(connection, texting, wrote, asked)
    link = texting.page("n", asked.question, wrote.today)
    return Response(notices.SMALLER, writer.locale, smaller=text, link=link)


def later(connection: Connection, texting: Texting, wrote: Wrote, writer: Writer, asked: Asked) -> Response:
    """The same message again, at its own local time on the day after the text; one that waits already is enough."""
    question = asked.question
    campaign = texting.campaign_of(connection, question.digest)
    found = put_off(connection, question, asked.step, campaign, writer, wrote.inbound.at)
    match found.outcome, found.moment:
        case Later.COMES, datetime() as moment:
            return Response(notices.LATER, writer.locale, when=When.of(wall_time(moment, writer.timezone)))
        case Later.PAUSED, datetime() as until:
            return _paused(writer, until)
        case Later.ENOUGH, _:
            return Response(notices.NO_LATER, writer.locale, link=texting.page("n", question, wrote.today))
    return Response(notices.NOTHING, writer.locale)


def pause(connection: Connection, texting: Texting, wrote: Wrote, writer: Writer) -> Response:
    """Nothing for a week, until the same local time; a longer pause stays as long as it is. Two who share the phone are
    both paused.
    """
    until = {each.id: _longer(each.paused_until, _in_a_week(wrote.inbound.at, each.timezone)) for each in wrote.present}
    for partner_id, moment in until.items():
        pausing.pause_partner(connection, partner_id, moment)
    return _paused(writer, until[writer.id])


def resume(connection: Connection, texting: Texting, wrote: Wrote, writer: Writer) -> Response:
    """End their own pause, if there is one; a pause of the couple stays, and is not spoken of."""
    for each in wrote.present:
        pausing.resume_partner(connection, each.id)
    return Response(notices.RESUMED, writer.locale)


def menu(connection: Connection, texting: Texting, wrote: Wrote, writer: Writer) -> Response:
    """The words there are, and their own page; on a shared phone without it, for it would be either's to open."""
    return Response(notices.MENU, writer.locale, link="" if wrote.shared else texting.own_page(writer, wrote.today))


def share(connection: Connection, texting: Texting, wrote: Wrote, writer: Writer, asked: Asked) -> Response:
    """Show the answer once both have shared theirs; said before there is one, it holds for what comes."""
    return _chosen(connection, texting, wrote, writer, asked, shared=True)


def private(connection: Connection, texting: Texting, wrote: Wrote, writer: Writer, asked: Asked) -> Response:
    """Keep the answer to its author; said before there is one, it holds for what comes."""
    return _chosen(connection, texting, wrote, writer, asked, shared=False)


def _about_question(
    order: OfQuestion, connection: Connection, texting: Texting, wrote: Wrote, writer: Writer
) -> Response | None:
    """Carry out an order about the open question; where there is none, say so."""
    if wrote.question is None:
        return Response(notices.NOTHING, writer.locale)
    asked_of = wrote.question.question.partner_id
    writer = next((each for each in wrote.present if each.id == asked_of), writer)
    return order(connection, texting, wrote, writer, wrote.question)


ORDERS: Mapping[Command, Order] = {
    Command.DONE: partial(_about_question, done),
    Command.SMALLER: partial(_about_question, smaller),
    Command.LATER: partial(_about_question, later),
    Command.SHARE: partial(_about_question, share),
    Command.PRIVATE: partial(_about_question, private),
    Command.PAUSE: pause,
    Command.RESUME: resume,
    Command.MENU: menu,
}


def _chosen(
    connection: Connection, texting: Texting, wrote: Wrote, writer: Writer, asked: Asked, *, shared: bool
) -> Response:
    question = asked.question
    if wrote.shared or not question.answers_consent:  # as inbound has read it
        return not_kept(texting, wrote, question, "a")
    if answers.is_revealed(connection, question):
        return Response(notices.CLOSED, writer.locale)
    answering.share(connection, texting.means, question, shared=shared, now=wrote.received_at)
    kept = answers.find(connection, texting.means.vault, question)
    # One that may speak of danger stays its author's, and where only one is asked there is nothing to share.
    showable = asked.step.audience is not Audience.ALTERNATING and (kept is None or not kept.withheld)
    return Response(notices.SHARE if shared and showable else notices.PRIVATE, writer.locale)


def _in_a_week(moment: datetime, timezone: str) -> datetime:
    try:
        return to_instant(wall_time(moment, timezone).replace(tzinfo=None) + PAUSE_FOR, timezone)[0]
    except UnknownZone:
        return moment + PAUSE_FOR


def _longer(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else max(one, other)


def _paused(writer: Writer, until: datetime) -> Response:
    """Until when they are paused, on their own calendar; without an end, until they resume."""
    if until >= OPEN_ENDED:
        return Response(notices.PAUSED, writer.locale)
    try:
        wall = wall_time(until, writer.timezone)
    except UnknownZone:
        wall = until
    return Response(notices.PAUSED, writer.locale, when=When.of(wall))
