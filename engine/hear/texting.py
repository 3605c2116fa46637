"""What reacting to somebody's text needs beside a connection and their words."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from engine.hear.means import Means
from engine.model.campaign import Campaign
from engine.model.danger import Danger
from engine.render.links import Links, Purpose
from engine.render.notices import Notices
from engine.render.resources import Help
from engine.store.questions import Question
from engine.store.writers import Writer

CampaignOf = Callable[[Connection, str], Campaign]
"""The stored campaign with this digest; NotFound when there is none."""

HelpFor = Callable[[str, str | None, Danger], Help]
"""Where help is for whoever writes from this number, in this time zone if it is known, as `danger.txt` shows it."""


@dataclass(frozen=True, slots=True)
class Texting:
    """`notices` writes what is answered, `links` signs the pages it leads to."""

    means: Means
    notices: Notices
    links: Links
    campaign_of: CampaignOf
    help_for: HelpFor

    def own_page(self, writer: Writer, today: date) -> str:
        """The address of a partner's own page."""
        return self.links.at("p", self.links.sign(Purpose.PREFERENCES, writer.id, writer.epoch, today))

    def page(self, name: str, question: Question, today: date) -> str:
        """The address of a message's page: `a` to answer it, `n` to read it, `pulse` to rate the week."""
        return self.links.at(name, self.links.sign(Purpose.MESSAGE, question.delivery_id, question.epoch, today))
