"""`/operator/doubts`: deliveries of which nobody knows whether they arrived, and the operator's word on each."""

from engine.errors import Refused
from engine.model.delivery import Verdict
from engine.report.operator_lists import doubts
from engine.store.database import Transaction
from engine.web.operator.board import PAGE, Asked, Board, View


class Doubts:
    """The page; what a button does, `rekindle deliveries resolve` does."""

    def __init__(self, board: Board) -> None:
        self._engine = board.engine
        board.look_at("/doubts", self.show)
        board.act_at("/doubts", self.resolve)

    def show(self, connection: Transaction, asked: Asked) -> View:
        found = doubts(connection, asked.number("after") or 0, PAGE + 1)
        next_ = f"?after={found[PAGE - 1].id}" if len(found) > PAGE else ""
        now = self._engine.clock.now()
        return View("doubts", {"doubts": found[:PAGE], "next": next_, "at": now, "verdicts": list(Verdict)})

    def resolve(self, asked: Asked) -> str:
        number, verdict = asked.given("delivery"), asked.form.line("verdict")
        if number is None or verdict not in set(Verdict):
            raise Refused("The form does not say what is to be done.", fix="Go back and press the button again.")
        asked.operator.resolve([number], Verdict(verdict))
        return "/doubts?done=resolved"
