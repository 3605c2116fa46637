"""`/pulse/TOKEN`: how close the week felt, and the line over the weeks that comes of it.

GET             the question, and one's own line; `?n=4`, from an email's button, only chooses: scanners follow links
POST            rate the week; again, and the later number counts
POST /together  agree, or no longer, to a line that both see

The joint line is there while both agree to it, and of weeks that both rated.
"""

from collections import defaultdict
from collections.abc import Mapping
from statistics import fmean

from fastapi import APIRouter, Request, Response

from engine.app import Engine
from engine.hear import pulses as hearing
from engine.hear.passes import Opened
from engine.hear.pulses import HIGHEST, LOWEST
from engine.model.campaign import Channel
from engine.model.reply import ConsentPurpose
from engine.parts import sender_of, template_folders
from engine.render.consent import ConsentWords
from engine.render.links import Purpose
from engine.render.pulse_chart import Week, pulse_chart
from engine.store import consents, preferences, pulses
from engine.store.database import Transaction
from engine.store.questions import Question
from engine.web.message import Asked, Page, asked
from engine.web.passes import ACTED, DONE, TOKEN, Made, Passes, View
from engine.web.routes import act_at
from engine.web.screen import Screen

SOURCE = "pulse page"
"""Where a consent says that it was given, or taken back."""
TOLD = frozenset({"rated", "together", "alone"})


class PulsePages:
    """What is shown of a pulse, and the routes that change it."""

    def __init__(self, engine: Engine, screen: Screen, passes: Passes) -> None:
        self._engine = engine
        self._screen = screen
        self._passes = passes
        self._consent = ConsentWords(template_folders(engine.settings), sender_of(engine.settings))
        self.router = APIRouter()
        act_at(self.router, "/pulse/{token}", self.rate, parameters=[TOKEN], answers=ACTED)
        act_at(self.router, "/pulse/{token}/together", self.together, parameters=[TOKEN], answers=(*DONE, 422))

    def view(
        self,
        connection: Transaction,
        it: Asked,
        *,
        told: str = "",
        chosen: int | None = None,
        errors: Mapping[str, str] | None = None,
    ) -> View:
        """The page as the partner finds it. `chosen` is what a link chose for them, and is not rated yet; `told` is
        what has just been done, one of TOLD.
        """
        question = it.question
        weeks = self._weeks(connection, question)
        rated = pulses.rated(
            connection, question.enrollment_id, question.partner_id, question.step, question.occurrence
        )
        value = rated if chosen is None else chosen
        return View(
            "pulse",
            {
                "it": it,
                "rated": rated,
                "weeks": weeks,
                "chart": pulse_chart(weeks) if weeks else None,
                "joint": any(each.both is not None for each in weeks),
                "shares": preferences.of(connection, question.partner_id).share_pulse,
                "consent": self._consent.of(ConsentPurpose.PULSE, question.locale),
                "told": told if told in TOLD else "",
                "values": {"n": "" if value is None else value},
                "errors": errors or {},
            },
            422 if errors else 200,
        )

    async def rate(self, request: Request) -> Response:
        """Rate the week, in the place of an earlier rating of it."""
        form = await self._screen.form(request)
        value = form.number("n")

        def work(connection: Transaction, opened: Opened) -> Made:
            it = self._pulse(connection, opened)
            if it is None:
                return None
            if value is None or not LOWEST <= value <= HIGHEST:
                return self.view(connection, it, errors={"n": "pulse.wrong.number"})
            engine = self._engine
            hearing.rate(connection, engine.means, it.question, value, engine.clock.now())
            return self.view(connection, it, told="rated")

        return await self._passes.act(request, Purpose.MESSAGE, work)

    async def together(self, request: Request) -> Response:
        """Agree to the joint line beside the very words that are ours now, or take that back."""
        form = await self._screen.form(request)
        agree, version = form.line("together") == "yes", form.all("consent")

        def work(connection: Transaction, opened: Opened) -> Made:
            it = self._pulse(connection, opened)
            if it is None:
                return None
            words = self._consent.of(ConsentPurpose.PULSE, it.question.locale)
            if agree and version != (words.version,):
                return self.view(connection, it, errors={"consent": "pulse.wrong.consent"})
            partner_id = it.question.partner_id
            if agree != preferences.of(connection, partner_id).share_pulse:
                channel, now = Channel(it.question.channel), self._engine.clock.now()
                consents.record(connection, partner_id, channel, [words], SOURCE, now, given=agree)
            return self._passes.back(Page.PULSE, request.path_params["token"], "together" if agree else "alone")

        return await self._passes.act(request, Purpose.MESSAGE, work)

    def _weeks(self, connection: Transaction, question: Question) -> list[Week]:
        """The weeks of this enrollment that there is anything of. One's own mean, where a week had several pulses."""
        enrollment = question.enrollment_id
        own: dict[int, list[int]] = defaultdict(list)
        for each in pulses.line(connection, question.partner_id):
            if each.enrollment_id == enrollment:
                own[each.week].append(each.value)
        joint = pulses.joint(connection, question.couple_id)
        shares = preferences.of(connection, question.partner_id).share_pulse
        both = {each.week: each.mean for each in joint if each.enrollment_id == enrollment} if shares else {}
        return [Week(week, fmean(own[week]) if week in own else None, both.get(week)) for week in sorted({*own, *both})]

    def _pulse(self, connection: Transaction, opened: Opened) -> Asked | None:
        """The message, if it is a pulse."""
        it = asked(connection, self._engine, opened)
        return it if it is not None and it.page(Page.PULSE) is Page.PULSE else None
