"""What is shown at once to whoever has written of danger: where help is, and that nothing more comes to them.

It is shown in answer to their own words and never again: no later page tells that it was.
"""

from datetime import datetime

from engine.app import Engine
from engine.model.danger import Danger
from engine.render.links import Purpose
from engine.store import preferences
from engine.store.database import Transaction
from engine.store.questions import Question
from engine.store.vault import SEALED_PHONE
from engine.web.passes import View


class Help:
    """Makes the page."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def view(self, connection: Transaction, question: Question, danger: Danger, now: datetime, *, kept: bool) -> View:
        """Help for one partner, by where they are; and their own page, where messages begin again.

        `kept`: whether their words were, for themselves alone.
        """
        engine = self._engine
        row = preferences.of(connection, question.partner_id)
        phone = "" if row.phone_cipher is None else engine.vault.open(row.phone_cipher, SEALED_PHONE)
        own = engine.links.sign(Purpose.PREFERENCES, question.partner_id, question.epoch, now.date())
        where = engine.texting.help_for(phone, question.timezone, danger)
        return View("help", {"help": where, "kept": kept, "own_page": f"/p/{own}"})
