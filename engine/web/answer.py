"""`/a/TOKEN`: a question, a private box for the answer, and the reveal once both have shared theirs.

GET            the question and one's own answer or draft; or both answers; shown by messages.py
POST           keep the answer, privately or to be shared
POST /draft    keep what is typed so far (204)
POST /delete   forget the answer and the draft

Until the reveal nothing that is answered here depends on what the other partner did: the same bytes, after the same
queries.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from fastapi import APIRouter, Request, Response
from markupsafe import escape

from engine.app import Engine
from engine.hear import answers as answering
from engine.hear.answers import LONGEST
from engine.hear.danger import alarm
from engine.hear.passes import Opened
from engine.hear.safety import screen
from engine.model.campaign import Channel
from engine.model.reply import ConsentPurpose
from engine.model.signup import Ticked
from engine.parts import sender_of, template_folders
from engine.render.consent import ConsentWords
from engine.render.links import LIFETIMES, Purpose
from engine.render.words import Phrase
from engine.store import answers, consents, questions
from engine.store.database import Transaction
from engine.web.danger import Help
from engine.web.forms import Form
from engine.web.message import Asked, Page, asked, seen
from engine.web.passes import ACTED, DONE, TOKEN, Made, Passes, View
from engine.web.routes import act_at
from engine.web.screen import Screen

LONGEST_FORM = 200_000
"""An answer of LONGEST emoji takes 120,000 bytes in a form."""
MOST_SHOWN_AGAIN = 200_000
"""Characters of HTML: a page has room for a text that is too long to be kept, up to this."""
SHOWN_FOR = LIFETIMES[Purpose.MESSAGE]
"""So long both answers are shown; then they are put away, as they are when either is erased: it looks the same."""
ON_ITS_WAY = timedelta(seconds=10)
"""A draft that comes so soon after the answer may have been sent before it."""
SOURCE = "answer page"
"""Where a consent says that it was given."""
BY_PAGE = "page"
"""Where an alert says that the words came from."""
SHARE, PRIVATE = "share", "private"
TOLD = frozenset({SHARE, PRIVATE, "deleted"})

Errors = Mapping[str, str | Phrase]


class AnswerPages:
    """What is shown of a question, and the routes that change it."""

    def __init__(self, engine: Engine, screen: Screen, passes: Passes) -> None:
        self._engine = engine
        self._screen = screen
        self._passes = passes
        self._consent = ConsentWords(template_folders(engine.settings), sender_of(engine.settings))
        self._help = Help(engine)
        self.router = APIRouter()
        at = "/a/{token}"
        act_at(self.router, at, self.give, parameters=[TOKEN], answers=ACTED)
        act_at(self.router, at + "/draft", self.draft, parameters=[TOKEN], answers=(204, 404, 410))
        act_at(self.router, at + "/delete", self.delete, parameters=[TOKEN], answers=DONE)

    def view(
        self,
        connection: Transaction,
        it: Asked,
        now: datetime,
        *,
        told: str = "",
        form: Form | None = None,
        errors: Errors | None = None,
        status: int = 200,
    ) -> View:
        """The page as its author finds it. `told` is what has just been done, one of TOLD."""
        vault, question = self._engine.vault, it.question
        mine = answers.find(connection, vault, question)
        since = answers.revealed_at(connection, question)
        both = answers.side_by_side(connection, vault, question)
        if since is not None:
            return self._revealed(connection, it, both) if both and now < since + SHOWN_FOR else View("away")
        typed = None if mine is None else mine.draft or mine.text
        usual = SHARE if question.share_texts else ""
        chosen = usual if mine is None or mine.text is None else SHARE if mine.shared else PRIVATE
        return View(
            "answer",
            {
                "it": it,
                "kept": None if mine is None or mine.text is None else chosen,
                "any": mine is not None,
                "unkept": mine is not None and bool(mine.draft and mine.text) and form is None,
                "consent": None if question.answers_consent else self._words(question.locale),
                "most": LONGEST,
                "told": told if told in TOLD else "",
                "values": form or {"answer": typed or "", "share": chosen},
                "errors": errors or {},
            },
            status,
        )

    async def give(self, request: Request) -> Response:
        """Keep an answer in the place of an earlier one."""
        form = await self._screen.form(request, LONGEST_FORM)
        if len(escape(form.text("answer"))) > MOST_SHOWN_AGAIN:
            return await self._screen.problem(413, self._screen.locale(request))

        def work(connection: Transaction, opened: Opened) -> Made:
            it = self._question(connection, opened)
            return None if it is None else self._given(connection, it, form)

        return await self._passes.act(request, Purpose.MESSAGE, work)

    async def draft(self, request: Request) -> Response:
        """Keep what is typed so far, if its author lets us keep answers; the answer is the same if they do not."""
        form = await self._screen.form(request, LONGEST_FORM)
        text = form.get("draft", ("",))[0]
        if len(text) > LONGEST:
            return await self._screen.problem(413, self._screen.locale(request))

        def work(connection: Transaction, opened: Opened) -> Made:
            it = self._question(connection, opened)
            if it is None:
                return None
            if it.question.answers_consent and not self._overtaken(connection, it, text):
                answers.draft(connection, self._engine.vault, it.question, text)
            return Response(status_code=204)

        return await self._passes.act(request, Purpose.MESSAGE, work)

    async def delete(self, request: Request) -> Response:
        """Forget one's own answer and draft."""
        await self._screen.form(request)

        def work(connection: Transaction, opened: Opened) -> Made:
            it = self._question(connection, opened)
            if it is None:
                return None
            answers.remove(connection, it.question)
            return self._passes.back(Page.ANSWER, request.path_params["token"], "deleted")

        return await self._passes.act(request, Purpose.MESSAGE, work)

    def _given(self, connection: Transaction, it: Asked, form: Form) -> View:
        now, text = self._engine.clock.now(), form.text("answer")
        share = PRIVATE if it.of_one else form.line("share")
        agreed = None if it.question.answers_consent else self._ticked(it, form)
        may_keep = (it.question.answers_consent or agreed is not None) and len(text) <= LONGEST
        danger = screen(text)
        if danger is not None and not may_keep:
            alarm(connection, self._engine.means, it.question.partner_id, danger, BY_PAGE, now)
            return self._help.view(connection, it.question, danger, now, kept=False)
        errors = dict(_wrong(text, share))
        if not it.question.answers_consent and agreed is None:
            errors = {"consent": "answer.wrong.consent", **errors}
        if errors and danger is None:  # words of danger come before anything that a form may lack
            status = 413 if len(text) > LONGEST else 422
            return self.view(connection, it, now, form=form, errors=errors, status=status)
        if agreed is not None:
            channel = Channel(it.question.channel)
            consents.record(connection, it.question.partner_id, channel, [agreed], SOURCE, now, given=True)
            it = it.agreed()
        given = answering.give(
            connection, self._engine.means, it.question, text, share=share == SHARE, source=BY_PAGE, now=now
        )
        if given.danger is not None:
            return self._help.view(connection, it.question, given.danger, now, kept=given.kept)
        return self.view(connection, it, now, told=share)

    def _overtaken(self, connection: Transaction, it: Asked, draft: str) -> bool:
        """Whether a draft was on its way when the answer was given: it is older than that, and no news."""
        mine = answers.find(connection, self._engine.vault, it.question)
        if mine is None or mine.text is None or mine.given_at is None:
            return False
        return mine.text.startswith(draft.strip()) and self._engine.clock.now() - mine.given_at < ON_ITS_WAY

    def _revealed(self, connection: Transaction, it: Asked, both: tuple[answers.Shown, ...]) -> View:
        """Both answers, one's own first. Where each had a question of their own, both questions."""
        question = it.question
        other = questions.activity_of_other(connection, question)
        theirs = None
        if other is not None and other != question.activity:
            theirs = seen(self._engine.definitions.get(connection, question.digest).campaign, other, question.locale)
        mine_first = sorted(both, key=lambda each: each.partner_id != question.partner_id)
        return View("revealed", {"it": it, "mine": mine_first[0], "other": mine_first[1], "theirs": theirs})

    def _question(self, connection: Transaction, opened: Opened) -> Asked | None:
        """The message, if it asks a question."""
        it = asked(connection, self._engine, opened)
        return it if it is not None and it.page(Page.ANSWER) is Page.ANSWER else None

    def _words(self, locale: str) -> Ticked:
        return self._consent.of(ConsentPurpose.ANSWERS, locale)

    def _ticked(self, it: Asked, form: Form) -> Ticked | None:
        """The consent, if its box was ticked beside the very words that are ours now."""
        words = self._words(it.question.locale)
        return words if form.all("consent") == (words.version,) else None


def _wrong(text: str, share: str) -> Errors:
    errors: dict[str, str | Phrase] = {}
    if not text:
        errors["answer"] = "answer.wrong.empty"
    elif len(text) > LONGEST:
        errors["answer"] = Phrase("answer.wrong.long", {"most": LONGEST})
    if share not in (SHARE, PRIVATE):
        errors["share"] = "answer.wrong.share"
    return errors
