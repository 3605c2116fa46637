"""An incident: something is out of order for the operator to mend, from when it is noticed until it is over."""

from dataclasses import dataclass
from datetime import datetime

from engine.model.words import Described


class IncidentKind(Described):
    """What may be out of order."""

    SAFETY = "safety", "Somebody's words may speak of danger."
    BREAKER = "breaker", "A transport fails and is left alone for now."
    DOUBT = "doubt", "It has not been known for long whether messages were accepted."
    QUEUE = "queue", "Messages that are due do not leave."
    ASIDE = "aside", "Something cannot be worked with and was set aside; the rest goes on."
    COMPLAINTS = "complaints", "Too many emails are marked as spam."


COMMANDS = {
    IncidentKind.SAFETY: "rekindle alerts show {about}",
    IncidentKind.BREAKER: "rekindle transports check {about}",
    IncidentKind.DOUBT: "rekindle deliveries list --status in_doubt",
    IncidentKind.QUEUE: "rekindle doctor",
    IncidentKind.ASIDE: "rekindle aside list",
    IncidentKind.COMPLAINTS: "rekindle deliveries list --status sent",
}
"""The command that looks into each kind."""


class Way(Described):
    """How the operator is told."""

    EMAIL = "email", "A message to `alerts.email`, by a transport of the engine's own."
    WEBHOOK = "webhook", "A signed POST to `alerts.webhook`."


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident. `about` is a transport's name, an alert's number, or ""; `number` is how many when it was noticed.

    Nothing of it is personal. Instants are aware, UTC; `ended_at` is None while it lasts.
    """

    id: int
    kind: IncidentKind
    about: str
    since: datetime
    number: int
    ended_at: datetime | None = None

    @property
    def command(self) -> str:
        """What to type to look into it."""
        return COMMANDS[self.kind].format(about=self.about)
