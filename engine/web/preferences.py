"""`/p/TOKEN`: a partner's own page. It shows what comes next and what is set, nothing of the other partner's.

Each small form is posted to `/p/TOKEN/SECTION` with the stamp of what it was shown with: one that is stale, or is sent
a second time, changes nothing and is answered with what is so now (409).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request, Response

from engine.app import Engine
from engine.deliver.ahead import next_messages
from engine.enroll import own_part
from engine.hear.passes import Opened
from engine.model.campaign import Channel
from engine.model.reply import ConsentPurpose
from engine.render.links import Purpose
from engine.store import confirmations, consents, invitations, parting, preferences, stops
from engine.store.database import Transaction
from engine.store.holders import Holder
from engine.store.pausing import OPEN_ENDED
from engine.store.vault import SEALED_EMAIL, SEALED_PHONE
from engine.web.calendar import feed_path
from engine.web.caller import caller_of
from engine.web.desk import Desk
from engine.web.forms import Form
from engine.web.own_part import Act, OwnPart
from engine.web.passes import LOOKED, TOKEN, Made, Passes, View
from engine.web.person import Wrong, digest_of
from engine.web.routes import act_at, show_at
from engine.web.screen import Screen

ANSWERS = (303, 404, 409, 410, 422, 429)
_SEALED = {"email": SEALED_EMAIL, "phone": SEALED_PHONE}


class Preferences:
    """The routes of the page and its forms; leaving and one's own data have files of their own."""

    def __init__(self, engine: Engine, screen: Screen, desk: Desk, passes: Passes) -> None:
        self._engine = engine
        self._screen = screen
        self._desk = desk
        self._passes = passes
        self._part = OwnPart(engine, desk)
        self.router = APIRouter()
        section = {"name": "section", "in": "path", "required": True, "schema": {"enum": list(self._part.sections)}}
        show_at(self.router, "/p/{token:anything}", self.show, parameters=[TOKEN], answers=LOOKED)
        act_at(self.router, "/p/{token:anything}/{section}", self.act, parameters=[TOKEN, section], answers=ANSWERS)

    async def show(self, request: Request) -> Response:
        """The page; or the last one, for who has left or whose messages have ended for both."""
        done = request.query_params.get("done", "")

        def work(connection: Transaction, found: Opened) -> Made:
            return self.page(connection, found, done=done)

        return await self._passes.look(request, Purpose.PREFERENCES, work, left=True)

    async def act(self, request: Request) -> Response:
        """Do what one form asks."""
        form = await self._screen.form(request)
        name, token = request.path_params["section"], request.path_params["token"]
        section = self._part.sections.get(name)
        if section is None:
            return await self._passes.unknown(request)
        caller, now = caller_of(request, self._engine.settings.web.client_header), self._engine.clock.now()

        waits: list[tuple[timedelta, str]] = []

        def work(connection: Transaction, found: Opened) -> Made:
            waits.clear()  # it may be begun anew
            if self.is_stale(connection, found, form):
                return self.page(connection, found, status=409, stale=True)
            wait = section.do(Act(connection, found, form, caller, now))
            if wait is not None:
                waits.append((wait, found.holder.locale))
                return View("unknown", status=429)  # in its place, once what was counted is stored
            return self._passes.back("p", token, name)

        def again(wrong: Wrong) -> Any:
            given = {field: form.all(field) for field in section.fields}
            return lambda connection, found: self.page(
                connection, found, status=422, section=name, given=given, errors=wrong.errors
            )

        try:
            answer = await self._passes.act(request, Purpose.PREFERENCES, work)
            return await self._desk.wait(*waits[-1]) if waits else answer
        except Wrong as wrong:  # what the form had done by then is undone
            return await self._passes.look(request, Purpose.PREFERENCES, again(wrong))

    def is_stale(self, connection: Transaction, found: Opened, form: Form) -> bool:
        """Whether a form was shown with something that is not so any more."""
        ended = parting.ended_at(connection, found.holder.couple_id) is not None
        now = own_part.stamp(connection, self._engine.vault, found.holder.partner_id)
        return ended or form.line("stamp") != now

    def page(
        self,
        connection: Transaction,
        found: Opened,
        *,
        status: int = 200,
        done: str = "",
        stale: bool = False,
        section: str = "",
        given: Mapping[str, tuple[str, ...]] | None = None,
        errors: Mapping[str, str] | None = None,
    ) -> View:
        """What there is to show, and in which of its forms something was `done`, or is wrong."""
        holder = found.holder
        if holder.left or parting.ended_at(connection, holder.couple_id) is not None:
            return View("ended", {"left": holder.left, "done": done, "errors": errors or {}}, status)
        person = preferences.of(connection, holder.partner_id)
        variables = {
            "stamp": own_part.stamp(connection, self._engine.vault, holder.partner_id),
            "done": done if done in self._part.sections else "",
            "stale": stale,
            "section": section,
            "errors": errors or {},
            "values": {**_values(person), **(given or {})},
            "ahead": next_messages(connection, self._engine.definitions, holder.partner_id),
            "now": self._engine.clock.now(),
            "languages": self._desk.languages,
            "paused": self._paused(person.paused_until),
            "calendar": feed_path(self._engine.links, holder.partner_id, holder.epoch, self._engine.clock.now()),
            **self._reach(connection, person),
            **self._sharing(holder.locale),
            **self._inviting(connection, holder),
        }
        return View("preferences", variables, status)

    def _paused(self, until: datetime | None) -> str | datetime | None:
        """Until when; "open" while it has no end."""
        if until is None or until <= self._engine.clock.now():
            return None
        return "open" if until >= OPEN_ENDED else until

    def _reach(self, connection: Transaction, person: Any) -> dict[str, Any]:
        """How they may be reached: their addresses, half hidden, and what each channel needs yet."""
        part = self._desk.part_of(connection, person.couple_id)
        offer = self._desk.offer(part, person.locale)
        kept = {
            kind: _masked(self._engine.vault.open(person._mapping[f"{kind}_cipher"], purpose))
            for kind, purpose in _SEALED.items()
            if person._mapping[f"{kind}_cipher"] is not None
        }
        mine = tuple(channel for channel in self._desk.channels if channel.address in kept)
        return {
            "offer": offer,
            "addresses": kept,
            "mine": mine,
            "boxes": {channel: digest_of(ticked) for channel, ticked in offer.messages.items()},
            "unagreed": tuple(
                channel for channel in mine if not person._mapping[consents.flag(ConsentPurpose.MESSAGES, channel)]
            ),
            "stopped": self._stopped(connection, person),
            "waiting": confirmations.waiting(connection, person.id),
        }

    def _stopped(self, connection: Transaction, person: Any) -> bool:
        """Whether nothing goes to the address they prefer."""
        index = person._mapping[f"{Channel(person.channel).address}_index"]
        return index is not None and stops.reason(connection, index) is not None

    def _sharing(self, locale: str) -> dict[str, Any]:
        optional = {
            purpose: self._desk.consent.of(purpose, locale) for purpose in ConsentPurpose if purpose != "messages"
        }
        both = [optional[purpose] for purpose in (ConsentPurpose.ANSWERS, ConsentPurpose.PULSE)]
        return {
            "consent": {purpose.value: ticked.words for purpose, ticked in optional.items()},
            "shown_touch": digest_of(optional[ConsentPurpose.TOUCH]),
            "shown_sharing": digest_of(*both),
        }

    def _inviting(self, connection: Transaction, holder: Holder) -> dict[str, Any]:
        if not self._desk.may_invite(connection, holder.partner_id):
            return {"alone": False, "invitation": None, "messaged": False}
        invitation = invitations.by(connection, holder.partner_id)
        link = None if invitation is None else self._desk.invitation_link(invitation.id, holder)
        return {"alone": True, "invitation": link, "messaged": invitation is not None and invitation.messaged}


def _values(person: Any) -> dict[str, Any]:
    """What is stored, as the forms hold it."""

    def clock(value: Any) -> str:
        return "" if value is None else value.isoformat("minutes")

    def yes(value: bool) -> str:
        return "yes" if value else "no"

    return {
        "channel": person.channel,
        "send_at": clock(person.send_at),
        "days": [str(day) for day in sorted(person.reach_days or ())],
        "reach_from": clock(person.reach_from),
        "reach_until": clock(person.reach_until),
        "given_name": person.given_name,
        "timezone": person.timezone,
        "locale": person.locale,
        "pause": "",
        "until": "",
        "causes": sorted(person.causes),
        "agree_touch": yes(person.touch),
        "agree_answers": yes(person.answers_consent),
        "agree_pulse": yes(person.share_pulse),
        "share_texts": yes(person.share_texts),
        "shared_phone": yes(person.shared_phone),
        "new_channel": person.channel,
        "email": "",
        "phone": "",
        "their_channel": "email",
        "their_email": "",
        "their_phone": "",
        "their_locale": person.locale,
    }


def _masked(address: str) -> str:
    """Enough of it to be known again by whoever has it."""
    name, at, domain = address.rpartition("@")
    return f"{name[:1]}…@{domain}" if at else f"…{address[-3:]}"
