"""What people and the operator do, by the doors that they use. Each act says whether its author was told "done"."""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import update

from engine.deliver.halting import EVERYTHING
from engine.enroll.changes import Changes
from engine.errors import NotFound, Refused
from engine.hear import answers, pulses
from engine.hear.unsubscribe import unsubscribe
from engine.model.campaign import Channel
from engine.model.couple import Consent, NewPartner
from engine.model.delivery import Verdict
from engine.model.enrollment import StopReason
from engine.operating import Operator
from engine.render.links import Purpose
from engine.store import couples, own_data, parting, pausing, questions
from engine.store.database import Transaction
from engine.store.erasing import erase
from engine.store.leaving import leave
from engine.store.schema import partners
from engine.web.unsubscribe import ONE_CLICK
from fuzz import loop as loops
from fuzz.campaigns import wall
from fuzz.machine import VAULT, Process
from fuzz.script import Happening, Kind, Person
from fuzz.town import Town

CONSENT = Consent("Yes, send me prompts.", "a page")
Told = tuple[bool, dict[str, Any]]
Act = Callable[["Town", Process, Happening], Told]
NOT: Told = (False, {})
DONE: Told = (True, {})
CHANGED = {"zone": "timezone", "reach_days": "days"}


def join(town: Town, process: Process, it: Happening) -> Told:
    """Comes in, and is enrolled in the campaign as it is now. Tried again, it goes on where it ended."""
    engine, number = process.engine, _who(it)
    people = [each for each in town.script.people if each.couple == number]
    if not town.partners_of(number):
        with engine.database.begin() as connection:
            couple_id = couples.add(
                connection, VAULT, town.ref(number), [_new(each) for each in people], CONSENT, engine.clock.now()
            )
            for each in people:
                mine = (partners.c.couple_id == couple_id) & (partners.c.position == each.position)
                kept = {"answers_consent": each.keeps_answers, "share_texts": each.keeps_answers}
                refused = {f"{way}_consent": False for way in ("email", "sms") if way not in each.consents}
                connection.execute(update(partners).where(mine).values(**kept, **refused))
    engine.enroll(town.campaign, date.fromisoformat(it.detail["start"]), [town.ref(number)])
    return DONE


def _new(person: Person) -> NewPartner:
    return NewPartner(
        person.name,
        person.email,
        person.phone,
        person.zone,
        person.locale,
        Channel(person.channel),
        wall(person.send_at),
    )


def text(words: str | None) -> Act:
    """Texts something from their phone."""

    def act(town: Town, process: Process, it: Happening) -> Told:
        person = town.people[_who(it)]
        if person.phone is None:
            return NOT
        said = it.detail["text"] if words is None else words
        return town.texted(process, it, person.phone, said)

    return act


def answer(town: Town, process: Process, it: Happening) -> Told:
    """Answers the last question, on its page or by text."""
    person = town.people[_who(it)]
    if it.detail.get("by") == "text" and person.phone is not None:
        told, about = town.texted(process, it, person.phone, it.detail["text"])
        return told, {**about, "by": "text", "share": person.keeps_answers}
    asked = town.last_sent(person.number, "activity")
    if asked is None:
        return NOT
    engine, now = process.engine, process.clock.now()
    with engine.database.begin() as connection:
        question = questions.find(connection, asked)
        if question is None or question.left or not question.answers_consent:
            return False, {"delivery": asked}
        step = town.step_of(question.step)
        share = bool(it.detail.get("share")) and step.audience == "both"
        given = answers.give(connection, engine.means, question, it.detail["text"], share=share, source="page", now=now)
    return given.kept, {"delivery": asked, "by": "page", "share": share}


def rate(town: Town, process: Process, it: Happening) -> Told:
    """Answers the last pulse, on its page."""
    asked = town.last_sent(_who(it), "pulse")
    if asked is None:
        return NOT
    engine = process.engine
    with engine.database.begin() as connection:
        question = questions.find(connection, asked)
        if question is None or question.left:
            return False, {"delivery": asked}
        pulses.rate(connection, engine.means, question, it.detail["stars"], process.clock.now())
    return True, {"delivery": asked}


def one_click(town: Town, process: Process, it: Happening) -> Told:
    """Unsubscribes by the link in their last email, as a mailbox provider does for them."""
    person = _who(it)
    engine = process.engine
    if town.last_sent(person, channel="email") is None or person not in town.rows:
        return NOT
    token = engine.links.token(Purpose.UNSUBSCRIBE, town.rows[person], Channel.EMAIL)
    claims = engine.links.read(Purpose.UNSUBSCRIBE, token)
    if claims is None:
        return NOT
    unsubscribe(engine.database, claims, process.clock.now(), ONE_CLICK)
    return DONE


def change(town: Town, process: Process, it: Happening) -> Told:
    """Changes what they said of how they are reached."""
    if _who(it) not in town.rows:
        return NOT
    known = {each.name for each in fields(Changes)}
    said = {CHANGED.get(name, name): value for name, value in it.detail.items()}
    process.engine.change_partner(
        town.rows[_who(it)], Changes(**{name: value for name, value in said.items() if name in known})
    )
    return DONE


def own(act: Callable[[Transaction, int, datetime, Happening], Any]) -> Act:
    """What somebody does on their own page, in one transaction."""

    def do(town: Town, process: Process, it: Happening) -> Told:
        row = town.rows.get(_who(it))
        if row is None or not town.is_there(row):
            return NOT
        with process.engine.database.begin() as connection:
            act(connection, row, process.clock.now(), it)
        return DONE

    return do


def _over(town: Town, process: Process, it: Happening) -> Told:
    row = town.rows.get(_who(it))
    couple = None if row is None else town.couple_row(row)
    if couple is None:
        return NOT
    with process.engine.database.begin() as connection:
        parting.part(connection, couple, StopReason.LIFE_EVENT, process.clock.now())
    return DONE


def operate(act: Callable[[Operator, Town, Happening], Any]) -> Act:
    """What the operator does."""

    def do(town: Town, process: Process, it: Happening) -> Told:
        act(Operator(process.engine), town, it)
        return DONE

    return do


def _suppress(operator: Operator, town: Town, it: Happening) -> None:
    person, channel = town.people[_who(it)], Channel(it.detail["channel"])
    address = person.email if channel is Channel.EMAIL else person.phone
    if address is None:
        raise Refused("There is no such address.", fix="Look again.")
    operator.suppress(channel, address)


def edit(town: Town, process: Process, it: Happening) -> Told:
    """Moves all couples to another version; who comes later comes into that one."""
    new = town.campaigns[it.detail["course"]]
    others = [each.digest for each in town.campaigns if each.digest != new.digest]
    process.engine.upgrade_couples(new, others, actor="operator")
    town.campaign = new
    return DONE


def confirm(town: Town, process: Process, it: Happening) -> Told:
    """Lets go on what was restored."""

    def plan() -> None:
        loop = loops.LeapingLoop(town.notebook.clock)
        try:
            loops.beside(lambda: loops.run(loop, process.engine.plan()))
        finally:
            loop.close()

    Operator(process.engine).confirm_restore(plan)
    return DONE


def returned(kind: str, suppress: str) -> Act:
    """The provider tells of somebody's last email that it came back, or was called spam."""

    def act(town: Town, process: Process, it: Happening) -> Told:
        person = town.people[_who(it)]
        last = town.last_sent(person.number, channel="email")
        if last is None or person.email is None or person.number not in town.rows:
            return NOT
        about = {"type": kind, "suppress": suppress, "address": person.email, "reference": town.reference(last)}
        town.must_hear(process, "email", [town.entry(f"{kind} {it.number}", **about)])
        return True, {"delivery": last}

    return act


def look_at_own_data(town: Town, process: Process, person: int) -> None:
    """Somebody looks at all that is kept of them."""
    row = town.rows.get(person)
    if row is None or not town.is_there(row):
        return
    with process.engine.database.read() as connection:
        data = own_data.of_partner(connection, VAULT, row)
    town.notebook.show(person, "export", json.dumps(data, default=str, ensure_ascii=False))


def _who(it: Happening) -> int:
    if it.who is None:
        raise ValueError(f"happening {it.number} is nobody's")
    return it.who


def _until(it: Happening) -> datetime:
    return datetime.fromtimestamp(it.detail["until"], UTC)


ACTS: Mapping[Kind, Act] = {
    Kind.JOIN: join,
    Kind.STOP: text("STOP"),
    Kind.START: text("START"),
    Kind.UNSUBSCRIBE: one_click,
    Kind.PAUSE: own(lambda connection, row, now, it: pausing.pause_partner(connection, row, _until(it))),
    Kind.RESUME: own(lambda connection, row, now, it: pausing.resume_partner(connection, row)),
    Kind.CHANGE: change,
    Kind.ANSWER: answer,
    Kind.RATE: rate,
    Kind.LEAVE: own(lambda connection, row, now, it: leave(connection, row, now)),
    Kind.ERASE: own(lambda connection, row, now, it: erase(connection, VAULT, row, now)),
    Kind.SPLIT: _over,
    Kind.PAUSE_COUPLE: operate(lambda operator, town, it: operator.pause_couple(town.ref(_who(it)), _until(it))),
    Kind.RESUME_COUPLE: operate(lambda operator, town, it: operator.resume_couple(town.ref(_who(it)))),
    Kind.STOP_COUPLE: operate(lambda operator, town, it: operator.stop_couple(town.ref(_who(it)))),
    Kind.SUPPRESS: operate(_suppress),
    Kind.HOLD: operate(lambda operator, town, it: operator.pause(EVERYTHING)),
    Kind.RELEASE: operate(lambda operator, town, it: operator.resume(EVERYTHING)),
    Kind.EDIT: edit,
    Kind.CONFIRM: confirm,
    Kind.RESOLVE: operate(lambda operator, town, it: operator.resolve(None, Verdict(it.detail["verdict"]))),
    Kind.BOUNCE: returned("bounced", "hard_bounce"),
    Kind.COMPLAIN: returned("complained", "complaint"),
}
REFUSALS = NotFound, Refused
"""What is a plain no, and no fault."""
