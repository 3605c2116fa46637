"""`/c/TOKEN`: is this address yours? GET shows a page with one button; POST, and nothing else, confirms."""

import asyncio
from dataclasses import dataclass
from functools import partial

from fastapi import APIRouter, Request, Response

from engine.app import Engine
from engine.enroll.confirming import Confirmed, Outcome
from engine.hear.passes import opened
from engine.render.links import Purpose
from engine.store import confirmations
from engine.store.confirmations import Confirmation
from engine.store.holders import Holder
from engine.web.desk import Desk
from engine.web.routes import act_at, in_path, show_at
from engine.web.screen import Screen
from engine.web.turn import Turn

PATH = "/c/{token:anything}"
PASS = in_path("token", "^[A-Za-z0-9_-]{36}$")
"""A pass (render.links), as every page of one person has it."""

REFUSED = {
    Outcome.GONE: 410,
    Outcome.TAKEN: 409,
    Outcome.SHUT: 409,
    Outcome.CLOSED: 410,
}


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is to be confirmed, and for whom."""

    confirmation: Confirmation
    holder: Holder
    expired: bool


class Confirm:
    """The routes."""

    def __init__(self, engine: Engine, turn: Turn, screen: Screen, desk: Desk) -> None:
        self._engine = engine
        self._turn = turn
        self._screen = screen
        self._desk = desk
        self.router = APIRouter()
        show_at(self.router, PATH, self.show, parameters=[PASS], answers=(200, 404, 410))
        act_at(self.router, PATH, self.act, parameters=[PASS], answers=(200, 404, 409, 410))

    async def show(self, request: Request) -> Response:
        """The page that asks; or, once it is confirmed, what has come of it."""
        asked = await self._open(request)
        if isinstance(asked, Response):
            return asked
        return await self._screen.show("confirm", asked.holder.locale, channel=asked.confirmation.to.channel)

    async def act(self, request: Request) -> Response:
        """Confirm, once; again, and it is as it was."""
        request.state.locale = self._screen.locale(request)
        await self._screen.form(request)
        asked = await self._open(request)
        if isinstance(asked, Response):
            return asked
        now = self._engine.clock.now()
        done: Confirmed = await self._turn.insist(partial(self._engine.reception.confirm, asked.confirmation.id, now))
        if done.outcome in REFUSED:
            return await self._refused(done.outcome, asked)
        return await self._standing(asked)

    async def _open(self, request: Request) -> _Asked | Response:
        """What there is to confirm, or the page that is shown instead."""
        found = await asyncio.to_thread(self._find, request.path_params["token"])
        if found is None:
            return await self._screen.show("unknown", self._screen.locale(request), status=404)
        if isinstance(found, Confirmation):
            return await self._screen.show("confirmed-before", self._screen.locale(request))
        if found.confirmation.confirmed:
            return await self._standing(found)
        return await self._refused(Outcome.GONE, found) if found.expired else found

    def _find(self, token: str) -> _Asked | Confirmation | None:
        """What a link is about; the confirmation alone where it was confirmed and its links are others now."""
        now, links = self._engine.clock.now(), self._engine.links
        with self._engine.database.read() as connection:
            found = opened(connection, links, Purpose.CONFIRM, token, now)
            signed = links.open(Purpose.CONFIRM, token, now.date())
            confirmation = None if signed is None else confirmations.find(connection, signed.id)
        if confirmation is None:
            return None
        if found is None:
            return confirmation if confirmation.confirmed else None
        return _Asked(confirmation, found.holder, found.expired)

    async def _standing(self, asked: _Asked) -> Response:
        """Welcome: what comes next, whom to invite, where to change one's mind."""
        confirmation, holder = asked.confirmation, asked.holder
        standing = await asyncio.to_thread(self._desk.standing, holder.partner_id)
        joined = confirmation.invitation_id is not None
        moved = not joined and confirmation.campaign is None
        return await self._screen.show(
            "confirmed", holder.locale, name=holder.given_name, joined=joined, moved=moved, **standing
        )

    async def _refused(self, outcome: Outcome, asked: _Asked) -> Response:
        return await self._screen.show(
            "not-confirmed",
            asked.holder.locale,
            status=REFUSED[outcome],
            why=outcome,
            channel=asked.confirmation.to.channel,
            again=self._engine.settings.join.open,
        )
