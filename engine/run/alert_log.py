"""Tells the log of alerts that wait for the operator."""

import logging

from engine.app import Engine
from engine.model.action import Action, note

log = logging.getLogger(__name__)


class AlertLog:
    """Says in the log that alerts wait: how many, and nothing of whom. Once for the same ones."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._newest = 0

    def say(self) -> None:
        """Look, and say so if there is a new one. After a start, all that wait are new."""
        waiting, newest = self._engine.alerts()
        if newest > self._newest:
            said = f"Alerts wait: {waiting}. `rekindle alerts list` shows them."
            note(log, Action.ALERT, said, logging.WARNING, waiting=waiting)
        self._newest = max(self._newest, newest)
