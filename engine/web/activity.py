"""`/n/TOKEN`: a message in the browser, and what became of what it brings.

GET             its words, the smaller version when asked for, and what the reader has said of it
POST /did       we did it
POST /smaller   too much today: the smaller version comes first
POST /never     not for us: asked once more before it counts
POST /later     the same message tomorrow
GET  /event.ics a file for one's own calendar, for a day and a time that the reader chooses

What somebody says here is never told to the other, who cannot find out that anything was said.
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response

from engine.app import Engine
from engine.clock import zone_names
from engine.hear import feedback
from engine.hear.later import Later, comes_again, put_off
from engine.hear.passes import Opened
from engine.model.reply import Feedback
from engine.plan.local import at, local_day
from engine.render.ics import MEDIA_TYPE, Event, event_uid, written
from engine.render.links import Purpose
from engine.store import preferences
from engine.store.database import Transaction
from engine.store.questions import Question
from engine.web.calendar import feed_path
from engine.web.forms import clean
from engine.web.message import Asked, Page, asked, said
from engine.web.passes import DONE, TOKEN, Made, Passes, View
from engine.web.routes import act_at, described, head_at
from engine.web.screen import Screen

FURTHEST = timedelta(days=366)
"""An evening is arranged for at most so far ahead."""
EVENING = "19:00"
"""What is offered first."""

VERDICTS: Mapping[str, Feedback] = {"did": Feedback.DID, "smaller": Feedback.SMALLER, "never": Feedback.NOT_FOR_US}
"""What a path ends with, for each thing that can be said."""
TOLD = frozenset({*VERDICTS, "sure", *(each.value for each in Later)})

DAY = {"name": "day", "in": "query", "required": True, "schema": {"type": "string", "format": "date"}}
TIME = {"name": "time", "in": "query", "required": True, "schema": {"type": "string", "pattern": r"^\d\d:\d\d$"}}
FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file.", "content": {"text/calendar": {"schema": {"type": "string"}}}}
}


class ActivityPages:
    """What is shown of a message, and the routes that say something of it."""

    def __init__(self, engine: Engine, screen: Screen, passes: Passes) -> None:
        self._engine = engine
        self._screen = screen
        self._passes = passes
        self.router = APIRouter()
        for word in VERDICTS:
            act_at(
                self.router,
                f"/n/{{token}}/{word}",
                partial(self.say, word),
                parameters=[TOKEN],
                answers=DONE,
            )
        act_at(self.router, "/n/{token}/later", self.later, parameters=[TOKEN], answers=DONE)
        self.router.add_api_route(
            "/n/{token}/event.ics",
            self.event,
            methods=["GET"],
            response_class=Response,
            responses=described(404, 410, 422) | FILE,
            openapi_extra={"parameters": [TOKEN, DAY, TIME]},
        )
        head_at(self.router, "/n/{token}/event.ics", self.event)

    def view(
        self,
        connection: Transaction,
        it: Asked,
        now: datetime,
        *,
        told: str = "",
        values: Mapping[str, object] | None = None,
        errors: Mapping[str, str] | None = None,
    ) -> View:
        """The page as the reader finds it. `told` is what has just been done, or is to be asked, one of TOLD."""
        verdicts = said(connection, it)
        question = it.question
        known = question.timezone in zone_names()
        feed = feed_path(self._engine.links, question.partner_id, question.epoch, now)
        return View(
            "activity",
            {
                "it": it,
                "said": {word for word, verdict in VERDICTS.items() if verdict in verdicts},
                "told": told if told in TOLD else "",
                "again": self._comes_again(connection, question) if known else None,
                "arranged": it.arranged and known,
                "feed": self._engine.settings.public_url.rstrip("/") + feed,
                "values": values or {"day": self._tomorrow(it, now) if known else "", "time": EVENING},
                "errors": errors or {},
            },
            422 if errors else 200,
        )

    async def say(self, word: str, request: Request) -> Response:
        """Keep what the reader says of an activity."""
        form = await self._screen.form(request)
        verdict, token = VERDICTS[word], request.path_params["token"]

        def work(connection: Transaction, opened: Opened) -> Made:
            it, now = self._message(connection, opened), self._engine.clock.now()
            if it is None or it.activity is None:
                return None
            if verdict is Feedback.NOT_FOR_US and form.line("sure") != "yes":
                return self._passes.back(Page.ACTIVITY, token, "sure")
            feedback.give(connection, self._engine.means, it.question, verdict, now)
            return self._passes.back(Page.ACTIVITY, token, word)

        return await self._passes.act(request, Purpose.MESSAGE, work)

    async def later(self, request: Request) -> Response:
        """The same message tomorrow, at the same time."""
        await self._screen.form(request)

        def work(connection: Transaction, opened: Opened) -> Made:
            it, now = self._message(connection, opened), self._engine.clock.now()
            if it is None or it.activity is None:
                return None
            campaign = self._engine.definitions.get(connection, it.question.digest).campaign
            reached = preferences.of(connection, it.question.partner_id)
            found = put_off(connection, it.question, it.step, campaign, reached, now)
            return self._passes.back(Page.ACTIVITY, request.path_params["token"], found.outcome.value)

        return await self._passes.act(request, Purpose.MESSAGE, work)

    async def event(self, request: Request) -> Response:
        """A calendar file for the day and the time that were chosen."""
        chosen = {name: clean(request.query_params.get(name, ""))[:40] for name in ("day", "time")}

        def work(connection: Transaction, opened: Opened) -> Made:
            it, now = self._message(connection, opened), self._engine.clock.now()
            if it is None or not it.arranged or it.question.timezone not in zone_names():
                return None
            day, when = _day(chosen["day"]), _time(chosen["time"])
            today = local_day(now, it.question.timezone)
            errors = {}
            if day is None or not today <= day <= today + FURTHEST:
                errors["day"] = "activity.wrong.day"
            if when is None:
                errors["time"] = "activity.wrong.time"
            if day is None or when is None or errors:
                return self.view(connection, it, now, values=chosen, errors=errors)
            return self._file(it, at(day, when, it.question.timezone), now)

        return await self._passes.look(request, Purpose.MESSAGE, work)

    def _comes_again(self, connection: Transaction, question: Question) -> datetime | None:
        campaign = self._engine.definitions.get(connection, question.digest).campaign
        return comes_again(connection, question, campaign, preferences.of(connection, question.partner_id))

    def _file(self, it: Asked, starts: datetime, now: datetime) -> Response:
        """The activity's title is safe on a lock screen, and so in a calendar that others see."""
        if it.activity is None:
            raise AssertionError("what is arranged is an activity")
        engine = self._engine
        host = urlsplit(engine.settings.public_url).hostname or "localhost"
        uid = event_uid(engine.vault.subkey("calendar"), host, "event", it.question.delivery_id)
        event = Event(uid, it.activity.title, starts, timedelta(minutes=it.activity.minutes), busy=True)
        headers = {"Content-Disposition": 'attachment; filename="event.ics"'}
        return Response(written([event], now), media_type=MEDIA_TYPE, headers=headers)

    def _message(self, connection: Transaction, opened: Opened) -> Asked | None:
        """The message, unless it is a pulse."""
        it = asked(connection, self._engine, opened)
        return it if it is not None and it.page(Page.ACTIVITY) is Page.ACTIVITY else None

    def _tomorrow(self, it: Asked, now: datetime) -> str:
        return (local_day(now, it.question.timezone) + timedelta(days=1)).isoformat()


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == len("2026-03-03") else None
    except ValueError:
        return None


def _time(text: str) -> time | None:
    try:
        return time.fromisoformat(text) if len(text) == len("19:00") else None
    except ValueError:
        return None
