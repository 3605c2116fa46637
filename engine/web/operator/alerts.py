"""`/operator/alerts`: whose words may speak of danger. The words are opened by a form, and that is audited.

GET   /alerts, /alerts?all=yes    those that nobody has looked at, or every one
GET   /alerts/ID                  one of them, without its words
POST  /alerts/ID/open             with them, on that one page
POST  /alerts/ID/seen             takes it off the list
"""

from engine.errors import NotFound
from engine.model.danger import Danger
from engine.report.operator_lists import Alerted, alert, all_alerts, waiting_alerts
from engine.store.database import Transaction
from engine.web.operator.board import PAGE, Asked, Board, View

MOST = 200
SENTENCES = {each.value: each.sentence for each in Danger}


class Alerts:
    """The pages; what they do, `rekindle alerts show` and `seen` do."""

    def __init__(self, board: Board) -> None:
        self._engine = board.engine
        board.look_at("/alerts", self.list)
        board.look_at("/alerts/{id}", self.show)
        board.act_at("/alerts/{id}/open", self.open)
        board.act_at("/alerts/{id}/seen", self.seen)

    def list(self, connection: Transaction, asked: Asked) -> View:
        every = asked.request.query_params.get("all") == "yes"
        if not every:
            return View("alerts", {"alerts": waiting_alerts(connection, MOST), "every": False, "sentences": SENTENCES})
        found = all_alerts(connection, asked.number("before"), PAGE + 1)
        next_ = f"?all=yes&before={found[PAGE - 1].id}" if len(found) > PAGE else ""
        return View("alerts", {"alerts": found[:PAGE], "every": True, "next": next_, "sentences": SENTENCES})

    def show(self, connection: Transaction, asked: Asked) -> View | None:
        found = alert(connection, asked.number("id") or 0)
        return None if found is None else _view(found)

    def open(self, asked: Asked) -> View:
        found = self._named(asked)
        _, words = asked.operator.read_alert(found.id)
        return _view(found, opened=True, words=words)

    def seen(self, asked: Asked) -> str:
        asked.operator.seen_alert(self._named(asked).id)
        return "/alerts?done=seen"

    def _named(self, asked: Asked) -> Alerted:
        with self._engine.database.read() as connection:
            found = alert(connection, asked.number("id") or 0)
        if found is None:
            raise NotFound("There is no such alert.", fix="It may have been erased.")
        return found


def _view(found: Alerted, **more: object) -> View:
    return View("alert", {"alert": found, "sentence": SENTENCES.get(found.kind, found.kind), "opened": False, **more})
