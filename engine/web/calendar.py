"""`/calendar/TOKEN.ics`: a partner's own calendar feed: when messages come, on their own clock, and nothing else.

Every event has the same few words, whatever the message will be: calendars are shared, and shown on walls. The link is
a pass of its own; it ends with its partner's other links, when their epoch is raised, and by itself in LIFETIMES.
"""

from datetime import datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response

from engine.app import Engine
from engine.deliver.ahead import upcoming
from engine.hear.passes import Opened
from engine.parts import template_folders
from engine.render.ics import MEDIA_TYPE, Event, event_uid, written
from engine.render.links import Links, Purpose
from engine.render.pages import WEB
from engine.render.words import words_for
from engine.store.database import Transaction
from engine.web.passes import LOOKED, TOKEN, Made, Passes
from engine.web.routes import described, head_at

AHEAD = timedelta(days=120)
LASTS = timedelta(minutes=15)
FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The feed.", "content": {"text/calendar": {"schema": {"type": "string"}}}}
}


def feed_path(links: Links, partner_id: int, epoch: int, now: datetime) -> str:
    """Where a partner's feed is, for a page of their own; it works for LIFETIMES[CALENDAR] from today."""
    return f"/calendar/{links.sign(Purpose.CALENDAR, partner_id, epoch, now.date())}.ics"


class CalendarFeed:
    """The route."""

    def __init__(self, engine: Engine, passes: Passes) -> None:
        self._engine = engine
        self._passes = passes
        self._host = urlsplit(engine.settings.public_url).hostname or "localhost"
        self._key = engine.vault.subkey("calendar")
        folders = [folder / WEB for folder in template_folders(engine.settings)]
        self._title = cache(lambda locale: str(words_for(folders, locale)[0].say("calendar.title").unescape()))
        self.router = APIRouter()
        self.router.add_api_route(
            "/calendar/{token}.ics",
            self.feed,
            methods=["GET"],
            response_class=Response,
            responses=described(*LOOKED) | FILE,
            openapi_extra={"parameters": [TOKEN]},
        )
        head_at(self.router, "/calendar/{token}.ics", self.feed)

    async def feed(self, request: Request) -> Response:
        """What is to come for one partner."""
        return await self._passes.look(request, Purpose.CALENDAR, self._feed)

    def _feed(self, connection: Transaction, opened: Opened) -> Made:
        now, holder = self._engine.clock.now(), opened.holder
        title = self._title(holder.locale)
        events = [Event(uid, title, at, LASTS) for uid, at in self._upcoming(connection, opened, now)]
        headers = {"Content-Disposition": 'inline; filename="calendar.ics"'}
        return Response(written(events, now, feed=title), media_type=MEDIA_TYPE, headers=headers)

    def _upcoming(self, connection: Transaction, opened: Opened, now: datetime) -> list[tuple[str, datetime]]:
        """The UID and the instant of each message to come, as it would go if nothing changes."""
        partner = opened.holder.partner_id
        return [
            (event_uid(self._key, self._host, each.who.enrollment_id, partner, each.step, each.occurrence), each.at)
            for each in upcoming(connection, self._engine.definitions, partner, now.date() + AHEAD)
        ]
