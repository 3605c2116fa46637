"""`/operator/replies`: what people wrote that belongs to no question or may be a STOP. Answers are nobody's to read.

POST  /replies/ID/open   shows its words, on that one page, and audits it
POST  /replies/ID/seen   takes it off the list
"""

from engine.model.reply import ReadAs
from engine.store.database import Transaction
from engine.store.replies import Kept, list_kept
from engine.web.operator.board import PAGE, Asked, Board, View

FLAGGED = "It may have been meant to end the messages."
SENTENCES = {each.value: each.sentence for each in ReadAs}


class Replies:
    """The pages; what they do, `rekindle replies show` and `seen` do."""

    def __init__(self, board: Board) -> None:
        board.look_at("/replies", self.list)
        board.act_at("/replies/{id}/open", self.open)
        board.act_at("/replies/{id}/seen", self.seen)

    def list(self, connection: Transaction, asked: Asked) -> View:
        found = list_kept(connection, after=asked.number("after") or 0, limit=PAGE + 1)
        next_ = f"?after={found[PAGE - 1].id}" if len(found) > PAGE else ""
        return View("replies", {"replies": [(each, _why(each)) for each in found[:PAGE]], "next": next_})

    def open(self, asked: Asked) -> View:
        found, words = asked.operator.read_reply(asked.number("id") or 0)
        return View("reply", {"reply": found, "why": _why(found), "words": words})

    def seen(self, asked: Asked) -> str:
        asked.operator.seen_reply(asked.number("id") or 0)
        return "/replies?done=seen"


def _why(kept: Kept) -> str:
    return FLAGGED if kept.flagged else SENTENCES.get(kept.read_as, kept.read_as)
