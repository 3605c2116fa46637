"""`/operator/suppressions`: what is never sent to, and why. Addresses are kept as keyed hashes: none can be shown."""

from datetime import datetime

from engine.errors import Refused
from engine.model.suppression import SuppressReason
from engine.operating import SHOWN
from engine.store.database import Transaction
from engine.store.suppressions import list_suppressions
from engine.store.types import EPOCH, MILLISECOND, to_millis
from engine.web.operator.board import PAGE, Asked, Board, View
from engine.web.operator.couples import address_of

_SENTENCES = {each.value: each.sentence for each in SuppressReason}


class Suppressions:
    """The page; what its form does, `rekindle suppressions remove` does."""

    def __init__(self, board: Board) -> None:
        board.look_at("/suppressions", self.show)
        board.act_at("/suppressions", self.remove)

    def show(self, connection: Transaction, asked: Asked) -> View:
        found = list_suppressions(connection, _mark(asked.request.query_params.get("after", "")), PAGE + 1)
        more, found = len(found) > PAGE, found[:PAGE]
        rows = [
            (
                each.address_index.hex()[:SHOWN],
                each.address_index.hex(),
                "email" if each.channel.address == "email" else "phone",
                _SENTENCES.get(each.reason, each.reason),
                each.source,
                each.at,
            )
            for each in found
        ]
        next_ = f"?after={to_millis(found[-1].at)}.{found[-1].address_index.hex()}" if more else ""
        return View("suppressions", {"rows": rows, "next": next_})

    def remove(self, asked: Asked) -> str:
        """By the address itself, or by its line in the list; only when it is said that its owner asked for it."""
        if asked.form.line("sure") != "yes":
            raise Refused("Nothing was removed: the box was not ticked.", fix="Go back, tick it and press again.")
        typed, index = asked.form.line("address"), asked.form.line("index")
        if typed:
            found = address_of(typed)
            if found is None:
                raise Refused("That is no address.", fix="Write an email address, or a number with + and country code.")
            was = asked.operator.unsuppress(*found)
        else:
            was = asked.operator.unsuppress_index(_index(index))
        return f"/suppressions?done={'removed' if was else 'absent'}"


def _index(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise Refused("The form does not say which.", fix="Go back and press the button again.") from None


def _mark(text: str) -> tuple[datetime, bytes] | None:
    """Where the page before ended; None for what is no such mark."""
    millis, _, digits = text.partition(".")
    try:
        return EPOCH + int(millis) * MILLISECOND, bytes.fromhex(digits)
    except (ValueError, OverflowError):
        return None
