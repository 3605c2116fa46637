"""`/i/TOKEN`: whoever is invited decides for themselves, on a page of their own.

The page is the same before and after a no, and says the same to everybody who has the link: whoever invites has it too.
"""

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response

from engine.app import Engine
from engine.enroll.confirming import seat_for
from engine.hear.passes import opened
from engine.render.links import Purpose
from engine.store import invitations
from engine.store.invitations import Invitation
from engine.web.caller import caller_of
from engine.web.confirm import PASS
from engine.web.desk import Desk, Part
from engine.web.person import Wrong, read_person
from engine.web.routes import act_at, show_at
from engine.web.screen import Screen
from engine.web.turn import Turn

PATH = "/i/{token:anything}"
SOURCE = "invitation page"
"""Where a suppression says that it came from."""


@dataclass(frozen=True, slots=True)
class _Open:
    """An invitation that can be taken up, and what it is to."""

    invitation: Invitation
    part: Part


class Invited:
    """The routes."""

    def __init__(self, engine: Engine, turn: Turn, screen: Screen, desk: Desk) -> None:
        self._engine = engine
        self._turn = turn
        self._screen = screen
        self._desk = desk
        self.router = APIRouter()
        act_at(self.router, PATH + "/decline", self.decline, parameters=[PASS], answers=(200, 404, 410))
        show_at(self.router, PATH, self.show, parameters=[PASS], answers=(200, 404, 410))
        act_at(self.router, PATH, self.act, parameters=[PASS], answers=(200, 404, 410, 422, 429))

    async def show(self, request: Request) -> Response:
        """Who invites, to what, and the form."""
        found = await self._open(request)
        if isinstance(found, Response):
            return found
        return await self._form(request, found, self._desk.locale(request), values={}, errors={})

    async def act(self, request: Request) -> Response:
        """Take in the sign-up of whoever is invited."""
        request.state.locale = locale = self._desk.locale(request)
        form = await self._screen.form(request)
        found = await self._open(request)
        if isinstance(found, Response):
            return found
        try:
            signup = read_person(form, self._desk.offer(found.part, locale))
        except Wrong as wrong:
            return await self._form(request, found, locale, status=422, values=form, errors=wrong.errors)
        caller = caller_of(request, self._engine.settings.web.client_header)
        now, number = self._engine.clock.now(), found.invitation.id
        take = partial(self._engine.reception.sign_up, signup, caller, now, invitation_id=number)
        wait = await self._turn.insist(take)
        if wait is not None:
            return await self._desk.wait(wait, locale)
        return await self._screen.show("sent", locale, channel=signup.channel)

    async def decline(self, request: Request) -> Response:
        """Whoever is invited says no, for good; whoever invites is not told."""
        request.state.locale = locale = self._desk.locale(request)
        await self._screen.form(request)
        found = await self._open(request)
        if isinstance(found, Response):
            return found
        now = self._engine.clock.now()
        await self._turn.insist(partial(self._engine.reception.decline_invitation, found.invitation, SOURCE, now))
        return await self._screen.show("declined", locale)

    async def _open(self, request: Request) -> _Open | Response:
        found = await asyncio.to_thread(self._find, request.path_params["token"])
        if isinstance(found, _Open):
            return found
        page, status = ("unknown", 404) if found is None else ("invitation-closed", 410)
        return await self._screen.show(page, self._desk.locale(request), status=status)

    def _find(self, token: str) -> _Open | Invitation | None:
        """The invitation, open or closed; None for a link that is not ours, or whose sender is there no more."""
        with self._engine.database.read() as connection:
            found = opened(connection, self._engine.links, Purpose.INVITE, token, self._engine.clock.now())
            invitation = None if found is None else invitations.find(connection, found.id)
            if found is None or invitation is None:
                return None
            if found.expired or seat_for(connection, invitation) is None:
                return invitation
            return _Open(invitation, self._desk.part_of(connection, invitation.couple_id))

    async def _form(self, request: Request, found: _Open, locale: str, *, status: int = 200, **given: Any) -> Response:
        return await self._screen.show(
            "invitation",
            locale,
            status=status,
            name=found.invitation.given_name,
            title=found.part.title(locale),
            per_week=found.part.per_week,
            offer=self._desk.offer(found.part, locale),
            languages=self._desk.languages,
            now=self._engine.clock.now(),
            decline=f"{request.path_params['token']}/decline?lang={locale}",
            **given,
        )
