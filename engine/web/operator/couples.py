"""`/operator/couples`: found by ref, or by an address that is typed in and posted, never in a URL.

GET   /couples?q=REF&after=ID     a page of couples
POST  /couples                    finds: an address by its keyed hash (audited), anything else by ref
GET   /couples/ID?before=ID       a couple and what became of it
POST  /couples/ID/reveal          shows one partner's addresses, once, and audits it
POST  /couples/ID/pause … /resume … /stop
"""

from urllib.parse import quote

from engine.enroll.addresses import BadValue, normal_email, normal_phone
from engine.errors import NotFound, Refused
from engine.model.campaign import Channel
from engine.report.operator_couples import Whole, couple, timeline
from engine.store import couples as store
from engine.store import enrollments
from engine.store.database import Transaction
from engine.web.operator.board import PAGE, Asked, Board, View

MOST_FOUND = 20


class Couples:
    """The pages."""

    def __init__(self, board: Board) -> None:
        self._engine = board.engine
        board.look_at("/couples", self.list)
        board.act_at("/couples", self.find)
        board.look_at("/couples/{id}", self.show)
        board.act_at("/couples/{id}/reveal", self.reveal)
        board.act_at("/couples/{id}/pause", self.pause)
        board.act_at("/couples/{id}/resume", self.resume)
        board.act_at("/couples/{id}/stop", self.stop)

    def list(self, connection: Transaction, asked: Asked) -> View:
        wanted = " ".join(asked.request.query_params.get("q", "").split())[:200]
        after = asked.number("after") or 0
        found = (
            store.list_by_ref(connection, wanted, PAGE + 1)
            if wanted
            else store.list_couples(connection, after, PAGE + 1)
        )
        more, found = len(found) > PAGE, found[:PAGE]
        next_ = "" if not more or wanted else f"?after={found[-1].id}"
        now = self._engine.clock.now()
        return View("couples", {"couples": found, "q": wanted, "more": more, "next": next_, "at": now})

    def find(self, asked: Asked) -> View | str:
        """An address leads to its couple; what is none is looked for among refs."""
        typed = asked.form.line("q")
        sort = address_of(typed)
        if sort is None:
            return f"/couples?q={quote(typed[:200], safe='')}"
        refs = asked.operator.find(*sort)
        with self._engine.database.read() as connection:
            found = [each for ref in refs[:MOST_FOUND] for each in store.list_by_ref(connection, ref, 1)]
        if len(found) == 1:
            return f"/couples/{found[0].id}"
        now = self._engine.clock.now()
        return View("couples", {"couples": found, "q": "", "more": False, "next": "", "at": now, "by_address": True})

    def show(self, connection: Transaction, asked: Asked) -> View | None:
        found = couple(connection, self._engine.vault, asked.number("id") or 0)
        return None if found is None else self._view(connection, found, asked)

    def reveal(self, asked: Asked) -> View:
        """On this one page: going back or loading it again hides them."""
        with self._engine.database.read() as connection:
            found = self._named(connection, asked)
        partner = asked.operator.reveal(found.ref, asked.given("partner") or 0)
        with self._engine.database.read() as connection:
            return self._view(connection, found, asked, revealed=partner)

    def pause(self, asked: Asked) -> str:
        """Until resumed, as the command does without --until."""
        with self._engine.database.read() as connection:
            found = self._named(connection, asked)
        asked.operator.pause_couple(found.ref, None, asked.given("partner"))
        return f"/couples/{found.id}?done=paused"

    def resume(self, asked: Asked) -> str:
        with self._engine.database.read() as connection:
            found = self._named(connection, asked)
        asked.operator.resume_couple(found.ref, asked.given("partner"))
        return f"/couples/{found.id}?done=resumed"

    def stop(self, asked: Asked) -> str:
        with self._engine.database.read() as connection:
            found = self._named(connection, asked)
        if asked.form.line("sure") != "yes":
            raise Refused("Nothing was stopped: the box was not ticked.", fix="Go back, tick it and press again.")
        asked.operator.stop_couple(found.ref)
        return f"/couples/{found.id}?done=stopped"

    def _named(self, connection: Transaction, asked: Asked) -> Whole:
        found = couple(connection, self._engine.vault, asked.number("id") or 0)
        if found is None:
            raise NotFound("There is no such couple.", fix="It may have been erased.")
        return found

    def _view(self, connection: Transaction, found: Whole, asked: Asked, **more: object) -> View:
        before = asked.number("before")
        moments = timeline(connection, found.id, before, PAGE + 1)
        older = f"?before={moments[PAGE - 1].id}" if len(moments) > PAGE else ""
        return View(
            "couple",
            {
                "couple": found,
                "enrollments": enrollments.of_couple(connection, found.id),
                "moments": moments[:PAGE],
                "older": older,
                "newer": before is not None,
                "at": self._engine.clock.now(),
                **more,
            },
        )


def address_of(typed: str) -> tuple[Channel, str] | None:
    """An address in normal form, of whichever sort it is; None for what is no address."""
    for channel, normal in ((Channel.EMAIL, normal_email), (Channel.SMS, normal_phone)):
        try:
            if ("@" in typed) == (channel is Channel.EMAIL):
                return channel, normal(typed)
        except BadValue:
            continue
    return None
