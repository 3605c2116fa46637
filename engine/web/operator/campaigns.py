"""`/operator/campaigns`: which there are, in which versions, how many couples stand where; pause and resume each."""

from engine.report.operator_campaigns import campaigns
from engine.store import holds
from engine.store.database import Transaction
from engine.web.operator.board import Asked, Board, View


class Campaigns:
    """The page; its buttons post to /operator/pause and /operator/resume."""

    def __init__(self, board: Board) -> None:
        board.look_at("/campaigns", self.show)

    def show(self, connection: Transaction, asked: Asked) -> View:
        return View("campaigns", {"campaigns": campaigns(connection), "paused": holds.load(connection).campaigns})
