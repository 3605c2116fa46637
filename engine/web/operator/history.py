"""`/operator/audit`: what operators did, and to what, the newest first."""

from urllib.parse import quote

from engine.store import audit
from engine.store.database import Transaction
from engine.web.operator.board import PAGE, Asked, Board, View


class History:
    """The page."""

    def __init__(self, board: Board) -> None:
        board.look_at("/audit", self.show)

    def show(self, connection: Transaction, asked: Asked) -> View:
        about = " ".join(asked.request.query_params.get("about", "").split())[:200]
        found = audit.read(connection, about=about or None, before=asked.number("before"), limit=PAGE + 1)
        next_ = f"?before={found[PAGE - 1].id}" if len(found) > PAGE else ""
        if next_ and about:
            next_ += f"&about={quote(about, safe='')}"
        return View("audit", {"acts": found[:PAGE], "about": about, "next": next_})
