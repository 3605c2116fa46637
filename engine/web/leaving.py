"""`/p/TOKEN/leave`, `/over` and `/erase`: out, alone or for both, at once.

Whoever wants to go is never told that their page is old: these forms have no stamp, and done twice they are done once.
"""

import asyncio

from fastapi import APIRouter, Request, Response

from engine.app import Engine
from engine.hear.passes import Opened
from engine.model.enrollment import StopReason
from engine.render.links import Purpose
from engine.store import holders, parting
from engine.store.database import Transaction
from engine.store.erasing import erase
from engine.store.leaving import leave
from engine.web.passes import TOKEN, Made, Passes, View
from engine.web.person import YES
from engine.web.preferences import Preferences
from engine.web.routes import act_at
from engine.web.screen import Screen

OVER = {"together": StopReason.COUPLE_LEFT, "loss": StopReason.LIFE_EVENT, "separation": StopReason.LIFE_EVENT}
"""What both stop for. Which of them it was is told to nobody, nor kept but for the reason of stopping."""


class Leaving:
    """The routes."""

    def __init__(self, engine: Engine, screen: Screen, passes: Passes, preferences: Preferences) -> None:
        self._engine = engine
        self._screen = screen
        self._passes = passes
        self._preferences = preferences
        self.router = APIRouter()
        act_at(self.router, "/p/{token:anything}/leave", self.leave, parameters=[TOKEN], answers=(303, 404, 410))
        act_at(self.router, "/p/{token:anything}/over", self.over, parameters=[TOKEN], answers=(303, 404, 410, 422))
        act_at(self.router, "/p/{token:anything}/erase", self.erase, parameters=[TOKEN], answers=(200, 404, 410, 422))

    async def leave(self, request: Request) -> Response:
        """Leave alone: nothing more comes, and the other's messages go on, or end as if it had been time."""
        await self._screen.form(request)
        locale = await asyncio.to_thread(self._left_before, request.path_params["token"])
        if locale is not None:  # a button that is pressed twice
            return await self._screen.show(
                "ended",
                locale,
                left=True,
                done="leave",
                errors={},
                # They have left, and there is no link: it is no password.
                token="",  # nosec B106
            )

        def work(connection: Transaction, found: Opened) -> Made:
            now = self._engine.clock.now()
            leave(connection, found.holder.partner_id, now)
            gone = holders.of_partner(connection, found.holder.partner_id)
            if gone is None:
                return None
            # Links that were sent are worthless from now on; this one is for the last page.
            fresh = self._engine.links.sign(Purpose.PREFERENCES, gone.partner_id, gone.epoch, now.date())
            return self._passes.back("p", fresh, "leave")

        return await self._passes.act(request, Purpose.PREFERENCES, work, left=True)

    def _left_before(self, token: str) -> str | None:
        """The language of whoever left by a link like this: it was theirs, and opens nothing any more."""
        signed = self._engine.links.open(Purpose.PREFERENCES, token, self._engine.clock.now().date())
        if signed is None:
            return None
        with self._engine.database.read() as connection:
            holder = holders.of_partner(connection, signed.id)
        return holder.locale if holder is not None and holder.left else None

    async def over(self, request: Request) -> Response:
        """End it for both, in one tap: they leave together, have lost somebody, or part."""
        form = await self._screen.form(request)
        why = form.line("why")

        def work(connection: Transaction, found: Opened) -> Made:
            if why not in OVER:
                return self._preferences.page(connection, found, status=422)
            parting.part(connection, found.holder.couple_id, OVER[why], self._engine.clock.now())
            return self._passes.back("p", request.path_params["token"], why)

        return await self._passes.act(request, Purpose.PREFERENCES, work)

    async def erase(self, request: Request) -> Response:
        """Delete all that is theirs."""
        form = await self._screen.form(request)

        def work(connection: Transaction, found: Opened) -> Made:
            if form.line("sure") != YES:
                errors = {"sure": "preferences.wrong.sure"}
                return self._preferences.page(connection, found, status=422, section="erase", errors=errors)
            erase(connection, self._engine.vault, found.holder.partner_id, self._engine.clock.now())
            return View("erased")

        return await self._passes.act(request, Purpose.PREFERENCES, work, left=True)
