"""`/join`: the campaigns there are. `/join/CAMPAIGN`: sign up for one.

Whatever address is given, the answer is the same: see enroll.signup.
"""

import asyncio
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response

from engine.app import Engine
from engine.model.campaign import Campaign
from engine.web.caller import caller_of
from engine.web.desk import Desk, Part
from engine.web.person import Wrong, read_person
from engine.web.routes import act_at, in_path, show_at
from engine.web.screen import Screen
from engine.web.turn import Turn

CAMPAIGN = in_path("campaign", "^[a-z0-9-]{1,80}$")


class Join:
    """The routes."""

    def __init__(self, engine: Engine, turn: Turn, screen: Screen, desk: Desk) -> None:
        self._engine = engine
        self._turn = turn
        self._screen = screen
        self._desk = desk
        self.router = APIRouter()
        show_at(self.router, "/join", self.list, answers=(200,))
        show_at(self.router, "/join/{campaign:anything}", self.show, parameters=[CAMPAIGN])
        act_at(
            self.router,
            "/join/{campaign:anything}",
            self.act,
            parameters=[CAMPAIGN],
            answers=(200, 404, 422, 429),
        )

    async def list(self, request: Request) -> Response:
        """The campaigns that anybody may sign up for."""
        locale = self._desk.locale(request)
        found = await asyncio.to_thread(self._engine.reception.open_campaigns)
        campaigns = [(name, each.title_in(locale), each.weeks, each.caps.per_week) for name, each in found.items()]
        return await self._screen.show("join", locale, campaigns=campaigns, languages=self._desk.languages)

    async def show(self, request: Request) -> Response:
        """The form."""
        locale = self._desk.locale(request)
        campaign = await self._campaign(request)
        if campaign is None:
            return await self._screen.problem(404, locale)
        return await self._form(campaign, locale, values={}, errors={})

    async def act(self, request: Request) -> Response:
        """Take in a sign-up."""
        request.state.locale = locale = self._desk.locale(request)
        form = await self._screen.form(request)
        campaign = await self._campaign(request)
        if campaign is None:
            return await self._screen.problem(404, locale)
        try:
            signup = read_person(form, self._desk.offer(Part((campaign,)), locale))
        except Wrong as wrong:
            return await self._form(campaign, locale, status=422, values=form, errors=wrong.errors)
        caller = caller_of(request, self._engine.settings.web.client_header)
        take = partial(self._engine.reception.sign_up, signup, caller, self._engine.clock.now(), campaign=campaign.id)
        wait = await self._turn.insist(take)
        if wait is not None:
            return await self._desk.wait(wait, locale)
        return await self._screen.show("sent", locale, channel=signup.channel)

    async def _campaign(self, request: Request) -> Campaign | None:
        return await asyncio.to_thread(self._engine.reception.open_campaign, request.path_params["campaign"])

    async def _form(self, campaign: Campaign, locale: str, *, status: int = 200, **given: Any) -> Response:
        return await self._screen.show(
            "sign-up",
            locale,
            status=status,
            title=campaign.title_in(locale),
            weeks=campaign.weeks,
            per_week=campaign.caps.per_week,
            offer=self._desk.offer(Part((campaign,)), locale),
            languages=self._desk.languages,
            now=self._engine.clock.now(),
            **given,
        )
